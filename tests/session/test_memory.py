"""Replicas that nobody needs any more give their memory back at once."""

from __future__ import annotations

import gc
import weakref

import pytest

from lab.scenario import library, load
from lab.session import Session

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
