"""Products of matrices that are large enough to be done in blocks of rows."""

import numpy as np
import pytest

from kernels.matrix import UNPACKED, dense, matmul
from tests.kernels.running import Run


@pytest.mark.parametrize(
    ("rows", "inputs", "units"), [(300, 64, 64), (489, 64, 64), (2500, 3, 200), (200, 100, 100), (1500, 80, 9)]
)
@pytest.mark.parametrize("kernel", [dense, matmul])
def test_products_in_blocks_of_rows(kernel, rows, inputs, units):
    assert rows * inputs * units > UNPACKED
    random = np.random.default_rng(0)
    x, weight, bias = (random.standard_normal(shape) for shape in ((rows, inputs), (inputs, units), units))
    given = {"x": x, "weight": weight, "bias": bias, "a": x, "b": weight}
    run = Run(kernel, given, {"B": rows, "D": inputs, "H": units})()
    expected = x @ weight + (bias if kernel is dense else 0)
    np.testing.assert_allclose(run["y"], expected, rtol=1e-4, atol=1e-4)
