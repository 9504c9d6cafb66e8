"""Every kernel on a real GPU, in both types of number, against NumPy and SciPy."""

from __future__ import annotations

import pytest

from tests.kernels.cases import all_cases
from tests.kernels.inputs import compare, drawn
from tests.kernels.running import all_kernels

pytestmark = pytest.mark.gpu


def sizes_of(names: tuple[str, ...], which: int) -> dict[str, int]:
    """Odd sizes, sizes of whole warps, and sizes beyond a block."""
    pools = ([3, 5, 7, 2, 4], [33, 64, 17, 5, 3], [1, 1, 1, 1, 1]) if len(names) > 1 else ([23], [4096], [1])
    return dict(zip(names, pools[which], strict=False))


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("name", sorted(all_cases()))
def test_kernel(name, which):
    kernel, case = all_kernels()[name], all_cases()[name]
    sizes = case.fix(sizes_of(kernel.extents, which))
    inputs = drawn(kernel, case, sizes, 4)
    expected = case.expected(inputs, sizes)
    compare(kernel, case, sizes, inputs, expected, "cuda", "float64", 1e-10)
    compare(kernel, case, sizes, inputs, expected, "cuda", "float32", 4 * case.tolerance)


@pytest.mark.parametrize("name", ["matmul", "matmul_transposed_left", "matmul_transposed_right", "dense"])
@pytest.mark.parametrize(
    "shape", [(64, 128, 64), (65, 70, 129), (128, 300, 10), (1, 784, 512), (2048, 1, 64), (64, 64, 1)]
)
def test_large_products(name, shape):
    kernel, case = all_kernels()[name], all_cases()[name]
    sizes = case.fix(dict(zip(kernel.extents, shape, strict=True)))
    inputs = drawn(kernel, case, sizes, 4)
    compare(kernel, case, sizes, inputs, case.expected(inputs, sizes), "cuda", "float64", 1e-10)
