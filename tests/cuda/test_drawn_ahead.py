"""What is done for several steps at once, and that each step finds in it what it would have computed itself."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.batches import choose_batch, gather_rows
from kernels.jobs import Job, ReplicaPrograms
from kernels.optimizers import adam
from kernels.plan import ARENA, SHARED, Loop, Plan, Row
from kernels.relu import relu
from kernels.targets.cuda.drawn_ahead import ADAM_CORRECTED, CORRECTIONS, TABLE, drawn_ahead
from lab.graph.devices import new_memory, on, settle
from lab.graph.running import run_jobs, specialize
from tests.cuda.ptx_gpu import machine
from tests.ptx_machine.block import shuffled

pytestmark = pytest.mark.cuda
N, D, B = 23, 2, 5
NUMBERS, PARAMETERS, FIRST, SECOND, STORED, CHOSEN, ROWS, ELSEWHERE = 0, 64, 80, 96, 112, 112, 128, 144
RATE, BETA_1, BETA_2, EPSILON = ((ARENA, NUMBERS + 16 * index) for index in range(4))


def draw(batch: int = B) -> Row:
    return Row(choose_batch, ((ARENA, CHOSEN),), (batch,), (N, 3, 1))


def gather(batch: int = B, rows: int = ROWS) -> Row:
    return Row(gather_rows, ((SHARED, 0), (ARENA, CHOSEN), (ARENA, rows)), (N, D, batch), ())


def update(corrected: int = 1) -> Row:
    """With the examples of the batch as a gradient."""
    changed = ((ARENA, PARAMETERS), (ARENA, FIRST), (ARENA, SECOND))
    return Row(adam, ((ARENA, ROWS), RATE, BETA_1, BETA_2, EPSILON, *changed), (B * D,), (corrected,))


def relu_row(x: int, y: int, size: int = B) -> Row:
    return Row(relu, ((ARENA, x), (ARENA, y)), (size,), ())


STEP = (draw(), gather(), update())


def test_batches_and_corrections_are_for_several_steps():
    ahead, left = drawn_ahead(STEP, STORED)
    assert [(each.kernel, each.extents) for each in ahead.rows] == [(choose_batch, (16 * B,)), (CORRECTIONS, (16,))]
    assert [each.operands[-1] for each in ahead.rows] == [(TABLE, 0), (TABLE, 80)]
    assert (ahead.steps, ahead.size) == (16, 80 + 32)
    assert [each.kernel for each in left] == [gather_rows, ADAM_CORRECTED]
    assert left[0].operands[1] == (TABLE, 0)
    assert left[1].operands[5] == (TABLE, 80)


def test_large_batches_are_for_fewer_steps_or_for_each():
    ahead, _ = drawn_ahead((draw(100), gather(100, 1024)), STORED)
    assert (ahead.steps, ahead.size) == (4, 400)
    rows = (draw(200), gather(200, 1024))
    assert drawn_ahead(rows, STORED)[1] == rows


@pytest.mark.parametrize(
    ("rows", "stored"),
    [
        pytest.param(STEP[:2], None, id="not a training step"),
        pytest.param(STEP[:2], STORED + 16, id="the batch is somebody's"),
        pytest.param((draw(), relu_row(CHOSEN, ELSEWHERE, B - 1)), STORED, id="a part is read"),
        pytest.param((draw(), relu_row(CHOSEN - 1, ELSEWHERE, B + 1)), STORED, id="more is read"),
        pytest.param((draw(), relu_row(CHOSEN, CHOSEN)), STORED, id="it is changed"),
        pytest.param((update(0),), STORED, id="without corrections"),
        pytest.param((relu_row(ELSEWHERE, BETA_1[1], 1), update()), STORED, id="the share that is kept changes"),
    ],
)
def test_where_that_would_be_something_else_each_step_does_it(rows, stored):
    ahead, left = drawn_ahead(rows, stored)
    assert not ahead.rows
    assert left == rows


def test_what_comes_to_stand_in_its_place_is_left_there():
    rows = (draw(), gather(), relu_row(ELSEWHERE, CHOSEN), relu_row(CHOSEN, ELSEWHERE + 16))
    _, left = drawn_ahead(rows, STORED)
    assert left == (drawn_ahead(rows[:2], STORED)[1][0], *rows[2:])


def test_it_is_read_in_all_rounds_of_a_loop():
    loop = Loop((gather(),), ((0, 0, 16),), 3)
    _, (found,) = drawn_ahead((draw(), loop), STORED)
    assert found.rows[0].operands == ((SHARED, 0), (TABLE, 0), (ARENA, ROWS))


def trained(stored: int | None) -> np.ndarray:
    """The arena after launches of a few steps, which begin and end somewhere in the blocks of 16."""
    plan = Plan(STEP, 192, N * D, stored=stored)
    data = np.random.default_rng(3).normal(0, 1, N * D).astype(np.float32)
    with machine(shuffled(3)), on("cuda:0", "block", specialized=True):
        memory = new_memory(plan.arena, data, 7)
        settle(memory, plan)
        for (_, place), number in zip((RATE, BETA_1, BETA_2, EPSILON), (0.1, 0.9, 0.999, 1e-8), strict=True):
            memory.arena[place] = number
        programs = ReplicaPrograms(plan, kept=STORED)
        specialize([programs], 1, "cuda:0")
        for steps in (3, 1, 30, 14, 2):
            run_jobs([Job(memory, programs, steps)])
        return memory.arena[:STORED].copy()


def test_it_makes_no_difference_to_the_bits_wherever_a_launch_begins():
    found = trained(STORED)
    assert np.abs(found[PARAMETERS : PARAMETERS + B * D]).min() > 0
    np.testing.assert_array_equal(found, trained(None))
