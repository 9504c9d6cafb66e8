"""Temporaries on the CPU: all programs of a thread have one place for them, and results do not depend on it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from kernels.targets import cpu
from lab.graph import Layout, Storage, assign
from lab.graph import functions as f
from lab.graph.running import bind

UNITS = 300


def replica(seed):
    """A program with temporaries: what it is fed, how it runs, what it gives."""
    inputs, outputs = Storage("states"), Storage("statistics")
    x, w = inputs.member("x", (40, UNITS)), inputs.member("w", (UNITS, UNITS))
    result = f.mean(f.relu(f.matmul(f.relu(f.matmul(x, w)), w)))
    layout = Layout({"step": [assign(result, outputs.member("result", result.shape))]})
    memory = layout.memory(layout.shared_memory("float32"), seed)
    random = np.random.default_rng(seed)
    for tensor in (x, w):
        layout.view(memory, tensor)[...] = random.standard_normal(tensor.shape, np.float32)
    return layout, memory, bind(layout.plans["step"], memory), outputs.members["result"]


def answer(made):
    layout, memory, program, result = made
    program.run()
    return layout.view(memory, result).copy()


def test_replicas_of_a_thread_share_the_place_of_their_temporaries():
    made = [replica(seed) for seed in range(3)]
    first = [answer(each) for each in made]
    assert len({float(each[0]) for each in first}) == 3
    for layout, memory, program, _ in made:
        assert layout.arena > program.plan.stored
        assert not memory.arena[program.plan.stored :].any()  # nothing was put there
    scratch = cpu.scratch_of_thread(1, "float32")
    scratch[:] = np.nan  # nobody reads what another one has left
    assert [answer(each).tobytes() for each in made] == [each.tobytes() for each in first]


def test_the_same_bits_in_whatever_thread_it_goes_on():
    made = replica(0)
    found = [answer(made)]
    for _ in range(2):
        thread = threading.Thread(target=lambda: found.append(answer(made)))
        thread.start()
        thread.join()
        found.append(answer(made))
    assert len({each.tobytes() for each in found}) == 1


def test_a_larger_program_takes_the_place_of_a_smaller_one():
    small = replica(0)
    before = answer(small)
    cpu.scratch_of_thread(10 * (small[0].arena + 1), "float32")
    assert answer(small).tobytes() == before.tobytes()


def test_row_by_row_temporaries_stand_in_the_arena_to_be_looked_at():
    layout, memory, program, result = replica(0)
    whole = answer((layout, memory, program, result))
    for index in range(len(program.plan.rows)):
        program.run_row(index)
    assert memory.arena[program.plan.stored :].any()
    assert layout.view(memory, result) == pytest.approx(whole, rel=1e-5)
    assert answer((layout, memory, program, result)).tobytes() == whole.tobytes()
