"""Unrolled steps: one block of rows for all of them, however many there are, and the same bits as written out."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.arithmetic import add
from kernels.plan import Loop, Repeat, Row
from kernels.repeats import folded, moved, repeats_in
from lab.graph import Layout, Storage, assign, constant, planner
from lab.graph import functions as f
from lab.graph.running import bind
from tests.graph.unrolled import BATCH, UNITS, Unrolled, written_out


def unfolded(rows) -> list[Row]:
    found: list[Row] = []
    for each in rows:
        if isinstance(each, Loop):
            for turn in range(each.count):
                found += [moved(row, moves, turn) for row, moves in zip(each.rows, each.strides, strict=True)]
        else:
            found.append(each)
    return found


def what(rows) -> list[tuple]:
    return [(row.kernel.name, row.operands, row.extents, row.integers) for row in rows]


@pytest.mark.parametrize("gradient", [False, True], ids=["forward", "with gradients"])
def test_more_steps_take_no_more_rows(gradient):
    counts = {}
    for steps in (2, 8, 20, 50):
        plan = Unrolled(steps, gradient).plan
        for rows, repeats in ((plan.rows, plan.repeats), (plan.shortest, plan.shortest_repeats)):
            short = folded(rows, repeats)
            assert what(unfolded(short)) == what(rows)
            counts.setdefault(steps, []).append(sum(len(each.rows) if isinstance(each, Loop) else 1 for each in short))
    assert counts[8] == counts[20] == counts[50]
    assert counts[50][0] <= 2 * counts[2][0]


@pytest.mark.parametrize("target", ["cpu", "python"])
def test_bits_are_those_of_rows_written_out(target):
    made = Unrolled(9)
    assert made.plan.repeats
    np.testing.assert_array_equal(made.run(made.plan, target), made.run(written_out(made.plan), target))


@pytest.mark.parametrize("gradient", [False, True], ids=["forward", "with gradients"])
def test_bits_are_those_of_a_layout_that_knows_no_repeats(gradient, monkeypatch):
    here = Unrolled(9, gradient)
    monkeypatch.setattr(planner, "rounds_of", lambda program: [])
    there = Unrolled(9, gradient)
    assert here.plan.repeats
    assert not there.plan.repeats
    np.testing.assert_array_equal(here.run(here.plan), there.run(there.plan))


def test_sums_over_steps_stand_where_they_are_added_to():
    """Gradients of the weights and the parts that are written do not take memory for each step."""
    sizes = {steps: Unrolled(steps).layout.temporaries["step"][0] for steps in (20, 40)}
    per_step = (sizes[40] - sizes[20]) / 20
    assert per_step < 12 * BATCH * UNITS + 8 * 16  # nothing as large as the whole, of which there is one for each step


def test_rows_of_one_step_run_alone_where_people_look_at_them():
    made = Unrolled(5)
    alone, whole = made.memory(), made.memory()
    program = bind(made.plan, alone)
    for index in range(len(made.plan.rows)):
        program.run_row(index)
    bind(made.plan, whole).run()
    stored = slice(made.plan.stored)  # temporaries of a whole walk are nowhere afterwards
    np.testing.assert_array_equal(whole.arena[stored], alone.arena[stored])


def test_deep_networks_and_independent_calls_are_no_rounds():
    x = Storage("parameters").member("x", (16,))
    separate = [f.negate(x) for _ in range(6)]
    total = separate[0]
    for each in separate[1:]:
        total = f.add(total, each)
    weights = Storage("parameters")
    h = constant(np.ones((2, 4)))
    for layer in range(6):
        h = f.tanh(f.matmul(h, weights.member(f"w{layer}", (4, 4))))
    kept = Storage("statistics")
    layout = Layout({"all": [assign(total, kept.member("a", (16,))), assign(h, kept.member("b", (2, 4)))]})
    assert not layout.plans["all"].repeats


def rows(*offsets: int) -> list[Row]:
    return [Row(add, ((0, each), (0, 0), (0, each + 16)), (16,), ()) for each in offsets]


def test_rows_must_move_evenly_to_be_one():
    assert repeats_in(rows(0, 16, 32, 48), 0, 1, 4) == Repeat(0, 1, 4)
    assert repeats_in(rows(0, 16, 32, 64, 96, 128, 160), 0, 1, 7) == Repeat(2, 1, 5)
    assert repeats_in(rows(0, 5, 16, 9, 32, 13, 48), 0, 2, 7) == Repeat(0, 2, 3)
    assert repeats_in(rows(0, 16, 48, 144), 0, 1, 4) is None
    assert repeats_in(rows(0, 16), 0, 1, 2) is None
