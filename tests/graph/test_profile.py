"""Timing the rows of a plan: what is counted, and that nothing is disturbed. No assertion on how long it takes."""

import numpy as np
import pytest

from kernels.plan import STEP
from lab.graph.profile import profile
from lab.scenario import load
from lab.tasks import task_of


@pytest.fixture(scope="module")
def trained():
    scenario = load("dead-relu").variants[0].scenario
    experiment = task_of(scenario).build(scenario, 0, None)
    experiment.prepare()
    experiment.advance(3)
    return experiment


def test_every_row_is_timed_and_the_memory_stays_as_it_is(trained):
    before, state = trained.memory.arena.copy(), trained.memory.state.copy()
    plan = trained.layout.plans["step"]
    found = profile(plan, trained.memory, rounds=1, turn=1e-5)
    np.testing.assert_array_equal(trained.memory.arena, before)
    np.testing.assert_array_equal(trained.memory.state, state)
    assert trained.memory.state[STEP] == 3
    assert [each.row for each in found.rows] == list(plan.rows)
    assert all(each.seconds > 0 for each in found.rows)
    assert found.operations == plan.operations == sum(each.operations for each in found.rows)


def test_a_diverged_network_can_be_timed_too(trained):
    plan = trained.layout.plans["step"]
    kept = trained.state()
    trained.memory.arena[: trained.layout.kept] = np.nan
    found = profile(plan, trained.memory, rounds=1, turn=1e-5)
    trained.restore(kept)
    assert found.seconds > 0
