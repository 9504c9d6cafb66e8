"""Activations and losses far away from 0, in value and gradient, against SciPy in float64."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from tests.kernels.running import Run, all_kernels

FAR = np.array([88.0, 100.0, 1e4, 1e10, 1e19, 1e20, 1e30, 1e38, 3.4e38])
X = np.concatenate([-FAR, FAR, np.linspace(-30, 30, 301)]).astype(np.float32).astype(np.float64)

targets = pytest.mark.parametrize("target", ["cpu", "python"])
types = pytest.mark.parametrize("dtype", ["float32", "float64"])


def silu(x):
    return x * special.expit(x), special.expit(x) * (1 + x * special.expit(-x))


def gelu(x):
    with np.errstate(over="ignore"):
        density = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    return x * special.ndtr(x), special.ndtr(x) + x * density


@types
@targets
@pytest.mark.parametrize("function", [silu, gelu])
def test_activations_far_out(function, target, dtype):
    kernels, sizes = all_kernels(), {"n": X.size}
    y = Run(kernels[function.__name__], {"x": X}, sizes, target=target, dtype=dtype)()["y"]
    inputs = {"x": X, "dy": np.ones_like(X)}
    dx = Run(kernels[f"{function.__name__}_gradient"], inputs, sizes, target=target, dtype=dtype)()["dx"]
    value, slope = function(X)
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(y, value, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(dx, slope, rtol=tolerance, atol=tolerance)


def _binary_loss(logit: float, label: float, target: str, dtype: str) -> tuple[float, float]:
    inputs = {"logits": np.array([logit]), "targets": np.array([label]), "d_loss": np.array([1.0])}
    kernels = all_kernels()
    loss = Run(kernels["binary_cross_entropy"], inputs, {"n": 1}, target=target, dtype=dtype)()["loss"][0]
    gradient = Run(kernels["binary_cross_entropy_gradient"], inputs, {"n": 1}, target=target, dtype=dtype)()
    return float(loss), float(gradient["d_logits"][0])


@types
@targets
@pytest.mark.parametrize("logit", [-80.0, -40.0, -15.0, -3.0, -1e-3, 0.0, 1e-3, 3.0, 15.0, 40.0, 80.0])
@pytest.mark.parametrize("label", [0.0, 0.25, 1.0])
def test_binary_cross_entropy_keeps_its_digits(logit, label, target, dtype):
    x = float(np.float32(logit))
    loss, gradient = _binary_loss(x, label, target, dtype)
    right = -label * special.log_expit(x) - (1 - label) * special.log_expit(-x)
    slope = {0.0: special.expit(x), 1.0: -special.expit(-x)}.get(label, special.expit(x) - label)
    np.testing.assert_allclose([loss, gradient], [right, slope], rtol=1e-6 if dtype == "float32" else 1e-13)


@types
@targets
def test_binary_cross_entropy_of_a_confident_answer(target, dtype):
    loss, gradient = _binary_loss(15.0, 1.0, target, dtype)
    assert loss == pytest.approx(3.059e-7, rel=1e-4)
    assert gradient == pytest.approx(-3.059e-7, rel=1e-4)
    for logit in (1e38, -1e38):
        loss, gradient = _binary_loss(logit, 1.0, target, dtype)
        assert loss == pytest.approx(0.0 if logit > 0 else 1e38)
        assert gradient == pytest.approx(0.0 if logit > 0 else -1.0, abs=1e-37)


def test_batch_norm_of_many_pixels_keeps_its_digits():
    """As many as a batch of images has: summed up one after the other, they would lose four digits."""
    x = np.float32(100 + np.random.default_rng(0).standard_normal((60_000, 3))).astype(np.float64)
    inputs = {"x": x, "gamma": np.ones(3), "beta": np.zeros(3), "epsilon": np.zeros(1)}
    run = Run(all_kernels()["batch_norm"], inputs, {"B": 60_000, "H": 3}, dtype="float32")()
    np.testing.assert_allclose(run["mean"], x.mean(0), rtol=3e-7)
    np.testing.assert_allclose(run["variance"], x.var(0), rtol=1e-5)
