"""Taking turns: in the steps between them, the rows of who is not trained are left out."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.arithmetic import add
from kernels.turns import take_turns
from lab.graph import Layout, Storage, constant
from lab.graph.running import bind, prepare
from lab.graph.scopes import skippable_block
from lab.graph.tensor import call


@pytest.mark.parametrize(("late", "every", "expected"), [
    (0, 1, [1, 2, 3, 4, 5, 6]), (0, 3, [0, 0, 1, 1, 1, 2]), (2, 1, [0, 0, 1, 2, 3, 4]), (1, 2, [0, 0, 1, 1, 2, 2]),
])  # fmt: skip
def test_what_stands_in_the_block_is_done_in_its_turns_only(late, every, expected):
    states = Storage("states")
    turns, count, steps = (states.member(name, (1,)) for name in ("turns", "count", "steps"))
    turn = call(take_turns, constant(late), constant(every), updates=[turns], rows=0)
    with skippable_block() as turn.skips:
        inside = call(add, count, constant(1.0)).result
        inside.target = count
    outside = call(add, steps, constant(1.0)).result
    outside.target = steps
    layout = Layout({"step": [turn, inside, outside]})
    prepare(layout.plans["step"].kernels)
    memory = layout.memory(layout.shared_memory("float64"), 0)
    program, found = bind(layout.plans["step"], memory), []
    for _ in expected:
        program.run(1)
        found.append([float(layout.view(memory, each)[0]) for each in (turns, count)])
    np.testing.assert_array_equal(found, [[each, each] for each in expected])
    assert layout.view(memory, steps)[0] == len(expected)
