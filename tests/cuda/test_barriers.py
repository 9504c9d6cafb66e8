"""Where threads meet between rows, and which rows code made for a plan joins."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.batches import gather_rows
from kernels.jobs import Job, ReplicaPrograms
from kernels.metrics import halt_if_not_finite
from kernels.plan import ARENA, HALT, SHARED, Plan, Row
from kernels.relu import relu
from kernels.softmax import softmax_cross_entropy, softmax_cross_entropy_gradient
from kernels.targets.cuda.barriers import Meetings, needed_in_loop
from kernels.targets.cuda.launch_configuration import analysis_of
from kernels.targets.cuda.loss_rows import LOSS_AND_GRADIENT, with_losses_joined
from lab.graph.devices import new_memory, on, settle
from lab.graph.running import run_jobs, specialize
from tests.cuda.ptx_gpu import machine
from tests.ptx_machine.block import shuffled

pytestmark = pytest.mark.cuda
N = 16


def relu_row(x: int, y: int, segment: int = ARENA) -> Row:
    return Row(relu, ((segment, x), (ARENA, y)), (N,), ())


def barriers(*rows: Row) -> list[bool]:
    meetings = Meetings()
    return [meetings.needed_before(each) for each in rows]


@pytest.mark.parametrize(
    ("first", "second", "needed"),
    [
        pytest.param((0, 16), (16, 32), True, id="reads what was written"),
        pytest.param((0, 16), (32, 0), True, id="writes what was read"),
        pytest.param((0, 16), (32, 16), True, id="writes it again"),
        pytest.param((0, 16), (0, 32), False, id="reads the same"),
        pytest.param((0, 16), (31, 64), True, id="reads the last number"),
        pytest.param((0, 16), (32, 64), False, id="reads what stands behind"),
    ],
)
def test_threads_meet_where_one_needs_what_another_has_done(first, second, needed):
    assert barriers(relu_row(*first), relu_row(*second)) == [False, needed]


def test_what_was_touched_before_a_barrier_needs_no_other():
    assert barriers(relu_row(0, 16), relu_row(16, 32), relu_row(0, 48), relu_row(48, 0)) == [False, True, False, True]


def test_data_that_nobody_writes_is_in_nobodys_way():
    rows = [Row(gather_rows, ((SHARED, 0), (ARENA, 64), (ARENA, to)), (N, 2, 8), ()) for to in (0, 16)]
    assert barriers(*rows) == [False, False]


def test_rows_of_a_loop_may_get_in_each_others_way_in_a_later_round():
    """The first row moves on by its length: in the third round it writes what the second one reads."""
    rows = [relu_row(0, 64), relu_row(64 + 2 * N, 256)]
    assert needed_in_loop(rows, [(0, N), (0, 0)], 2) == [False, False]
    assert needed_in_loop(rows, [(0, N), (0, 0)], 3) == [False, True]


B, C = 70, 3
LOGITS, LABELS, PROBABILITIES, ONE, LOSS, FLAG, ELSEWHERE = 0, 220, 300, 520, 528, 536, 600


def loss_rows(d_logits: int = LOGITS) -> list[Row]:
    logits, labels, probabilities, one, loss = ((ARENA, at) for at in (LOGITS, LABELS, PROBABILITIES, ONE, LOSS))
    return [
        Row(softmax_cross_entropy, (logits, labels, loss, probabilities), (B, C), ()),
        Row(halt_if_not_finite, (loss, (ARENA, FLAG)), (1,), ()),
        Row(softmax_cross_entropy_gradient, (probabilities, labels, one, (ARENA, d_logits)), (B, C), ()),
    ]


@pytest.mark.parametrize("d_logits", [LOGITS, ELSEWHERE], ids=["in place", "elsewhere"])
@pytest.mark.parametrize("broken", [False, True], ids=["finite", "not finite"])
def test_a_loss_and_its_gradient_are_one_row(d_logits, broken):
    plan = Plan(tuple(loss_rows(d_logits)), 900, 1)
    joined = analysis_of(plan).specialized
    assert [each.kernel.name for each in joined] == [LOSS_AND_GRADIENT.name, "halt_if_not_finite"]
    random = np.random.default_rng(0)
    logits, labels = random.normal(0, 3, (B, C)).astype(np.float32), random.integers(0, C, B)
    logits[3, 1] = np.inf if broken else logits[3, 1]
    with machine(shuffled(2)), on("cuda:0", "block", specialized=True):
        memory = new_memory(plan.arena, np.zeros(1, np.float32), 0)
        settle(memory, plan)
        memory.arena[LOGITS : LOGITS + B * C] = logits.ravel()
        memory.arena[LABELS : LABELS + B] = labels
        memory.arena[ONE] = 1
        programs = ReplicaPrograms(plan)
        specialize([programs], 1, "cuda:0")
        run_jobs([Job(memory, programs, 1)])
        found = memory.arena.copy()
    assert memory.state[HALT] == found[FLAG] == broken
    if not broken:
        mass = np.exp(logits.astype(np.float64))
        right = mass / mass.sum(axis=1, keepdims=True)
        every = np.arange(B)
        assert found[LOSS] == pytest.approx(-np.log(right[every, labels]).mean(), rel=1e-5)
        right[every, labels] -= 1
        np.testing.assert_allclose(found[d_logits:][: B * C].reshape(B, C), right / B, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(loss_rows(LOGITS + 1), id="the gradient would overwrite logits"),
        pytest.param(loss_rows(LOSS - 2), id="or the loss"),
        pytest.param([*loss_rows()[:2], relu_row(0, 640), loss_rows()[2]], id="too much in between"),
        pytest.param([loss_rows()[0], relu_row(LOGITS, 640), loss_rows()[2]], id="somebody still reads the logits"),
        pytest.param([loss_rows()[0], relu_row(640, PROBABILITIES), loss_rows()[2]], id="or changes the softmax"),
    ],
)
def test_where_that_would_be_something_else_they_stay_apart(rows):
    assert with_losses_joined(rows) == tuple(rows)
