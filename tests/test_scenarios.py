"""Every shipped scenario: it is complete, it starts, it measures what it promises, and its pictures can be drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lab
from lab.pictures import picture_from_json, picture_to_json
from lab.scenario import library, load
from lab.session import Session
from lab.tasks import DIVERGED, check, check_tries, task_of
from lab.tasks.stopwatch import Timed

ENTRIES = library()
STEPS = 2
SHORTEST = 100  # words of a lesson: shorter ones explain nothing, longer ones are not read
LONGEST = 330


@pytest.fixture(params=ENTRIES, ids=[entry.slug for entry in ENTRIES], scope="module")
def loaded(request):
    """A lesson. All tests of one come one after the other, as long as its data are there."""
    return load(request.param.path)


def test_slugs_are_unique_and_chapters_are_those_of_their_folders():
    assert len({entry.slug for entry in ENTRIES}) == len(ENTRIES)
    assert all(entry.chapter == entry.path.parent.name for entry in ENTRIES)


def test_where_an_answer_stands_does_not_tell_that_it_is_right():
    """Who has seen five lessons of a chapter would guess by the place."""
    chapters = {}
    for entry in ENTRIES:
        question = load(entry.path).scenario.question
        chapters.setdefault(entry.chapter, []).append(question.choices.index(question.answer))
    for chapter, places in chapters.items():
        most = max(places.count(place) for place in places)
        assert len(places) < 5 or most <= 0.65 * len(places), f"{chapter}: {places}"


def test_has_everything_a_reader_needs(loaded):
    scenario = loaded.scenario
    assert scenario.idea
    assert scenario.question is not None
    assert scenario.claims
    assert SHORTEST <= len(scenario.lesson.split()) <= LONGEST, f"{len(scenario.lesson.split())} words"
    assert 1 <= len(loaded.variants) <= 8
    assert scenario.chapter == loaded.path.parent.name
    assert scenario.try_next
    assert "Try next" not in scenario.lesson, "what is to be tried stands under `try_next`, where it can be run"
    texts = f"{scenario.idea} {scenario.lesson} {scenario.question.because}"
    assert "notes" not in texts.split(), "nobody has told the reader of any notes"
    for name in scenario.measured:
        assert f"{{{name}}}" in texts, "what is measured for the text is quoted in it"


def test_what_is_to_be_tried_next_runs(loaded):
    for each in loaded.scenario.try_next:
        changed = load(loaded.path, each.set)
        names = each.only or [variant.name for variant in changed.variants]
        concerned = [path.split(".")[1] for path in each.set if path.startswith("variants.")]
        first = next((changed.variant(name) for name in names if name in concerned), changed.variant(names[0]))
        session = Session(changed, steps=1, seeds=[0], variants=[first], pictures=False)
        session.start()
        session.wait()
        assert {outcome.state for outcome in session.ended.outcomes} == {"finished"}


@pytest.mark.verify
def test_what_is_to_be_tried_next_is_right_for_every_variant(loaded):
    check_tries(loaded)


def test_runs_a_few_steps_shows_its_pictures_and_gives_the_same_again(loaded):
    check(loaded)
    session = Session(loaded, steps=STEPS)
    pictures = []
    session.also(lambda event: pictures.append(event.picture) if event.event == "picture" else None)
    session.start()
    assert session.wait(120)
    measured = set()
    for variant in session.variants:
        names = session.history.metrics(variant.name)
        assert names, f"{variant.name} measured nothing"
        measured |= {f"{variant.name}.{name}" for name in names}
    for claim in loaded.scenario.claims:
        for curve in claim.expression.names():
            known = curve.metric == DIVERGED or f"{curve.variant}.{curve.full_metric}" in measured
            assert known or loaded.scenario.task in BEGINS_LATER
    named = {name for each in loaded.variants for name in task_of(each.scenario).picture_names(each.scenario)}
    assert {each.name for each in pictures} <= named, "a picture has no name by which `show` could speak of it"
    for picture in pictures:
        text = json.dumps(picture_to_json(picture), allow_nan=False)
        assert picture_to_json(picture_from_json(json.loads(text))) == json.loads(text)
    from lab.terminal.pictures import render

    for picture in pictures:
        lines = render(picture, 60, 15)
        assert len(lines) <= 15
        assert all(line.cell_len <= 60 for line in lines)
    _gives_the_same_again(session)


def test_is_measured_on_the_way_as_it_is_otherwise(loaded):
    for variant in loaded.variants:
        experiment = task_of(variant.scenario).build(variant.scenario, 0, loaded.folder)
        if not experiment.measures_on_the_way:
            continue
        experiment.prepare()
        measured = experiment.advance(1, measure_every=1)
        if experiment.diverged():
            continue
        assert [step for step, _ in measured] == [1]
        np.testing.assert_equal(experiment.measure(), measured[0][1])


def _gives_the_same_again(session):
    """Another run, without pictures, of one seed of one variant alone, measures the same and comes to the same weights,
    to the bit."""
    loaded, seed = session.loaded, session.seeds[-1]
    variant = session.variants[-1]
    again = lab.run(loaded, variants=[variant.name], seeds=[seed], steps=STEPS)
    timed = loaded.scenario.task in MEASURES_TIME
    meanings = task_of(variant.scenario).metrics
    metrics = session.history.metrics(variant.name)
    assert sorted(metrics) == sorted(again.history.metrics(variant.name))
    for metric in metrics:
        steps, values = session.history.curve(variant.name, seed, metric)
        steps_again, values_again = again.curve(variant.name, metric, seed)
        assert steps.tolist() == steps_again.tolist()
        assert len(values)
        if timed or isinstance(meanings.get(metric), Timed):
            assert (values >= 0).all()
            assert (values_again >= 0).all()
        else:
            np.testing.assert_array_equal(values, values_again)
    before, after = session.weights()[variant.name][seed], again.weights[variant.name][seed]
    assert before.keys() == after.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name])


MEASURES_TIME = {"timing"}
"""Tasks whose numbers are times on this machine."""

BEGINS_LATER = {"average", "snapshots"}
"""Tasks with metrics that begin after more than a few steps; that there are such metrics is what `check` looks at."""
