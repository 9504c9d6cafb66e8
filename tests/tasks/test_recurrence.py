"""`task: recurrence`: states and gradients against NumPy, and what is said about the weights."""

from __future__ import annotations

import numpy as np
import pytest

from lab.pictures import Curves
from tests.tasks.test_training import experiment

WATCH = ["state", "gradient", "line", "singular_value", "radius"]
SLOPES = {
    "identity": lambda h: np.ones_like(h),
    "tanh": lambda h: 1 - h**2,
    "relu": lambda h: (h > 0).astype(float),
}
FUNCTIONS = {"identity": lambda a: a, "tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}


def run(steps=7, **options):
    settings = {"task": "recurrence", "data": None, "model": [], "init": None, "watch": WATCH}
    return experiment(4, options={"units": 6, **options}, train={"steps": steps}, **settings)


@pytest.mark.parametrize("nonlinearity", FUNCTIONS)
@pytest.mark.parametrize("matrix", ["normal", "skewed"])
def test_states_and_gradients_are_those_of_numpy(nonlinearity, matrix):
    made = run(nonlinearity=nonlinearity, matrix=matrix, radius=1.4, bias=0.3)
    w, bias, h = made.weights()["weight"], made.weights()["bias"], made.read(made._state)
    product = np.eye(6)
    for _ in range(7):
        h = FUNCTIONS[nonlinearity](h @ w + bias)
        product = product @ w * SLOPES[nonlinearity](h)
    made.advance(7)
    found = made.measure()
    assert found["state"] == pytest.approx(np.sqrt((h**2).mean()), rel=1e-12)
    assert found["gradient"] == pytest.approx(np.linalg.svd(product)[1][0], rel=1e-9)
    assert found["line"] == pytest.approx(1.4**7)


@pytest.mark.parametrize("matrix", ["orthogonal", "normal", "skewed"])
def test_weights_have_the_radius_that_is_asked_for(matrix):
    found = run(matrix=matrix, radius=0.9).measure()
    assert found["radius"] == pytest.approx(0.9)
    assert found["singular_value"] > 0.9 + (0.05 if matrix != "orthogonal" else -1e-9)


def test_the_picture_has_what_was_measured_before_a_restart():
    first, second = run(), run()
    for _ in range(3):
        first.advance(1)
        first.measure()
    second.restore(first.state())
    curves = second.pictures()[0]
    assert isinstance(curves, Curves)
    assert curves.x.tolist() == [1, 2, 3]
    np.testing.assert_allclose(curves.lines["radius ** lag"], 1)
