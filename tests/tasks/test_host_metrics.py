"""Numbers taken from a whole training: the condition of the data, the loss around the weights."""

from __future__ import annotations

import numpy as np
import pytest

from lab.tasks.host_metrics.condition import condition
from lab.tasks.training.loss_surface import Surface
from tests.tasks.test_training import experiment

RNG = np.random.default_rng(0)


def hessian(inputs):
    rows = np.column_stack([inputs, np.ones(len(inputs))]).astype(np.float64)
    return rows.T @ rows / len(rows)


def test_condition_is_that_of_the_second_moments_with_the_bias():
    inputs = (RNG.standard_normal((50, 4)) * [1, 3, 0.2, 10] + [5, 0, 1, 0]).astype(np.float32)
    assert condition(inputs) == pytest.approx(np.linalg.cond(hessian(inputs)), rel=1e-6)


def test_condition_leaves_out_features_that_do_not_occur_or_repeat_others():
    inputs = RNG.standard_normal((50, 3)).astype(np.float32)
    doubled = np.column_stack([inputs, np.zeros(50), inputs[:, 0]]).astype(np.float32)
    assert condition(doubled) < 10 * condition(inputs)


def test_a_mean_far_from_zero_makes_the_condition_worse_and_centring_takes_that_back():
    inputs = RNG.standard_normal((200, 2)).astype(np.float32)
    inputs -= inputs.mean(axis=0)
    assert condition(inputs + 10) > 50 * condition(inputs)


def test_whitened_data_has_condition_one():
    net = experiment(data={"name": "wine", "whiten": True, "validation": 0.3}, watch=["condition"])
    assert net.measure()["condition"] == pytest.approx(1, abs=1e-3)


def surface(net):
    return Surface(net.inspection).loss(np.zeros((1, 2)))[0]


@pytest.mark.parametrize("norm", [[], ["batch_norm"], ["layer_norm"]])
def test_the_surface_has_the_loss_of_the_network_in_its_middle(norm):
    net = experiment(
        model=[{"dense": 12}, *norm, "relu", {"dense": "classes"}], watch=["loss"], train={"batch": "all", "steps": 50}
    )
    net.advance(5)
    if norm != ["batch_norm"]:  # whose running means lag behind the batch's
        assert surface(net) == pytest.approx(net.measure()["loss"], rel=1e-5)
    inputs, targets = net.split.train.inputs.astype(np.float64), net.split.train.targets
    w = net.weights()
    hidden = inputs @ w["dense1.weight"] + w["dense1.bias"]
    if norm:
        axis = 0 if norm == ["batch_norm"] else 1
        hidden = (hidden - hidden.mean(axis, keepdims=True)) / np.sqrt(hidden.var(axis, keepdims=True) + 1e-5)
        hidden = hidden * w[f"{norm[0]}1.gamma"] + w[f"{norm[0]}1.beta"]
    logits = np.maximum(hidden, 0) @ w["dense2.weight"] + w["dense2.bias"]
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert surface(net) == pytest.approx(-logs[np.arange(len(targets)), targets].mean(), rel=1e-4)


def test_the_surface_has_a_setting_as_it_is_now():
    net = experiment(model=[{"dense": 12}, {"leaky_relu": 0.01}, {"dense": "classes"}], watch=["loss"])
    before = surface(net)
    net.change("leaky_relu1.slope", 0.9)
    assert surface(net) == pytest.approx(net.measure()["loss"], rel=1e-5)
    assert surface(net) != pytest.approx(before, rel=1e-3)


def test_the_surface_of_random_layers_is_under_one_mask():
    net = experiment(model=[{"dense": 12}, "relu", {"dropout": 0.5}, {"dense": "classes"}], watch=["loss"])
    made = Surface(net.inspection)
    losses = made.loss(np.zeros((4, 2)))
    assert set(losses) == {losses[0]}
    assert made.loss(np.zeros((1, 2)))[0] == losses[0]


def test_directions_are_as_long_as_the_weights_into_each_unit():
    net = experiment(watch=["loss"])
    weights, seen = net.weights(), {}
    made = Surface(net.inspection)
    made._put = lambda tensor, value: seen.__setitem__(tensor.name, np.asarray(value))
    made.loss(np.array([[1.0, 0.0]]))
    for name in ("dense1.weight", "dense2.weight", "dense3.weight"):
        moved = np.linalg.norm(seen[name] - weights[name], axis=0)
        np.testing.assert_allclose(moved, np.linalg.norm(weights[name], axis=0), rtol=1e-5)
    np.testing.assert_array_equal(seen["dense1.bias"], weights["dense1.bias"])


def test_roundness_is_between_the_extremes_and_leaves_the_replica_as_it_is():
    net = experiment(watch=["loss", "roundness"], train={"batch": 16, "steps": 400})
    net.advance(400)
    before = net.state()
    value = net.measure()["roundness"]
    assert -1 < value < 1
    assert value != 0
    assert net.measure()["roundness"] == value
    assert all(np.array_equal(before[name], each) for name, each in net.state().items() if name == "step")
    weights = net.weights()
    net.measure()
    assert all(np.array_equal(weights[name], each) for name, each in net.weights().items())
