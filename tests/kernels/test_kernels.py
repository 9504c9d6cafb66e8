"""Every kernel, on the CPU in float32 and float64 and on the plain-Python target, against NumPy and SciPy."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.cases import all_cases
from tests.kernels.inputs import compare, drawn
from tests.kernels.running import all_kernels

ELSEWHERE = {"add_noise": "test_random.py", "choose_batch": "test_random.py", "draw_changes": "test_random.py"}
"""Kernels whose outputs no formula gives; another file tests them."""


def test_every_kernel_has_a_case():
    missing = set(all_kernels()) - set(all_cases()) - set(ELSEWHERE)
    assert not missing, f"add a case for {', '.join(sorted(missing))} to a file tests/kernels/*cases.py"
    unknown = set(all_cases()) - set(all_kernels())
    assert not unknown, f"cases for kernels that do not exist: {', '.join(sorted(unknown))}"


def test_every_kernel_says_what_it_does():
    silent = [name for name, each in all_kernels().items() if not (each.__doc__ or "").strip()]
    assert not silent


@st.composite
def drawn_sizes(draw, names: tuple[str, ...]) -> dict[str, int]:
    """Sizes of 1, odd sizes, and sizes beyond a vector's width; smaller ones for kernels of many dimensions."""
    pool = [1, 2, 3, 7, 16, 17, 33, 67] if len(names) == 1 else [1, 2, 3, 5, 8, 17]
    if len(names) > 3:
        pool = [1, 2, 3, 5]
    return {name: draw(st.sampled_from(pool)) for name in names}


@pytest.mark.parametrize("name", sorted(all_cases()))
@settings(max_examples=6, deadline=None, derandomize=True, database=None)
@given(data=st.data(), seed=st.integers(0, 2**31))
def test_kernel(name, data, seed):
    kernel, case = all_kernels()[name], all_cases()[name]
    sizes = case.fix(data.draw(drawn_sizes(kernel.extents)))
    inputs = drawn(kernel, case, sizes, seed)
    expected = case.expected(inputs, sizes)
    assert set(expected) == {operand.name for operand in kernel.operands if operand.written}
    for target, dtype, tolerance in (
        ("python", "float64", 1e-11),
        ("cpu", "float64", 1e-11),
        ("python", "float32", case.tolerance),
        ("cpu", "float32", case.tolerance),
    ):
        compare(kernel, case, sizes, inputs, expected, target, dtype, tolerance)
