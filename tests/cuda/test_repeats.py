"""Loops of a plan on a GPU: by the interpreter, by code made for the plan, and by the whole GPU."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.jobs import ReplicaPrograms
from kernels.targets.cuda import interpreter_kernels
from kernels.targets.cuda.grid_launches import CapturedPlan
from kernels.targets.cuda.launch_configuration import analysis_of
from kernels.targets.cuda.row_table import table, width
from kernels.targets.cuda.specialized_source import SpecializedPlan, SpecializedSource
from lab.graph.devices import on, settle
from lab.graph.running import specialize
from tests.cuda.ptx_gpu import machine
from tests.graph.unrolled import Unrolled, written_out
from tests.ptx_machine.block import shuffled

pytestmark = pytest.mark.cuda


def on_a_gpu(made, plan, mode, specialized):
    with machine(shuffled(1)), on("cuda:0", mode, 1, specialized):
        memory = made.memory()
        settle(memory, plan)
        if specialized:
            specialize([ReplicaPrograms(plan)], 1, "cuda:0")
            refused = AssertionError("it is interpreted")
            with mock.patch.object(interpreter_kernels, "InterpreterKernel", side_effect=refused):
                return made.run(plan, memory=memory)
        return made.run(plan, memory=memory)


@pytest.mark.parametrize(
    ("mode", "specialized"), [("block", False), ("block", True), ("grid", False)], ids=["rows", "code", "grid"]
)
def test_bits_are_those_of_rows_written_out(mode, specialized):
    made = Unrolled(6)
    assert made.plan.shortest_repeats
    found = on_a_gpu(made, made.plan, mode, specialized)
    np.testing.assert_allclose(found, made.run(made.plan), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found, on_a_gpu(made, written_out(made.plan), mode, specialized))


def test_more_steps_take_no_more_rows_and_no_more_code():
    lines, code = set(), set()
    for steps in (8, 20, 50):
        rows = analysis_of(Unrolled(steps).plan).folded
        lines.add(len(table(rows, width(list(analysis_of(Unrolled(steps).plan).kernels)) + 20, lambda kernel: 0)))
        code.add(len(SpecializedSource("float32", 64).lines(SpecializedPlan(rows, ()))))
    assert len(lines) == len(code) == 1


def launches_recorded(steps: int) -> int:
    made = Unrolled(steps)
    with machine() as gpu, on("cuda:0", "grid"):
        memory = made.memory()
        settle(memory, made.plan)
        memory.update_device()

        def captured(launches):
            launches()
            return launches

        with mock.patch.object(gpu, "captured", side_effect=captured):
            CapturedPlan(made.plan, memory)
    return len(gpu.shapes)


def test_more_steps_take_no_more_launches_recorded_for_the_whole_gpu():
    assert launches_recorded(8) == launches_recorded(20)
