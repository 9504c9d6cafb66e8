"""A fault that is planted in a network that learns is named, and nothing is named in one that learns."""

import math
from pathlib import Path

import numpy as np
import pytest

from lab.diagnosis import Outcome, Treatment, diagnose
from lab.diagnosis.case import case_of
from lab.diagnosis.diagnosis import helps, simplest
from lab.diagnosis.symptoms import of_data
from lab.diagnosis.treatment import merged
from lab.diagnosis.trials import Trials
from lab.errors import BadInput
from lab.scenario.loading import load_text

HEALTHY = """
title: healthy
task: classify
data: {name: moons, points: 200, noise: 0.1}
model: [{dense: 16}, relu, {dense: 16}, relu, {dense: classes}]
init: he
optimizer: {name: sgd, rate: 0.1, momentum: 0.9}
train: {batch: 32, steps: 300, measure: 20}
watch: [loss]
"""


def diagnosed(changes=None, text=HEALTHY, seeds=(0, 1), **given):
    return diagnose(load_text(text, Path("healthy.yaml"), changes), seeds=seeds, **given)


def test_in_a_network_that_learns_nothing_is_found():
    found = diagnosed()
    assert found.before.typical < 0.05
    assert found.found == []
    assert found.rounds == ()
    assert found.case.holds_back  # a quarter, though the file holds nothing back


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"optimizer.rate": 30}, "the learning rate, 30, is too high"),
        ({"optimizer.rate": 1e-5}, "the learning rate, 1e-05, is too low"),
        ({"init": "zero"}, "the weights begin badly"),
        ({"optimizer.l2": 1}, "the penalty on weights is too strong"),
        (
            {"model": [{"dense": 16}, {"dense": 16}, {"dense": "classes"}]},
            "without an activation all layers together are one linear layer",
        ),
    ],
)
def test_a_planted_fault_is_named_first_and_mended(fault, named):
    found = diagnosed(fault)
    assert found.found[0].fault == named
    assert found.last.typical < 0.7 * found.before.typical
    assert found.last.typical_new < found.before.typical_new
    assert found.symptoms


def test_two_faults_are_found_one_after_the_other():
    found = diagnosed({"optimizer.rate": 1e-4, "optimizer.l2": 0.5})
    assert {"the learning rate, 0.0001, is too low", "the penalty on weights is too strong"} <= set(
        " and ".join(found.faults).split(", and ")
    ) | set(found.faults)
    assert found.last.typical < 0.2


def test_answers_that_are_drawn_at_random_are_no_fault_of_the_network(tmp_path):
    # By heart they could be learned: a larger network, or more steps, would bring the loss down, and help nobody.
    rng = np.random.default_rng(7)
    rows = [f"{x:.3f},{y:.3f},{'ab'[int(rng.integers(0, 2))]}" for x, y in rng.normal(size=(150, 2))]
    (tmp_path / "noise.csv").write_text("x,y,c\n" + "\n".join(rows) + "\n")
    path = tmp_path / "noise.yaml"
    text = HEALTHY.replace("{name: moons, points: 200, noise: 0.1}", "{csv: noise.csv, target: c, validation: 0.3}")
    found = diagnose(load_text(text, path), seeds=(0, 1))
    assert found.before.typical > 0.3
    assert found.found == []


def test_columns_in_other_units_are_named(tmp_path):
    rng = np.random.default_rng(3)
    rows = [f"{x:.4f},{5000 * y:.1f},{'no' if x * y > 0 else 'yes'}" for x, y in rng.uniform(-1, 1, (240, 2))]
    (tmp_path / "units.csv").write_text("metres,grams,c\n" + "\n".join(rows) + "\n")
    text = HEALTHY.replace("{name: moons, points: 200, noise: 0.1}", "{csv: units.csv, target: c}")
    loaded = load_text(text, tmp_path / "units.yaml")
    assert any("grams varies" in each for each in of_data(case_of(loaded)))
    found = diagnose(loaded, seeds=(0, 1))
    assert found.found[0].kind == "input_scale"


def test_overfitting_is_told_apart_from_not_learning():
    text = HEALTHY.replace("points: 200, noise: 0.1", "points: 60, noise: 0.45, validation: 0.5")
    found = diagnosed({"train.steps": 2500, "train.batch": 15}, text)
    assert found.before.typical < 0.05
    assert found.rounds == ()
    assert found.generalising is not None
    assert found.before.typical_new > found.before.typical + 0.1


def test_numbers_are_measured_by_what_of_their_spread_is_left():
    text = (
        "title: line\ntask: regress\ndata: {name: curve, points: 120, noise: 0.05}\n"
        "model: [{dense: 16}, tanh, {dense: outputs}]\ninit: xavier\n"
        "optimizer: {name: sgd, rate: 0.00001}\ntrain: {batch: 30, steps: 300, measure: 20}\nwatch: [loss]\n"
    )
    found = diagnosed(text=text)
    assert 0.5 < found.before.typical < 3
    assert found.found[0].kind == "learning_rate"


def test_what_is_said_to_stop_stops_and_keeps_what_is_known():
    told = []

    def progress(now):
        told.append(now)
        return "changes" not in now.doing

    found = diagnosed({"init": "zero"}, progress=progress)
    assert not found.complete
    assert found.before.typical == pytest.approx(1, abs=0.05)
    assert found.rounds == ()
    assert all(0 <= each.done <= each.total for each in told)


def test_it_can_be_stopped_while_the_network_is_looked_at():
    found = diagnosed({"train.steps": 5_000_000}, progress=lambda now: False)  # minutes, if it went on
    assert not found.complete
    assert math.isnan(found.before.typical)


def test_only_classifying_and_regressing_can_be_diagnosed():
    with pytest.raises(BadInput, match=r"its task is gates, and only classify and regress can"):
        diagnose(load_text("title: g\ntask: gates\ntrain: {steps: 3}\n", Path("g.yaml")))


def test_a_change_helps_only_if_it_does_on_every_seed_and_new_examples_do_not_suffer():
    before = Outcome(None, (1.0, 0.9), (1.0, 1.0))
    assert helps(Outcome(None, (0.5, 0.5), (0.9, 0.9)), before)
    assert not helps(Outcome(None, (0.1, 0.8), (0.5, 0.5)), before)
    assert not helps(Outcome(None, (0.1, 0.1), (1.5, 1.2)), before)
    assert helps(Outcome(None, (0.5, 0.5)), Outcome(None, (math.inf, math.inf)))
    assert not helps(Outcome(None, (math.inf, 0.5)), before)


def test_of_changes_that_help_alike_the_smallest_is_named():
    def outcome(name, order, left):
        return Outcome(Treatment(name, name, name, {}, order=order), (left,))

    small, large, best = outcome("small", 1, 0.05), outcome("large", 7, 0.04), outcome("best", 7, 0.001)
    assert simplest([large, small]) is small
    assert simplest([outcome("small", 1, 0.5), best]) is best
    assert simplest([]) is None


def test_what_is_changed_again_is_changed_last():
    changes = merged([{"optimizer.rate": 1}, {"optimizer": {"name": "adam"}}, {"optimizer.rate": 2}])
    assert list(changes.items()) == [("optimizer", {"name": "adam"}), ("optimizer.rate", 2)]


def test_what_is_tried_on_top_of_a_change_is_what_is_trained():
    case = case_of(load_text(HEALTHY, Path("healthy.yaml"), {"optimizer.rate": 1e-5}))
    before = {"optimizer.rate": 1e-5, "optimizer": {"name": "adam", "rate": 1e-5}}
    trials = Trials(case, (0,))
    (faster,) = trials.run(before, [Treatment("faster", "", "", {"optimizer.rate": 0.01})], "")
    assert faster.typical < 0.1 < trials.as_it_is(before, "").typical
