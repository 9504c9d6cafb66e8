"""What is noticed goes through the one stream: the same for any number of threads, kept, replayed, and told."""

from __future__ import annotations

import io
import json

import pytest

from lab.events import Noticed, from_json, to_json
from lab.session import Session, keeping
from lab.store import Store
from lab.terminal import reporter
from lab.terminal.noticed import told
from lab.terminal.run_state import RunState

from .scenarios import small
from .test_session import until

DYING = """
title: Dying
task: classify
data: {name: spiral, points: 60}
model: [{dense: 8}, relu, {dense: classes}]
init: he
optimizer: {name: sgd, rate: 0.1, momentum: 0.9}
train: {batch: 10, steps: 60, measure: 10}
watch: [loss, accuracy, grad_norm, dead_relu]
variants: {calm: {}, hot: {optimizer.rate: 30}}
"""


def noticed(**options):
    session = Session(small(options.pop("text", DYING)), **options)
    found = []
    session.also(lambda event: found.append(event) if isinstance(event, Noticed) else None)
    session.start()
    assert session.wait(60)
    return sorted(found, key=lambda each: (each.variant, each.seed, each.step, each.detector))


def test_the_same_is_noticed_whatever_the_threads_and_the_pace():
    found = noticed(threads=1)
    assert any(each.variant == "hot" and each.detector == "dead_units" for each in found)
    assert not any(each.variant == "calm" and each.detector == "dead_units" for each in found)
    assert noticed(threads=2) == found
    assert noticed(threads=2, pictures=False) == []
    assert [from_json(json.loads(json.dumps(to_json(each)))) for each in found] == found


def test_a_lesson_chooses_what_is_noticed():
    text = DYING.replace("variants:", "show: {notice: [gradients]}\nvariants:")
    assert {each.detector for each in noticed(text=text)} <= {"gradients"}


def test_what_is_noticed_is_kept_and_forgotten_by_going_back(tmp_path):
    with Store.open(tmp_path) as store:
        session = Session(small(DYING), threads=2)
        writer = keeping.begin(session, store, pytest.fail)
        found = []
        session.also(lambda event: found.append(event) if isinstance(event, Noticed) else None)
        session.start(writer, writer.name, keep_open=True)
        until(lambda: session.finished)
        first = sorted(found, key=str)
        assert first
        found.clear()
        session.rewind()
        until(lambda: session.finished)
        assert sorted(found, key=str) == first
        session.stop()
        assert session.wait(30)
        writer.close("finished")
        kept = [each for each in store.events(writer.name) if isinstance(each, Noticed)]
        assert sorted(kept, key=str) == first


def test_several_seeds_are_told_once():
    run_state, session = RunState(), Session(small(DYING), seeds=range(4), threads=2)
    stream = io.StringIO()
    plain = reporter("plain", stream=stream)
    session.also(run_state.handle)
    session.also(plain.handle)
    session.start()
    assert session.wait(60)
    lines = [each.text for each in told(run_state) if each.detector == "dead_units" and each.variant == "hot"]
    assert len(lines) <= 3
    assert "of 4 seeds)" in lines[0]
    assert all(stream.getvalue().count(each) == 1 for each in lines)


def test_plain_lines_tell_one_seed_at_once():
    session, stream = Session(small(DYING), threads=2), io.StringIO()
    plain, found = reporter("plain", stream=stream), []
    session.also(plain.handle)
    session.also(lambda event: found.append(event) if isinstance(event, Noticed) else None)
    session.start()
    assert session.wait(60)
    assert all(f"{each.variant}, step {each.step:,}: {each.sentence}\n" in stream.getvalue() for each in found)
