"""Numbers taken from a whole training: the condition of the data, the loss around the weights."""

from __future__ import annotations

import numpy as np
import pytest

from lab.tasks.host_metrics.condition import condition
from lab.tasks.training.curvature import largest_eigenvalue
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
    made._memory.put = lambda tensor, value: seen.__setitem__(tensor.name, np.asarray(value))
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


# Curvature

BENT = [{"dense": 5}, "tanh", {"dense": "classes"}]


def written_out(net) -> np.ndarray:
    """The Hessian of a network's cross-entropy, two dense layers with tanh between, by differences of the loss."""
    inputs, targets = net.split.train.inputs.astype(np.float64), net.split.train.targets.reshape(-1)
    first = {name: each.astype(np.float64) for name, each in net.weights().items()}
    flat = np.concatenate([each.reshape(-1) for each in first.values()])

    def loss(numbers):
        parts, place = {}, 0
        for name, each in first.items():
            parts[name] = numbers[place : place + each.size].reshape(each.shape)
            place += each.size
        hidden = np.tanh(inputs @ parts["dense1.weight"] + parts["dense1.bias"])
        scores = hidden @ parts["dense2.weight"] + parts["dense2.bias"]
        scores -= scores.max(axis=1, keepdims=True)
        return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(scores)), targets])

    size, by = flat.size, 1e-4 * np.eye(flat.size)
    found = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            corners = [loss(flat + a * by[i] + b * by[j]) for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
            found[i, j] = found[j, i] = (corners[0] - corners[1] - corners[2] + corners[3]) / 4e-8
    return found


def test_sharpness_is_the_largest_eigenvalue_of_the_hessian_written_out():
    net = experiment(model=BENT, watch=["sharpness"], train={"batch": "all", "steps": 50}, optimizer={"l2": 0.1})
    for _ in range(2):  # the second search begins where the first one ended
        assert net.measure()["sharpness"] == pytest.approx(np.linalg.eigvalsh(written_out(net))[-1], rel=2e-5)
        net.advance(20)


def test_the_rate_times_the_sharpness_has_the_rate_as_its_schedule_has_made_it():
    schedule = {"warm_up": {"steps": 10}}
    net = experiment(
        model=BENT,
        watch=["sharpness", "rate_times_sharpness", "rate"],
        train={"batch": "all", "steps": 50},
        optimizer={"rate": 0.5, "schedule": schedule},
    )
    for _ in range(3):
        values = net.measure()
        assert values["rate_times_sharpness"] == pytest.approx(values["rate"] * values["sharpness"], rel=1e-6)
        net.advance(4)
    assert net.measure()["rate"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (
            [
                {"conv": {"channels": 3, "kernel_size": 3}},
                "batch_norm",
                "relu",
                {"dropout": 0.2},
                "flatten",
                {"dense": "classes"},
            ],
            "digits",
        ),
        ([{"dense": 8}, "layer_norm", {"maxout": 4}, {"dense": "classes"}], "spiral"),
    ],
)
def test_sharpness_asks_for_no_second_derivatives_and_leaves_the_training_as_it_is(model, data):
    given = {
        "model": model,
        "data": {"name": data, "examples": 60} if data == "digits" else {"name": data, "points": 60},
    }
    watched, plain = (experiment(**given, watch=watch) for watch in (["loss", "sharpness"], ["loss"]))
    for _ in range(3):
        values = watched.measure()
        assert 0 < values["sharpness"] < 1e6
        assert values["loss"] == plain.measure()["loss"]
        for each in (watched, plain):
            each.advance(5)


@pytest.mark.parametrize("size", [1, 2, 30])
def test_the_largest_eigenvalue_of_a_matrix_and_not_the_one_of_largest_magnitude(size):
    axes = np.linalg.qr(RNG.standard_normal((size, size)))[0]
    values = np.linspace(-9, 3, size)
    matrix = axes * values @ axes.T
    value, vector = largest_eigenvalue(lambda each: matrix @ each, RNG.standard_normal(size))
    assert value == pytest.approx(values[-1], rel=1e-5)
    assert np.abs(vector @ axes[:, -1]) == pytest.approx(np.linalg.norm(vector), rel=1e-3)


def test_no_curvature_is_0_and_what_is_not_finite_is_told_as_such():
    assert largest_eigenvalue(np.zeros_like, RNG.standard_normal(6))[0] == 0
    assert np.isnan(largest_eigenvalue(lambda each: each * np.inf, RNG.standard_normal(6))[0])
