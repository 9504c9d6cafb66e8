"""Products of matrices by our own micro-kernel: shapes around the edges of its tiles, and what it promises of bits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from kernels.matrix import dense, dense_parameter_gradients, matmul, matmul_transposed_left, matmul_transposed_right
from kernels.memory import aligned_zeros
from kernels.targets.products import STEPS, STEPS_TRANSPOSED, multiply
from kernels.targets.vector_code import COLUMNS, ROWS, Tile, tile_for
from tests.kernels.running import Run

GUARD = 16


@njit
def _multiply(a, b, bias, out):
    place = bias.ctypes.data if bias.size else 0
    multiply(
        out.shape[0],
        out.shape[1],
        a.shape[1],
        a.ctypes.data,
        a.strides[0],
        a.strides[1],
        b.ctypes.data,
        b.strides[0],
        b.strides[1],
        place,
        out.ctypes.data,
    )


def product(a: np.ndarray, b: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """a b + bias by the micro-kernel, whatever its size; checks that nothing is written around it."""
    rows, columns = a.shape[0], b.shape[1]
    memory = aligned_zeros(rows * columns + 2 * GUARD, "float32")
    memory[...] = np.nan
    inside = memory[GUARD : GUARD + rows * columns].reshape(rows, columns)
    _multiply(a, b, np.zeros(0, np.float32) if bias is None else bias, inside)
    assert np.isnan(memory[:GUARD]).all()
    assert np.isnan(memory[-GUARD:]).all()
    return inside


def drawn(random: np.random.Generator, rows: int, columns: int, transposed: bool) -> np.ndarray:
    shape = (columns, rows) if transposed else (rows, columns)
    made = random.standard_normal(shape, dtype=np.float32)
    return made.T if transposed else made


def check(
    rows: int, columns: int, length: int, a_transposed: bool, b_transposed: bool, biased: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    a, b = drawn(random, rows, length, a_transposed), drawn(random, length, columns, b_transposed)
    bias = random.standard_normal(columns, dtype=np.float32) if biased else None
    expected = a.astype(np.float64) @ b.astype(np.float64) + (0 if bias is None else bias)
    # The rounding errors of a sum in order: at most half a unit per step, of the sum of magnitudes.
    size = np.abs(a).astype(np.float64) @ np.abs(b) + (0 if bias is None else np.abs(bias))
    bound = (length + 1) * np.finfo(np.float32).eps / 2 * size + 1e-30
    assert (np.abs(product(a, b, bias) - expected) <= bound).all()


around = st.one_of(st.integers(1, 3 * COLUMNS + 3), st.sampled_from([ROWS, 2 * ROWS, 3 * ROWS + 1, COLUMNS]))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(around, around, st.integers(0, 70), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2**31))
def test_any_shape(rows, columns, length, a_transposed, b_transposed, biased, seed):
    check(rows, columns, length, a_transposed, b_transposed, biased, seed)


@pytest.mark.parametrize("b_transposed", [False, True])
@pytest.mark.parametrize("a_transposed", [False, True])
@pytest.mark.parametrize("length", [STEPS, STEPS + 1, STEPS_TRANSPOSED + 3, 2 * STEPS_TRANSPOSED + 5])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (5 * ROWS + 3, 3 * COLUMNS + 5), (8 * ROWS, 2 * COLUMNS)])
def test_sums_longer_than_a_panel(rows, columns, length, a_transposed, b_transposed):
    check(rows, columns, length, a_transposed, b_transposed, True, 0)


def test_equal_columns_and_rows_come_out_equal():
    random = np.random.default_rng(0)
    columns, rows = 3 * COLUMNS + 5, 4 * ROWS + 3
    b = np.repeat(random.standard_normal((700, 1), dtype=np.float32), columns, axis=1)
    a = np.repeat(random.standard_normal((1, 700), dtype=np.float32), rows, axis=0)
    for weights in (b, np.asfortranarray(b)):
        assert np.unique(product(a, weights)).size == 1
    other = random.standard_normal((rows, 700), dtype=np.float32)
    y = product(other, b)
    assert (y == y[:, :1]).all()


def test_infinities_and_nan_stay_in_their_rows_and_columns():
    a, b = np.ones((ROWS + 1, 40), np.float32), np.ones((40, COLUMNS + 1), np.float32)
    a[3, 7], b[5, COLUMNS] = np.inf, np.nan
    y = product(a, b)
    assert np.isnan(y[:, COLUMNS]).all()
    assert np.isposinf(y[3, :COLUMNS]).all()
    assert (np.delete(y[:, :COLUMNS], 3, axis=0) == 40).all()


@pytest.mark.parametrize("kernel", [dense, matmul, matmul_transposed_left, matmul_transposed_right])
def test_same_bits_again_and_on_several_threads(kernel):
    sizes = {"B": 130, "D": 300, "H": 70}
    random = np.random.default_rng(0)
    extents = {operand.name: [sizes[each] for each in operand.extents] for operand in kernel.operands}
    inputs = {name: random.standard_normal(shape) for name, shape in extents.items()}
    runs = [Run(kernel, inputs, sizes) for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda run: run()["y"].tobytes(), runs))
    assert len(set(results)) == 1


@pytest.mark.parametrize(
    ("B", "D", "H"), [(128, 784, 512), (128, 512, 10), (33, 257, 95), (1, 2000, 600), (900, 64, 64)]
)
def test_kernels_of_a_layer_at_sizes_that_are_trained(B, D, H):
    random = np.random.default_rng(0)
    x, weight, bias, dy = (random.standard_normal(shape) for shape in ((B, D), (D, H), H, (B, H)))
    sizes = {"B": B, "D": D, "H": H}
    run = Run(dense, {"x": x, "weight": weight, "bias": bias}, sizes)()
    np.testing.assert_allclose(run["y"], x @ weight + bias, rtol=1e-4, atol=3e-4)
    run = Run(dense_parameter_gradients, {"x": x, "dy": dy}, sizes)()
    np.testing.assert_allclose(run["d_weight"], x.T @ dy, rtol=1e-4, atol=3e-4)
    np.testing.assert_allclose(run["d_bias"], dy.sum(axis=0), rtol=1e-4, atol=3e-4)
    run = Run(matmul_transposed_right, {"a": dy, "b": weight}, {"B": B, "D": H, "H": D})()
    np.testing.assert_allclose(run["y"], dy @ weight.T, rtol=1e-4, atol=3e-4)


def test_the_tile_fits_the_registers_of_the_processor():
    assert tile_for({"avx512f": True, "avx2": True, "fma": True}) == Tile(12, 16)
    assert tile_for({"avx2": True, "fma": True}) == Tile(6, 8)
    assert tile_for({"avx2": True}) is None
    assert tile_for({}) is None
