"""Every kernel as it is compiled for a GPU: what it computes is right, and it does nothing that must not be done."""

from __future__ import annotations

from unittest import mock

import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.targets.cuda.choices import FEWEST_LANES
from kernels.targets.cuda.memory import Memory
from tests.cuda.ptx.block import backwards, forwards, shuffled
from tests.cuda.ptx.machine import machine
from tests.kernels.cases import all_cases
from tests.kernels.inputs import compare, drawn
from tests.kernels.running import all_kernels

pytestmark = pytest.mark.cuda

NAMES = sorted(all_cases())
GROUPS = 6
"""Kernels are compiled as several interpreters, so that several processes share the work."""
MANY, FEW = ([3, 5, 7, 2, 4], [33, 64, 17, 5, 3], [1] * 5), ([23], [4096], [1])

real_types = pytest.mark.parametrize("real_name", ["float32", "float64"])


def check(name: str, real_name: str, which: int) -> None:
    """Compare with what is right: with odd sizes, with sizes that fill lanes, with sizes of 1."""
    kernel, case = all_kernels()[name], all_cases()[name]
    pools = MANY if len(kernel.extents) > 1 else FEW
    sizes = case.fix(dict(zip(kernel.extents, pools[which], strict=False)))
    inputs = drawn(kernel, case, sizes, 4)
    tolerance = 1e-10 if real_name == "float64" else 4 * case.tolerance
    compare(kernel, case, sizes, inputs, case.expected(inputs, sizes), "cuda", real_name, tolerance)


@real_types
@pytest.mark.parametrize("group", range(GROUPS))
def test_by_a_team(group, real_name):
    from kernels.targets.cuda import interpreters

    names = NAMES[group::GROUPS]
    for order, whiches in ((forwards, (0, 2)), (backwards, (1,)), (shuffled(group), (0,))):
        with machine(order), mock.patch.object(Memory, "lanes_of", return_value=FEWEST_LANES):
            interpreters.interpreter(0, [all_kernels()[name] for name in names], real_name, False)
            for name in names:
                for which in whiches:
                    check(name, real_name, which)


@real_types
@pytest.mark.parametrize("name", NAMES)
def test_by_the_whole_gpu(name, real_name, monkeypatch):
    monkeypatch.setattr(Memory, "whole_gpu", property(lambda self: True, lambda self, value: None), raising=False)
    for order, whiches in ((forwards, (0, 2)), (shuffled(1), (1,))):
        with machine(order, multiprocessors=2):
            for which in whiches:
                check(name, real_name, which)
