"""Stated error bounds of the float32 polynomials, over the whole range of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from kernels import elementary
from kernels.elementary import error_function, exp, expm1, larger, log, log1p, sigmoid, square_root, tanh
from kernels.language import kernel
from kernels.softplus import log_one_plus_exp

SMALLEST, GREATEST = np.finfo(np.float32).tiny, np.finfo(np.float32).max


@kernel("x[n] -> y[n]")
def apply_exp(x, y, thread, threads):
    """y = e^x."""
    for i in range(thread, x.size, threads):
        y[i] = exp(x[i])


@kernel("x[n] -> y[n]")
def apply_expm1(x, y, thread, threads):
    """y = e^x - 1."""
    for i in range(thread, x.size, threads):
        y[i] = expm1(x[i])


@kernel("x[n] -> y[n]")
def apply_log(x, y, thread, threads):
    """y = log x."""
    for i in range(thread, x.size, threads):
        y[i] = log(x[i])


@kernel("x[n] -> y[n]")
def apply_log1p(x, y, thread, threads):
    """y = log(1 + x)."""
    for i in range(thread, x.size, threads):
        y[i] = log1p(x[i])


@kernel("x[n] -> y[n]")
def apply_tanh(x, y, thread, threads):
    """y = tanh x."""
    for i in range(thread, x.size, threads):
        y[i] = tanh(x[i])


@kernel("x[n] -> y[n]")
def apply_sigmoid(x, y, thread, threads):
    """y = 1 / (1 + e^-x)."""
    for i in range(thread, x.size, threads):
        y[i] = sigmoid(x[i])


@kernel("x[n] -> y[n]")
def apply_error_function(x, y, thread, threads):
    """y = erf x."""
    for i in range(thread, x.size, threads):
        y[i] = error_function(x[i])


@kernel("x[n] -> y[n]")
def apply_log_one_plus_exp(x, y, thread, threads):
    """y = log(1 + e^x)."""
    for i in range(thread, x.size, threads):
        y[i] = log_one_plus_exp(x[i])


@kernel("x[n] -> y[n]")
def apply_square_root(x, y, thread, threads):
    """y = √x."""
    for i in range(thread, x.size, threads):
        y[i] = square_root(x[i])


@kernel("a[n] b[n] -> y[n]")
def apply_larger(a, b, y, thread, threads):
    """y = the larger of a and b."""
    for i in range(thread, a.size, threads):
        y[i] = larger(a[i], b[i])


def compiled(name: str, real_name: str = "float32"):
    from kernels.targets.compiler import inner_of

    inner = inner_of(name, real_name)

    def apply(*arrays: np.ndarray) -> np.ndarray:
        y = np.empty_like(arrays[0])
        inner(*arrays, y, 0, 1)
        return y

    return apply


def every_scale() -> np.ndarray:
    """Normal float32 numbers of every exponent and both signs, the ends of the range, and zeros."""
    rng = np.random.default_rng(0)
    exponent = np.repeat(np.arange(1, 255, dtype=np.uint32), 2000)
    bits = (exponent << 23) | rng.integers(0, 2**23, exponent.size, dtype=np.uint32)
    positive = bits.view(np.float32)
    edges = np.array([0.0, SMALLEST, np.nextafter(SMALLEST, 1, dtype=np.float32), 0.5, 1.0, 2.0, GREATEST], np.float32)
    near_edges = np.concatenate([np.nextafter(edges[3:6], 0), np.nextafter(edges[3:6], np.float32(9))])
    moderate = rng.uniform(0, 20, 500_000).astype(np.float32)
    large = rng.uniform(0, 90, 200_000).astype(np.float32)
    all_positive = np.concatenate([positive, edges, near_edges, moderate, large])
    return np.concatenate([all_positive, -all_positive])


@pytest.mark.parametrize(
    ("name", "reference", "low", "high", "bound"),
    [
        ("exp", np.exp, -87.3, 88.3, 2),
        ("expm1", np.expm1, -np.inf, 88.3, 4),
        ("log", np.log, SMALLEST, np.inf, 2),
        ("log1p", np.log1p, -1 + 2e-7, np.inf, 4),
        ("tanh", np.tanh, -np.inf, np.inf, 4),
        ("sigmoid", special.expit, -87.3, np.inf, 4),
        ("error_function", special.erf, -np.inf, np.inf, 2),
        ("log_one_plus_exp", lambda x: np.logaddexp(0, x), -87.3, np.inf, 4),
        ("square_root", np.sqrt, 0, np.inf, 0.5),
    ],
)
def test_error_in_units_of_the_last_place(name, reference, low, high, bound):
    x = every_scale()
    x = x[(x >= np.float32(low)) & (x <= np.float32(high))]
    right = reference(x.astype(np.float64))
    # Results below the smallest normal number count in its last place: subnormal numbers are flushed to zero.
    largest = np.nextafter(GREATEST, np.float32(0))
    unit = np.spacing(np.clip(np.abs(right), SMALLEST, largest).astype(np.float32)).astype(np.float64)
    error = np.abs(compiled(f"apply_{name}")(x) - right) / unit
    worst = int(error.argmax())
    assert error[worst] <= bound, f"{name}({x[worst]!r}) is off by {error[worst]:.2f} ulp"


def test_far_out():
    far = np.array([1e3, 1e10, GREATEST, np.inf], np.float32)
    assert (compiled("apply_tanh")(far) == 1).all()
    assert (compiled("apply_tanh")(-far) == -1).all()
    assert (compiled("apply_error_function")(far) == 1).all()
    assert (compiled("apply_error_function")(-far) == -1).all()
    assert (compiled("apply_sigmoid")(far) == 1).all()
    assert (compiled("apply_sigmoid")(-far) < 1.3e-38).all()
    assert (compiled("apply_expm1")(-far) == -1).all()
    assert (compiled("apply_exp")(-far) < 1.3e-38).all()
    assert np.isfinite(compiled("apply_exp")(far)).all()
    np.testing.assert_array_equal(compiled("apply_log_one_plus_exp")(far), far)


def test_odd_functions_are_odd():
    x = every_scale()
    for name in ("tanh", "error_function"):
        np.testing.assert_array_equal(compiled(f"apply_{name}")(-x), -compiled(f"apply_{name}")(x))


def test_exp_and_sigmoid_stay_in_order():
    x = np.sort(np.random.default_rng(1).uniform(-30, 30, 100_000).astype(np.float32))
    for name in ("exp", "sigmoid", "tanh"):
        y = compiled(f"apply_{name}")(x)
        # Neighbouring results may swap by no more than their own error.
        assert (np.diff(y) >= -4 * np.spacing(np.abs(y[1:]))).all()


@pytest.mark.parametrize("real_name", ["float32", "float64"])
def test_larger(real_name):
    a, b = np.random.default_rng(2).standard_normal((2, 101)).astype(real_name)
    np.testing.assert_array_equal(compiled("apply_larger", real_name)(a, b), np.maximum(a, b))


def test_float64_is_the_library():
    x = np.random.default_rng(3).uniform(0.01, 5, 200)
    for name in ("exp", "expm1", "log", "log1p", "tanh"):
        np.testing.assert_allclose(compiled(f"apply_{name}", "float64")(x), getattr(np, name)(x), rtol=4e-16)


def test_device_functions_are_only_for_kernels():
    with pytest.raises(TypeError, match="exp is only meaningful inside a kernel"):
        elementary.exp(1.0)
