"""Newton's method on a small network: its Hessian against differences of the gradient, and its steps."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from tests.tasks.test_training import experiment, gradients

NET = {
    "data": {"name": "spiral", "points": 60, "noise": 0.3},
    "model": [{"dense": 3}, "relu", {"dense": 3}, "tanh", {"dense": "classes"}],
    "train": {"batch": "all", "steps": 20},
    "watch": ["loss", "grad_norm"],
}


def test_a_step_is_that_of_the_hessian_of_the_whole_network():
    net = experiment(**NET, optimizer={"name": "newton", "damping": 5.0})
    inputs, targets = net.split.train.inputs.astype(np.float64), net.split.train.targets
    weights = {name: value.astype(np.float64) for name, value in net.weights().items()}
    names, sizes = list(weights), [value.size for value in weights.values()]

    def flat(arrays):
        return np.concatenate([arrays[name].ravel() for name in names])

    def split(vector):
        parts = np.split(vector, np.cumsum(sizes)[:-1])
        return {name: part.reshape(weights[name].shape) for name, part in zip(names, parts, strict=True)}

    def gradient(vector):
        return flat(gradients(split(vector), inputs, targets))

    start = flat(weights)
    ends = [(gradient(start + 1e-5 * unit) - gradient(start - 1e-5 * unit)) / 2e-5 for unit in np.eye(start.size)]
    right = start - np.linalg.solve(np.array(ends) + 5.0 * np.eye(start.size), gradient(start))
    net.advance(1)
    np.testing.assert_allclose(flat(net.weights()), right, rtol=1e-3, atol=1e-4)


def test_a_linear_classifier_needs_a_handful_of_steps():
    linear = {**NET, "model": [{"dense": "classes"}], "init": "zero"}
    net = experiment(**linear, optimizer={"name": "newton", "damping": 1e-4})
    net.advance(8)
    assert net.measure()["grad_norm"] < 1e-4


def test_layers_without_second_derivatives_are_named():
    with pytest.raises(InvalidValue, match="second derivatives"):
        experiment(**{**NET, "model": [{"dense": 3}, "gelu", {"dense": "classes"}]}, optimizer={"name": "newton"})


def test_a_penalty_is_part_of_the_hessian():
    # A squared error with a penalty is a quadratic, whose minimum one step reaches.
    net = experiment(
        task="regress",
        data={"name": "linear", "points": 40},
        model=[{"dense": "outputs"}],
        init="he",
        optimizer={"name": "newton", "l2": 1.0},
        train={"batch": "all", "steps": 5},
        watch=["loss", "grad_norm"],
    )
    net.advance(1)
    w, b = (net.weights()[f"dense1.{name}"].astype(np.float64) for name in ("weight", "bias"))
    x, y = net.split.train.inputs, net.split.train.targets
    error = x @ w + b - y
    np.testing.assert_allclose(2 * x.T @ error / error.size + w, 0, atol=1e-5)
    np.testing.assert_allclose(2 * error.mean(axis=0), 0, atol=1e-5)
