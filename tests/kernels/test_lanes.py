"""Kernels give the same with several lanes, as on a GPU: one writer per element, barriers where lanes meet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from kernels.lanes import lane_max, lane_sum, sync
from kernels.language import Device, Kernel, specialise
from kernels.plan import STATE_SIZE, STEP
from kernels.targets.python import CheckedArray
from tests.kernels.cases import all_cases
from tests.kernels.running import all_kernels, shape_of

OWN_VERSION_ON_A_GPU = {
    "matmul",
    "matmul_transposed_right",
    "matmul_transposed_left",
    "dense",
    "dense_parameter_gradients",
}
"""Kernels around a matrix product, which lanes do not divide in the common version."""

SIZES = [2, 3, 5, 4, 7]


class Lanes:
    """Threads in the place of lanes, with what `kernels.lanes` promises them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.barrier = threading.Barrier(count, timeout=20)
        self.mine = threading.local()
        self.slots: list[Any] = [None] * count

    def combine(self, value: Any, function: Callable[[list[Any]], Any]) -> Any:
        self.slots[self.mine.lane] = value
        self.barrier.wait()
        answer = function(self.slots)
        self.barrier.wait()
        return answer

    def device(self, body: Callable, device: Device) -> Callable:
        if device is sync:
            return lambda: self.barrier.wait()
        if device is lane_sum:
            return lambda value: self.combine(value, sum)
        if device is lane_max:
            return lambda value: self.combine(value, max)
        return body

    def run(self, kernel: Kernel, arguments: list[Any], values: dict[str, Any]) -> None:
        body = specialise(kernel.body("python"), "python", "float64", self.device)

        def walk(lane: int) -> None:
            self.mine.lane = lane
            own = {**values, "lane": lane, "lanes": self.count}
            finished = False
            try:
                with np.errstate(all="ignore"):
                    body(*arguments, *(own[name] for name in kernel.extra))
                finished = True
            finally:
                if not finished:
                    self.barrier.abort()

        with ThreadPoolExecutor(self.count) as pool:
            # The last lane starts first, so that whoever relies on the order of lanes is found out.
            walks = [pool.submit(walk, lane) for lane in reversed(range(self.count))]
        problems = [problem for each in walks if (problem := each.exception())]
        # A lane that fails breaks the barrier for the others; its own problem is the one to show.
        for problem in sorted(problems, key=lambda each: isinstance(each, threading.BrokenBarrierError)):
            raise problem


@pytest.mark.parametrize("lanes", [3, 32])
@pytest.mark.parametrize("name", sorted(set(all_cases()) - OWN_VERSION_ON_A_GPU))
def test_lanes_share_the_work(name, lanes):
    kernel, case = all_kernels()[name], all_cases()[name]
    sizes = case.fix(dict(zip(kernel.extents, SIZES if len(kernel.extents) > 1 else [23], strict=False)))
    rng = np.random.default_rng(4)
    inputs: dict[str, np.ndarray] = {}
    arguments: list[Any] = []
    outputs = {}
    for operand in kernel.operands:
        shape = shape_of(operand.extents, sizes)
        array = np.full(shape, np.nan)
        if operand.updated or not operand.written:
            make = case.inputs.get(operand.name)
            array[...] = rng.standard_normal(shape) if make is None else make(rng, sizes)
            inputs[operand.name] = array.copy()
        if operand.written:
            outputs[operand.name] = array
        arguments.append(CheckedArray(array, operand.name, operand.written))
    integers = case.integers(sizes)
    arguments += [integers[each] for each in kernel.integers]
    expected = case.expected(inputs, sizes)
    state = np.zeros(STATE_SIZE, np.int64)
    state[STEP] = case.step
    Lanes(lanes).run(kernel, arguments, {"step": case.step, "seed": 0, "state": state})
    for output, right in expected.items():
        right = np.asarray(right, np.float64)
        np.testing.assert_allclose(outputs[output].reshape(right.shape), right, rtol=1e-10, atol=1e-10)
