"""Replicas that nobody needs any more give their memory back at once."""

from __future__ import annotations

import gc
import sys
import time
import weakref

import numpy as np
import pytest

from lab.events import Measured
from lab.scenario import library, load
from lab.session import Session
from lab.session.scheduler import Scheduler
from tests.session.scenarios import small

WHERE_REPLICAS_BEGIN = sys.modules[Scheduler.__module__]

SLUGS = ["dead-relu", "duplicated-data", "dropout", "ensemble", "k-fold", "newton", "polyak", "snapshot-ensemble"]


@pytest.mark.parametrize("slug", SLUGS)
def test_no_replica_waits_for_the_collector_of_cycles(slug):
    entry = next(each for each in library() if each.slug == slug)
    session = Session(load(entry.path), seeds=[0], steps=1, pictures=False)
    session.start()
    assert session.wait(120)
    gc.collect()
    gc.disable()
    try:
        experiments = [weakref.ref(each.experiment) for each in session.replicas]
        del session
        assert [each() for each in experiments] == [None] * len(experiments)
    finally:
        gc.enable()


def test_what_is_over_keeps_weights_and_outcome_only_where_nobody_goes_back_to_it():
    ends = {}
    for let_go in (False, True):
        session = Session(small(), seeds=range(3), pictures=False)
        session.start(let_go=let_go)
        assert session.wait(120)
        ends[let_go] = session
        assert {each.experiment.layout is None for each in session.replicas} == {let_go}
    kept, gone = ends[False], ends[True]
    for variant, seeds in kept.weights().items():
        for seed, weights in seeds.items():
            for name, values in weights.items():
                np.testing.assert_array_equal(gone.weights()[variant][seed][name], values)
    assert gone.kept_to_predict().keys() == kept.kept_to_predict().keys()
    assert [(each.steps, each.state) for each in gone.ended.outcomes] == [
        (each.steps, each.state) for each in kept.ended.outcomes
    ]
    assert not any(each.checkpoints.steps for each in gone.replicas)


def test_only_so_many_replicas_take_memory_at_the_same_time(monkeypatch):
    monkeypatch.setattr(WHERE_REPLICAS_BEGIN, "MOST_BEGUN", 3)
    monkeypatch.setattr(WHERE_REPLICAS_BEGIN, "SLICE", 0.0)
    session = Session(small(), seeds=range(8), pictures=False, threads=1)
    begun = []
    session.also(
        lambda event: (
            begun.append(sum(each.experiment is not None and not each.over for each in session.replicas))
            if isinstance(event, Measured)
            else None
        )
    )
    session.start(let_go=True)
    assert session.wait(120)
    assert max(begun) == 3
    assert all(each.state == "finished" for each in session.replicas)


def test_a_session_that_is_kept_open_begins_all_of_its_replicas(monkeypatch):
    """Paced replicas wait for each other, and a change is for all."""
    monkeypatch.setattr(WHERE_REPLICAS_BEGIN, "MOST_BEGUN", 3)
    session = Session(small(), variants=["calm"], seeds=range(6), pictures=False)
    session.pace(0.5)
    session.start(keep_open=True)
    deadline = time.monotonic() + 60
    while not session.finished and time.monotonic() < deadline:
        time.sleep(0.02)
    finished = session.finished
    session.stop()
    assert session.wait(60)
    assert finished
