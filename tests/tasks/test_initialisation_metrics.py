"""Spread of units and backward signal against NumPy, and the picture of weight matrices."""

from __future__ import annotations

import numpy as np
import pytest

from lab.graph import evaluate
from lab.graph.running import prepare
from lab.metrics import unit_spread
from lab.metrics.device_metric import at_all_positions
from lab.scenario.model import Scenario
from lab.tasks import task_of


def experiment(**changes):
    content = {
        "title": "Net",
        "task": "classify",
        "data": {"name": "iris", "standardise": True},
        "model": [{"dense": 9}, "tanh", {"dense": 5}, "tanh", {"dense": "classes"}],
        "init": {"name": "xavier", "bias": 0.1},
        "optimizer": {"name": "sgd", "rate": 0.1},
        "train": {"batch": 16, "steps": 50},
        "watch": ["loss", "unit_spread", "signal_std"],
        "options": {"pictures": ["weight_matrix"]},
    }
    scenario = Scenario.model_validate(content | changes)
    made = task_of(scenario).build(scenario, 0, None)
    prepare(made.kernels())
    made.prepare()
    return made


def spread(weight, bias):
    return max(np.ptp(weight, axis=1).max(), np.ptp(bias))


def test_spread_is_the_largest_difference_between_two_units():
    made = experiment()
    made.advance(20)
    values, weights = made.measure(), made.weights()
    right = {
        name: spread(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in ("dense1", "dense2", "dense3")
    }
    for name, number in right.items():
        assert values[f"unit_spread.{name}"] == pytest.approx(number, rel=1e-6)
    assert values["unit_spread"] == pytest.approx(max(right["dense1"], right["dense2"]), rel=1e-6)


def test_a_difference_in_the_bias_alone_counts():
    made = experiment(init={"constant": 0.1})
    assert made.measure()["unit_spread"] == 0
    made.layout.view(made.memory, made.network.parameters.members["dense2.bias"])[3] += 0.25
    values = made.measure()
    assert values["unit_spread.dense1"] == 0
    assert values["unit_spread.dense2"] == values["unit_spread"] == 0.25


@pytest.mark.parametrize(("units", "value", "allowed"), [(8, 0.1, 0), (20, 0.0, 0), (20, 0.1, 1e-5)])
def test_equal_units_stay_equal(units, value, allowed):
    """To the last bit where BLAS adds up in the same order for every unit: for 8 units it does, whatever the processor,
    for 20 it depends on that. Zeros stay zeros in any order."""
    made = experiment(
        init={"constant": value}, model=[{"dense": units}, "tanh", {"dense": units}, "tanh", {"dense": "classes"}]
    )
    made.advance(50)
    assert made.measure()["unit_spread"] <= allowed


def test_layers_without_bias_and_nets_of_one_layer():
    made = experiment(model=[{"dense": {"units": "classes", "bias": False}}], watch=["unit_spread"])
    weight = made.weights()["dense1.weight"]
    assert made.measure()["unit_spread"] == pytest.approx(np.ptp(weight, axis=1).max(), rel=1e-6)


def test_signal_is_the_gradient_of_one_examples_loss():
    made = experiment()
    made.advance(10)
    values, w = made.measure(), {name: value.astype(np.float64) for name, value in made.weights().items()}
    x, labels = made.inspection.evaluation_sample.inputs.astype(np.float64), made.inspection.evaluation_sample.targets
    first = np.tanh(x @ w["dense1.weight"] + w["dense1.bias"])
    second = np.tanh(first @ w["dense2.weight"] + w["dense2.bias"])
    scores = second @ w["dense3.weight"] + w["dense3.bias"]
    share = np.exp(scores - scores.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    share[np.arange(len(labels)), labels] -= 1
    at_second = share @ w["dense3.weight"].T
    at_first = (at_second * (1 - second**2)) @ w["dense2.weight"].T
    assert values["signal_std.tanh2"] == pytest.approx(at_second.std(), rel=1e-4)
    assert values["signal_std.tanh1"] == pytest.approx(at_first.std(), rel=1e-4)


def test_weight_matrices_are_shown_as_they_are():
    made = experiment()
    pictures = made.pictures()
    assert [each.title for each in pictures] == ["Weights of dense1", "Weights of dense2", "Weights of dense3"]
    np.testing.assert_array_equal(pictures[0].values, made.weights()["dense1.weight"])
    assert pictures[0].diverging


def test_of_large_matrices_a_corner_is_shown():
    made = experiment(model=[{"dense": 100}, "tanh", {"dense": "classes"}])
    picture = made.pictures()[0]
    assert picture.values.shape == (4, 64)
    assert picture.x_label == "units 64 of 100"
    assert picture.y_label == "inputs"


def test_units_of_kernels_with_height_and_width_are_their_last_axis():
    """A convolution's weights [height, width, channels, units] count as one column for each unit."""
    weight = np.random.default_rng(0).standard_normal((3, 2, 4, 5))
    found = evaluate(lambda tensor: unit_spread._spread(at_all_positions(tensor)), weight, dtype="float64")
    assert found[0] == pytest.approx(np.ptp(weight, axis=-1).max(), rel=1e-12)
