"""Dropout, DropConnect, residual blocks and stochastic depth as layers of a network in training."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph.running import bind
from lab.tasks.training.predictor import Predictor
from tests.tasks.test_training import experiment

TRAIN = {"batch": "all", "steps": 50}


def net(model, **changes):
    return experiment(**({"model": [*model, {"dense": "classes"}], "watch": ["loss"], "train": TRAIN} | changes))


def evaluated(made, weights=None):
    inputs = made.split.train.inputs
    predictor = Predictor(made.network, inputs.shape)
    return predictor(inputs, weights or made.weights(), made.settings())["output"]


def hidden(made, weights):
    inputs = made.split.train.inputs.astype(np.float64)
    return np.maximum(inputs @ weights["dense1.weight"] + weights["dense1.bias"], 0)


@pytest.mark.parametrize(("form", "factor"), [("inverted", 1.0), ("plain", 0.8), ("scaled_by_drop_probability", 0.2)])
def test_evaluation_scales_as_the_form_says(form, factor):
    made = net([{"dense": 16}, "relu", {"dropout": {"rate": 0.2, "form": form}}])
    made.advance(5)
    w = made.weights()
    expected = factor * hidden(made, w) @ w["dense2.weight"] + w["dense2.bias"]
    np.testing.assert_allclose(evaluated(made), expected, rtol=1e-3, atol=1e-5)


def test_the_backward_pass_drops_what_the_forward_pass_dropped():
    made = net([{"dense": 40}, "dropout"], train={"batch": 1, "steps": 50})
    for _ in range(3):
        made.advance(1)
        gradients = {name: made.layout.view(made.memory, each) for name, each in made.gradients.members.items()}
        sent, came_back = gradients["dense2.weight"].any(axis=1), gradients["dense1.bias"] != 0
        np.testing.assert_array_equal(sent, came_back)
        assert 5 < sent.sum() < 35


def test_masks_differ_from_step_to_step_and_between_layers():
    made = net([{"dense": 30}, "dropout", {"dense": 30}, "dropout"], train={"batch": 1, "steps": 50})
    seen = []
    for _ in range(2):
        made.advance(1)
        for name in ("dense1.bias", "dense2.bias"):
            seen.append(made.layout.view(made.memory, made.gradients.members[name]) != 0)
    assert all((seen[i] != seen[j]).any() for i in range(4) for j in range(i))


def test_the_rate_can_be_changed_while_training():
    made = net([{"dense": 40}, {"dropout": 0.5}], train={"batch": 1, "steps": 50})
    assert made.settings()["dropout1.rate"] == 0.5
    made.change("dropout1.rate", 0.0)
    made.advance(1)
    assert made.layout.view(made.memory, made.gradients.members["dense1.bias"]).all()


def test_dropconnect_drops_weights_in_training_only():
    made = net([{"dropconnect": {"units": 30, "rate": 0.5}}])
    made.advance(1)
    gradient = made.layout.view(made.memory, made.gradients.members["dropconnect1.weight"])
    assert (gradient == 0).mean() == pytest.approx(0.5, abs=0.2)
    w = made.weights()
    x = made.split.train.inputs @ w["dropconnect1.weight"] + w["dropconnect1.bias"]
    np.testing.assert_allclose(evaluated(made), x @ w["dense1.weight"] + w["dense1.bias"], rtol=1e-3, atol=1e-5)


BLOCK = [{"dense": 8}, "relu", {"dense": 8}]


def test_a_residual_adds_its_input_and_names_what_is_inside():
    made = net([{"dense": 8}, {"residual": BLOCK}], watch=["loss", "weight_norm", "dead_relu"])
    w = made.weights()
    assert "weight_norm.residual1.dense2" in made.metrics
    assert "dead_relu.residual1.relu1" in made.metrics
    x = made.split.train.inputs @ w["dense1.weight"] + w["dense1.bias"]
    inner = np.maximum(x @ w["residual1.dense1.weight"] + w["residual1.dense1.bias"], 0)
    y = x + inner @ w["residual1.dense2.weight"] + w["residual1.dense2.bias"]
    np.testing.assert_allclose(evaluated(made), y @ w["dense2.weight"] + w["dense2.bias"], rtol=1e-4, atol=1e-5)


def test_evaluation_scales_a_block_by_its_survival():
    made = net([{"dense": 8}, {"residual": {"layers": BLOCK, "survive": 0.7}}])
    w = made.weights()
    x = made.split.train.inputs @ w["dense1.weight"] + w["dense1.bias"]
    inner = np.maximum(x @ w["residual1.dense1.weight"] + w["residual1.dense1.bias"], 0)
    y = x + 0.7 * (inner @ w["residual1.dense2.weight"] + w["residual1.dense2.bias"])
    np.testing.assert_allclose(evaluated(made), y @ w["dense2.weight"] + w["dense2.bias"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("first", [[{"dense": 2}], []])
def test_a_block_that_is_left_out_does_not_learn_and_one_that_survives_does(first):
    block = [{"dense": 8}, "tanh", {"dense": 2}]
    made = net([*first, {"residual": {"layers": block, "survive": 0.5}}])
    open_steps = 0
    for _ in range(20):
        before = made.weights()
        made.advance(1)
        gate = float(made.layout.view(made.memory, made.network.gates.members["residual1"])[0])
        after = made.weights()
        moved = any((before[name] != after[name]).any() for name in before if name.startswith("residual1."))
        learned = made.layout.view(made.memory, made.gradients.members["residual1.dense1.weight"]).any()
        assert learned == (gate == 1)
        assert moved or gate == 0
        open_steps += int(gate)
    assert 4 <= open_steps <= 16


def test_training_with_gates_is_the_same_on_both_targets():
    model = [{"dense": 6}, {"residual": {"layers": [{"dense": 6}, "tanh"], "survive": 0.5}}, {"dropout": 0.3}]
    made, other = (net(model, optimizer={"name": "sgd", "rate": 0.1}) for _ in range(2))
    slow = bind(other.layout.plans["step"], other.memory, "python")
    for _ in range(4):
        made.advance(1)
        slow.run(1)
    for name, value in other.weights().items():
        np.testing.assert_allclose(made.weights()[name], value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "inside", [{"residual": [{"dense": 3}]}, {"residual": {"layers": [{"dense": 3}], "survive": 0.5}}]
)
def test_a_block_must_keep_the_shape(inside):
    with pytest.raises(InvalidValue) as caught:
        net([{"dense": 8}, inside])
    assert "[3]" in caught.value.message
    assert caught.value.path[:2] == ("model", 1)


def test_an_unknown_layer_inside_is_refused():
    with pytest.raises(InvalidValue, match="reluu"):
        net([{"dense": 8}, {"residual": [{"dense": 8}, "reluu"]}])


def test_penalties_can_hold_for_biases_and_add_up():
    def trained(**penalties):
        made = net(
            [{"dense": 4}, "tanh"],
            data={"name": "spiral", "points": 30, "multiply": 1e-30},
            init={"name": "xavier", "bias": 0.5},
            optimizer={"name": "sgd", "rate": 0.1, **penalties},
        )
        before = made.weights()
        made.advance(1)
        return before, made.weights()

    before, after = trained(l2=0.5, l1=0.01)
    w = before["dense1.weight"]
    np.testing.assert_allclose(after["dense1.weight"], w - 0.1 * (0.5 * w + 0.01 * np.sign(w)), rtol=1e-5)
    _, plain = trained()
    _, both = trained(l2=0.5, penalise_biases=True)
    np.testing.assert_allclose(plain["dense1.bias"] - both["dense1.bias"], 0.1 * 0.5 * 0.5, rtol=1e-4)
    np.testing.assert_array_equal(after["dense1.bias"], plain["dense1.bias"])


def test_max_norm_limits_the_weights_into_each_unit():
    made = net([{"dense": 12}, "relu"], optimizer={"name": "sgd", "rate": 0.5, "max_norm": 0.7})
    made.advance(10)
    for name in ("dense1.weight", "dense2.weight"):
        lengths = np.linalg.norm(made.weights()[name], axis=0)
        assert lengths.max() <= 0.7 * (1 + 1e-5)
    assert made.settings()["optimizer.max_norm"] == pytest.approx(0.7)


def test_what_a_block_that_is_left_out_would_have_given_is_not_to_blame():
    block = {"residual": {"layers": [{"dense": 8}, "relu", {"dense": 8}], "survive": 0.5}}
    made = net([{"dense": 8}, block], optimizer={"name": "sgd", "rate": 0.1})
    made.put(made.network.kept["residual1.dense1.weight"], np.nan)
    made.advance(30)
    assert "residual1" in made.diverged()
    made = net([{"dense": 8}, block], optimizer={"name": "sgd", "rate": 0.1})
    made.put(made.network.kept["residual1.dense1.weight"], np.nan)
    made.change("residual1.survive", 1e-9)
    made.advance(30)
    assert made.diverged() is None
    made.put(made.network.kept["dense2.weight"], np.nan)
    made.advance(1)
    assert "dense2" in made.diverged()
