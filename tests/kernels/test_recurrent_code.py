"""What is emitted for recurrent layers in float32: sizes beyond a vector, single rows, the functions of gates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

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
