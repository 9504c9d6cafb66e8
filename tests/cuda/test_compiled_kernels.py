"""Every kernel as it is compiled for a GPU: what it computes is right, and it does nothing that must not be done.

Each is compiled once, for a thread group or for the whole GPU, by turns, and in float32. The other of the two, float64,
where kernels have the same text, and code made for each of them run under the mark `verify`.
"""

from __future__ import annotations

from collections.abc import Iterable
from unittest import mock

import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.jobs import ReplicaPrograms
from kernels.targets.cuda import grid_launches, interpreter_kernels, matmul_tiled, specialized_kernels
from kernels.targets.cuda.launch_configuration import FEWEST_THREADS
from kernels.targets.cuda.matmul import LOWERED
from kernels.targets.cuda.memory import Memory
from lab.graph.devices import on
from lab.graph.running import specialize
from tests.cuda.ptx_gpu import machine
from tests.kernels.cases import all_cases
from tests.kernels.inputs import compare, drawn
from tests.kernels.running import Run, all_kernels
from tests.ptx_machine.block import Order, backwards, forwards, shuffled

NAMES = sorted(all_cases())
GROUPS = 6
"""Kernels are compiled as several interpreters, so that several processes share the work."""
MADE_GROUPS = 12
PAIRS = 600
"""Rows, at most, of kernels that have a number for each pair of them: more than two groups have threads. Of 4096, the
chances of neighbours alone, each found in 60 passes, took two minutes."""
MANY, FEW = ([3, 5, 7, 2, 4], [33, 64, 17, 5, 3], [1] * 5), ([23], [4096], [1])


def by_turns(values: Iterable, first: int = 0) -> list:
    """Each value with each precision; every other one, from the first, is tried in float32 always."""
    return [
        pytest.param(
            value, real, marks=pytest.mark.cuda if real == "float32" and n % 2 == first else pytest.mark.verify
        )
        for n, value in enumerate(values)
        for real in ("float32", "float64")
    ]


def drawn_for(name: str, sizes: dict[str, int]) -> tuple:
    """A kernel, its case, sizes, inputs, and what must come out."""
    kernel, case = all_kernels()[name], all_cases()[name]
    inputs = drawn(kernel, case, sizes, 4)
    return kernel, case, sizes, inputs, case.expected(inputs, sizes)


def case_of(name: str, which: int) -> tuple:
    """With odd sizes, with sizes that fill threads, with sizes of 1."""
    kernel, case = all_kernels()[name], all_cases()[name]
    pools = MANY if len(kernel.extents) > 1 else FEW
    sizes = dict(zip(kernel.extents, pools[which], strict=False))
    if has_pairs(name):
        sizes = {extent: min(size, PAIRS) for extent, size in sizes.items()}
    return drawn_for(name, case.fix(sizes))


def has_pairs(name: str) -> bool:
    """Whether an operand has the same extent twice."""
    return any(len(each.extents) > len(set(each.extents)) for each in all_kernels()[name].operands)


def check(name: str, real_name: str, which: int) -> None:
    """Compare with what is right."""
    case = case_of(name, which)
    compare(*case, "cuda", real_name, 1e-10 if real_name == "float64" else 4 * case[1].tolerance)


@pytest.mark.parametrize(("group", "real_name"), by_turns(range(GROUPS)))
def test_by_a_thread_group(group, real_name):
    from kernels.targets.cuda import interpreter_kernels

    names = NAMES[group::GROUPS]
    for order, whiches in ((forwards, (0, 2)), (backwards, (1,)), (shuffled(group), (0,))):
        with machine(order), mock.patch.object(Memory, "threads_of", return_value=FEWEST_THREADS):
            interpreter_kernels.interpreter(0, [all_kernels()[name] for name in names], real_name, False)
            for name in names:
                for which in whiches:
                    check(name, real_name, which)


@pytest.mark.parametrize(("name", "real_name"), by_turns(NAMES, first=1))
def test_by_the_whole_gpu(name, real_name, monkeypatch):
    monkeypatch.setattr(Memory, "whole_gpu", property(lambda self: True, lambda self, value: None), raising=False)
    if has_pairs(name):
        monkeypatch.setattr(grid_launches, "BLOCKS_PER_MULTIPROCESSOR", 1)  # so that there are fewer threads than rows
    for order, whiches in ((forwards, (0, 2)), (shuffled(1), (1,))):
        with machine(order, multiprocessors=2):
            for which in whiches:
                check(name, real_name, which)


def check_specialized(cases: list[tuple], order: Order) -> None:
    """The same by code that is made for each of them."""
    with (
        machine(order),
        mock.patch.object(Memory, "threads_of", return_value=FEWEST_THREADS),
        mock.patch.object(specialized_kernels, "threads_for", return_value=FEWEST_THREADS),
        on("cuda:0", specialized=True),
    ):
        runs = [
            Run(kernel, inputs, sizes, case.integers(sizes), target="cuda") for kernel, case, sizes, inputs, _ in cases
        ]
        specialize([ReplicaPrograms(run.program.plan) for run in runs], 1, "cuda:0")
        with (
            mock.patch.object(
                Memory, "specialized", property(lambda self: True, lambda self, value: None), create=True
            ),
            mock.patch.object(
                interpreter_kernels, "InterpreterKernel", side_effect=AssertionError("it is interpreted")
            ),
        ):
            for each in cases:
                compare(*each, "cuda", "float32", 4 * each[1].tolerance)


@pytest.mark.parametrize(
    "group", [pytest.param(n, marks=pytest.mark.verify if n else pytest.mark.cuda) for n in range(MADE_GROUPS)]
)
def test_by_code_made_for_it(group):
    check_specialized([case_of(name, 0) for name in NAMES[group::MADE_GROUPS]], shuffled(group))


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((32, 16, 16), marks=pytest.mark.cuda),
        pytest.param((5, 7, 9), marks=pytest.mark.cuda),
        *(
            pytest.param(each, marks=pytest.mark.verify)
            for each in ((16, 2, 32), (64, 10, 64), (33, 17, 40), (2, 3, 128))
        ),
    ],
)
def test_products_by_code_made_for_their_shapes(shape):
    """Few numbers and many, edges that no tile fits, sums that threads share."""
    names = sorted(each.name for each in LOWERED)
    check_specialized([drawn_for(name, dict(zip("BHD", shape, strict=True))) for name in names], backwards)


ONE_COLUMN, ONE_STEP = dict(zip("BHD", (2048, 1, 4), strict=True)), dict(zip("BHD", (64, 32, 1), strict=True))


@pytest.mark.cuda
@pytest.mark.parametrize("sizes", [ONE_COLUMN, ONE_STEP], ids=["one column", "one step of the sum"])
@pytest.mark.parametrize("whole_gpu", [False, True], ids=["in tiles", "by the whole GPU"])
def test_products_that_lie_both_ways(sizes, whole_gpu, monkeypatch):
    """Of what is read at once nothing is misaligned, and nothing beyond the edges."""
    monkeypatch.setattr(Memory, "threads_of", lambda self, plan: matmul_tiled.THREADS)
    monkeypatch.setattr(Memory, "whole_gpu", property(lambda self: whole_gpu, lambda self, value: None), raising=False)
    with machine(multiprocessors=2):
        for kernel in sorted(LOWERED, key=lambda each: each.name):
            case = drawn_for(kernel.name, sizes)
            compare(*case, "cuda", "float32", 4 * case[1].tolerance)
