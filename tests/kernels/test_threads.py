"""Kernels give the same with several threads, as on a GPU: one writer per element, barriers where threads meet.

Threads run one at a time, each to its next barrier, in an order that the test chooses. Between two barriers no element
may be written by one thread and touched by another; so a race is found whether or not it did harm this time.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from kernels.language import Device, Kernel, kernel, specialise
from kernels.matrix import multiplies_matrices
from kernels.plan import STATE_SIZE, STEP
from kernels.targets.python import CheckedArray
from kernels.threads import max_over_threads, sum_over_threads, sync_threads
from tests.kernels.cases import Case, all_cases
from tests.kernels.inputs import drawn
from tests.kernels.running import all_kernels, shape_of

DIVIDED = sorted(name for name in all_cases() if not multiplies_matrices(all_kernels()[name]))
"""Kernels whose work threads divide; those around a product of matrices have versions of their own on a GPU."""

SIZES = [2, 3, 5, 4, 7]

ORDERS: dict[str, Callable[[list[int]], list[int]]] = {
    "ascending": lambda threads: threads,
    "descending": lambda threads: threads[::-1],
    "random": lambda threads: random.Random(5).sample(threads, len(threads)),
}
"""In which order threads run between two barriers; "mixed" draws another one each time."""


class Race(AssertionError):
    """Two threads touched one element between two barriers, and one of them wrote it."""


class Watch:
    """Who touched which element since the last barrier."""

    def __init__(self) -> None:
        self.thread = 0
        self._writers: dict[tuple[str, int], int] = {}
        self._readers: dict[tuple[str, int], set[int]] = {}

    def barrier(self) -> None:
        self._writers.clear()
        self._readers.clear()

    def read(self, name: str, elements: Iterator[int]) -> None:
        for each in elements:
            self._readers.setdefault((name, each), set()).add(self.thread)
            if self._writers.get((name, each), self.thread) != self.thread:
                raise Race(f"thread {self.thread} reads element {each} of {name}, which another one has just written")

    def write(self, name: str, elements: Iterator[int]) -> None:
        for each in elements:
            if self._writers.setdefault((name, each), self.thread) != self.thread:
                raise Race(f"thread {self.thread} writes element {each} of {name}, which another one has just written")
            if self._readers.get((name, each), set()) - {self.thread}:
                raise Race(f"thread {self.thread} writes element {each} of {name}, which another one has just read")


class WatchedArray(CheckedArray):
    """An array that tells `Watch` of every access."""

    def __init__(
        self, array: np.ndarray, name: str, writable: bool, watch: Watch, numbers: np.ndarray | None = None
    ) -> None:
        super().__init__(array, name, writable)
        self.watch = watch
        self.numbers = np.arange(array.size).reshape(array.shape) if numbers is None else numbers

    @property
    def T(self) -> WatchedArray:
        return WatchedArray(self.array.T, self.name, self.writable, self.watch, self.numbers.T)

    @property
    def as_row(self) -> WatchedArray:
        row = super().as_row
        return WatchedArray(row.array, self.name, self.writable, self.watch, self.numbers.reshape(self.size))

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        if isinstance(found, CheckedArray):
            return WatchedArray(found.array, self.name, self.writable, self.watch, self.numbers[index])
        self.watch.read(self.name, iter([int(self.numbers[index])]))
        return found

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, value)
        self.watch.write(self.name, iter(np.ravel(self.numbers[index]).tolist()))


class ThreadsInTurn:
    """Python's threads in the place of a GPU's, one of which runs at a time, with what `kernels.threads` promises
    them."""

    def __init__(self, count: int, order: str, watch: Watch) -> None:
        self.count, self.watch = count, watch
        self.turn = [threading.Semaphore(0) for _ in range(count)]
        self.back = threading.Semaphore(0)
        self.slots: list[Any] = [None] * count
        self.mine = threading.local()
        drawn = random.Random(11)
        self.order = ORDERS.get(order, lambda threads: drawn.sample(threads, len(threads)))
        self.problems: list[BaseException] = []
        self.over: set[int] = set()

    def wait(self) -> None:
        """Let the other threads come here too."""
        self.back.release()
        self.turn[self.mine.thread].acquire()
        if self.problems:
            raise SystemExit

    def combine(self, value: Any, function: Callable[[list[Any]], Any]) -> Any:
        self.slots[self.mine.thread] = value
        self.wait()
        answer = function(self.slots)
        self.wait()
        return answer

    def device(self, body: Callable, device: Device) -> Callable:
        if device is sync_threads:
            return self.wait
        if device is sum_over_threads:
            return lambda value: self.combine(value, sum)
        if device is max_over_threads:
            return lambda value: self.combine(value, max)
        return body

    def run(self, kernel: Kernel, arguments: list[Any], values: dict[str, Any]) -> None:
        body = specialise(kernel.body("cuda"), "python", "float64", self.device)

        def walk(thread: int) -> None:
            self.mine.thread = thread
            self.turn[thread].acquire()
            own = {**values, "thread": thread, "threads": self.count}
            try:
                with np.errstate(all="ignore"):
                    body(*arguments, *(own[name] for name in kernel.extra))
            except BaseException as problem:
                self.problems.append(problem)
            self.over.add(thread)
            self.back.release()

        threads = [threading.Thread(target=walk, args=(thread,)) for thread in range(self.count)]
        for each in threads:
            each.start()
        while len(self.over) < self.count:
            for thread in self.order([each for each in range(self.count) if each not in self.over]):
                self.watch.thread = thread
                self.turn[thread].release()
                self.back.acquire()
            if not self.problems and 0 < len(self.over) < self.count:
                self.problems.append(AssertionError("some threads wait at a barrier to which others never come"))
            self.watch.barrier()
        for each in threads:
            each.join()
        if self.problems:
            raise self.problems[0]


def outcome(checked: Kernel, case: Case, sizes: dict[str, int], threads: int, order: str) -> dict[str, np.ndarray]:
    """What a kernel writes, and the replica's integers as `state`; checked against the case."""
    arguments: list[Any] = []
    outputs = {}
    watch = Watch()
    inputs = drawn(checked, case, sizes, 4)
    for operand in checked.operands:
        array = np.full(shape_of(operand.extents, sizes), np.nan)
        if operand.name in inputs:
            array[...] = inputs[operand.name]
        if operand.written:
            outputs[operand.name] = array
        arguments.append(WatchedArray(array, operand.name, operand.written, watch))
    integers = case.integers(sizes)
    arguments += [integers[each] for each in checked.integers]
    expected = case.expected(inputs, sizes)
    state = np.zeros(STATE_SIZE, np.int64)
    state[STEP] = case.step
    words = WatchedArray(state, "state", True, watch)
    ThreadsInTurn(threads, order, watch).run(checked, arguments, {"step": case.step, "seed": 0, "state": words})
    for output, right in expected.items():
        right = np.asarray(right, np.float64)
        np.testing.assert_allclose(outputs[output].reshape(right.shape), right, rtol=1e-10, atol=1e-10)
    return outputs | {"state": state}


@pytest.mark.parametrize("threads", [3, 32])
@pytest.mark.parametrize("name", DIVIDED)
def test_threads_share_the_work(name, threads):
    kernel, case = all_kernels()[name], all_cases()[name]
    sizes = case.fix(dict(zip(kernel.extents, SIZES if len(kernel.extents) > 1 else [23], strict=False)))
    first: dict[str, np.ndarray] = {}
    for order in (*ORDERS, "mixed"):
        found = outcome(kernel, case, sizes, threads, order)
        first = first or found
        for each, values in found.items():
            np.testing.assert_array_equal(values, first[each], err_msg=f"{each}, threads in {order} order")


# The watch itself


@kernel("x[n] -> y[n]")
def neighbours(x, y, thread, threads):
    """Reads what another thread writes, with nothing between."""
    for i in range(thread, x.size, threads):
        y[i] = x[i]
    for i in range(thread, x.size, threads):
        y[i] += y[x.size - 1 - i]


@kernel("x[n] -> y[1]")
def everybody(x, y, thread, threads):
    """All threads write one element."""
    y[0] = x[0]


@kernel("x[n] -> y[n]")
def overtaken(x, y, thread, threads):
    """Not all threads come to the barrier."""
    for i in range(thread, x.size, threads):
        y[i] = x[i]
        sync_threads()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [(neighbours, "has just"), (everybody, "another one has just written"), (overtaken, "wait at a barrier")],
)
def test_what_threads_must_not_do_is_found(wrong, words):
    case = Case(lambda inputs, sizes: {})
    with pytest.raises(AssertionError, match=words):
        outcome(wrong, case, {"n": 5}, 3, "ascending")
