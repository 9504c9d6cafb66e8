"""Batch and layer normalisation as layers of a network in training."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from tests.tasks.test_training import experiment


def net(norm, **changes):
    model = [{"dense": 8}, norm, "relu", {"dense": "classes"}]
    return experiment(**({"model": model, "watch": ["loss"], "train": {"batch": "all", "steps": 50}} | changes))


def first_layer(net, w):
    return net.split.train.inputs.astype(np.float64) @ w["dense1.weight"] + w["dense1.bias"]


def test_running_statistics_follow_those_of_the_batches():
    made = net({"batch_norm": {"momentum": 0.8}})
    mean, variance = np.zeros(8), np.ones(8)
    for _ in range(4):
        hidden = first_layer(made, made.weights())
        mean = 0.8 * mean + 0.2 * hidden.mean(axis=0)
        variance = 0.8 * variance + 0.2 * hidden.var(axis=0, ddof=1)
        made.advance(1)
    w = made.weights()
    np.testing.assert_allclose(w["batch_norm1.running_mean"], mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(w["batch_norm1.running_variance"], variance, rtol=1e-4)


def test_looking_at_a_network_does_not_move_its_running_statistics():
    made = net("batch_norm", watch=["loss", "grad_norm", "roundness"])
    assert not made.weights()["batch_norm1.running_mean"].any()
    made.advance(3)
    before = made.weights()
    made.measure()
    made.pictures()
    assert all(np.array_equal(before[name], value) for name, value in made.weights().items())


def test_evaluation_uses_the_running_statistics():
    made = net("batch_norm")
    made.advance(10)
    w = {name: value.astype(np.float64) for name, value in made.weights().items()}
    hidden = first_layer(made, w) - w["batch_norm1.running_mean"]
    hidden = hidden / np.sqrt(w["batch_norm1.running_variance"] + 1e-5)
    hidden = np.maximum(hidden * w["batch_norm1.gamma"] + w["batch_norm1.beta"], 0)
    logits = hidden @ w["dense2.weight"] + w["dense2.bias"]
    targets = made.split.train.targets
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert made.measure()["loss"] == pytest.approx(-logs[np.arange(len(targets)), targets].mean(), rel=1e-5)


@pytest.mark.parametrize("norm", ["batch_norm", "layer_norm"])
def test_scale_and_shift_are_learned_and_are_no_weights(norm):
    made = net(norm, watch=["weight_norm"])
    before = made.weights()
    made.advance(5)
    after = made.weights()
    for name in ("gamma", "beta"):
        assert (before[f"{norm}1.{name}"] != after[f"{norm}1.{name}"]).any()
    assert [name for name in made.metrics if norm in name] == []


def test_a_state_holds_the_running_statistics():
    first, second = net("batch_norm"), net("batch_norm")
    first.advance(6)
    second.restore(first.state())
    first.advance(3)
    second.advance(3)
    assert all(np.array_equal(value, second.weights()[name]) for name, value in first.weights().items())


def test_one_example_per_step_has_no_spread():
    with pytest.raises(InvalidValue, match="at least 2 examples"):
        net("batch_norm", train={"batch": 1, "steps": 5})
