"""What is emitted for recurrent layers in float32: sizes beyond a vector, single rows, the functions of gates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from llvmlite import ir
from numba import njit, types
from scipy.special import expit

from kernels.memory import aligned_zeros
from kernels.targets.fetching_products import MOST_ARRAYS, WORDS, multiply_fetching
from kernels.targets.gate_functions import EXP_MOST, GateFunctions, together
from kernels.targets.products import multiply
from kernels.targets.vector_code import COLUMNS, LANES, PLACE, ROWS, Vectors
from kernels.targets.views import intrinsic
from tests.kernels.cases import all_cases
from tests.kernels.inputs import compare, drawn
from tests.kernels.running import Run, all_kernels

KINDS = ("rnn", "lstm", "gru")
FEW = np.float32(np.finfo(np.float32).eps)


@pytest.mark.parametrize("units", [15, 16, 33, 130])
@pytest.mark.parametrize("batch", [1, 2, 13])
@pytest.mark.parametrize("name", [f"{kind}{part}" for kind in KINDS for part in ("", "_gradient")])
def test_units_beyond_a_vector(name, batch, units):
    kernel, case = all_kernels()[name], all_cases()[name]
    known = {"B": batch, "T": 3, "H": units, "R": 5, "G": 0}
    sizes = case.fix({extent: known[extent] for extent in kernel.extents})
    inputs = drawn(kernel, case, sizes, seed=units)
    compare(kernel, case, sizes, inputs, case.expected(inputs, sizes), "cpu", "float32", case.tolerance)


def gates_of(x: np.ndarray, kind: str = "gru") -> tuple[np.ndarray, Run]:
    """The gates that these numbers alone make, [gates, numbers], and what else came out."""
    units, count = x.size, {"lstm": 4, "gru": 3}[kind]
    kernel = all_kernels()[kind]
    sizes = {"R": 1, "B": 1, "T": 1, "H": units, "G": count * units}
    given = {
        each.name: np.zeros([sizes[name] for name in each.extents]) for each in kernel.operands if not each.written
    }
    run = Run(kernel, given | {"rows": np.tile(x, count)[None], "mask": np.ones((1, 1))}, sizes, {"looked_up": 1})()
    return run["gates"].reshape(count, units), run


def test_gates_are_exact_to_a_few_units_in_the_last_place():
    x = np.concatenate([np.linspace(-20, 20, 401), np.geomspace(1e-6, 80, 100), -np.geomspace(1e-6, 80, 100)])
    x = x.astype(np.float32).astype(float)
    (r, z, n), _ = gates_of(x)
    np.testing.assert_allclose(r, expit(x), rtol=5 * FEW)
    np.testing.assert_array_equal(z, r)
    np.testing.assert_allclose(n, np.tanh(x), rtol=5 * FEW)


def test_gates_of_huge_numbers_are_at_their_ends_and_those_of_no_number_are_none():
    for kind in ("lstm", "gru"):
        gates, run = gates_of(np.array([1e30, -1e30, np.nan]), kind)
        np.testing.assert_allclose(gates[0], [1, 0, np.nan], atol=1e-37)
        np.testing.assert_allclose(gates[-1], [1, -1, np.nan], rtol=5 * FEW)
        assert np.isnan(run["states"][0, 0]).tolist() == [False, False, True]


@pytest.mark.parametrize("rows", [1, 2, 7, ROWS, ROWS + 1, 3 * ROWS + 3])
@pytest.mark.parametrize(("columns", "length"), [(COLUMNS, 1), (3 * COLUMNS, 130), (2 * COLUMNS + 5, 300)])
def test_products_that_fetch_are_those_that_do_not(rows, columns, length):
    random = np.random.default_rng(rows)
    a, b = (random.standard_normal(shape).astype(np.float32) for shape in ((rows, length), (length, columns)))
    expected, found = np.zeros((rows, columns), np.float32), aligned_zeros(rows * columns + 32, "float32")
    found[...] = np.nan
    table = np.zeros(1 + MOST_ARRAYS * WORDS, np.int64)
    # As many rows as could be wanted, and an array without any: what is fetched changes nothing.
    table[: 1 + 2 * WORDS] = 2, a.ctypes.data, 4 * length, 4 * length, rows, b.ctypes.data, 0, 0, 0
    _products(a, b, expected, found[16:-16].reshape(rows, columns), table, a.strides[1])
    np.testing.assert_array_equal(found[16:-16].reshape(rows, columns), expected)
    assert np.isnan(found[:16]).all()
    assert np.isnan(found[-16:]).all()


@njit(error_model="numpy")
def _products(a, b, plain, fetching, table, a_step):
    (rows, length), columns = a.shape, b.shape[1]
    places = a.ctypes.data, b.ctypes.data
    multiply(
        rows, columns, length, places[0], a.strides[0], a_step, places[1], b.strides[0], 4, 0, plain.ctypes.data
    )  # fmt: skip
    multiply_fetching(
        rows, columns, length, places[0], a.strides[0], a_step, places[1], b.strides[0], fetching.ctypes.data,
        table.ctypes.data,
    )  # fmt: skip


@intrinsic
def _divide_vector(typing, a, b, quotient):
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        simd = Vectors(builder.module, LANES)
        first, second, place = (builder.inttoptr(each, PLACE) for each in arguments)
        values = (simd.load(builder, each, None) for each in (first, second))
        functions = GateFunctions(builder.module, simd)
        simd.store(builder, together(functions.quotient(builder, *values))[0], place, None)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 3), generate


@njit
def _divide(a, b, quotient):
    for i in range(0, a.size, LANES):
        _divide_vector(a.ctypes.data + 4 * i, b.ctypes.data + 4 * i, quotient.ctypes.data + 4 * i)


def test_quotients_of_gates_are_rounded_as_a_division_rounds():
    random = np.random.default_rng(0)
    count = 1 << 20
    for exponent in (-60, 0, 60):
        a = (random.uniform(1, 2, count) * 2.0**exponent * random.choice([-1, 1], count)).astype(np.float32)
        b = (random.uniform(1, 2, count) * 2.0 ** random.integers(-8, 100, count)).astype(np.float32)
        quotient = np.zeros(count, np.float32)
        _divide(a, b, quotient)
        np.testing.assert_array_equal(quotient, a / b)


def test_numbers_around_the_ends_of_what_an_exponent_holds():
    x = np.array([87.2, 87.3, 88.0, 200.0, -87.2, -87.3, -88.0, -200.0, 0.0, -0.0, 1e-30], np.float32)
    x = x.astype(float)
    most = float(np.float32(EXP_MOST))
    (r, _, n), _ = gates_of(x)
    np.testing.assert_allclose(r, expit(x.clip(-most, most)), rtol=5 * FEW)
    np.testing.assert_allclose(n, np.tanh(x), rtol=5 * FEW)
