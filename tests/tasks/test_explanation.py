"""A step explained is the step that is taken, and explaining leaves no trace."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lab.errors import BadInput
from lab.tasks.training.explanation import explain
from tests.tasks.test_training import experiment


def section(net, beginning):
    return next(each for each in explain(net) if each.title.startswith(beginning))


def test_explaining_changes_nothing():
    explained, plain = experiment(), experiment()
    for net in (explained, plain):
        net.advance(7)
    explain(explained)
    for net in (explained, plain):
        net.advance(5)
    for name, values in plain.state().items():
        np.testing.assert_array_equal(explained.state()[name], values)


def test_the_weight_that_is_followed_ends_where_the_next_step_brings_it():
    net = experiment()
    net.advance(3)
    last = section(net, "One weight").sentences[-1]
    name, places, after = re.match(r"(\S+)\[(.*)\]: \S+ → (\S+)", last).groups()
    net.advance(1)
    gradients = net.inspection.gradient()  # that of this step
    largest = max(gradients, key=lambda each: np.abs(gradients[each]).max())
    place = np.unravel_index(np.abs(gradients[largest]).argmax(), gradients[largest].shape)
    assert (name, places) == (largest, ", ".join(str(each) for each in place))
    weight = net.weights()[name][tuple(int(each) for each in places.split(","))]
    assert float(after) == pytest.approx(float(weight), rel=1e-5)


def test_every_layer_has_its_activations_and_every_parameter_its_update():
    net = experiment()
    layers = {row[0] for row in section(net, "Forward").table.rows}
    assert layers == {part.name for part in net.layers}
    moved = {row[0]: row for row in section(net, "Update").table.rows}
    assert set(moved) == set(net.network.parameters.members)
    before = net.weights()
    net.advance(1)
    for name, row in moved.items():
        update = np.linalg.norm(net.weights()[name].astype(np.float64) - before[name])
        assert float(row[4]) == pytest.approx(update, rel=2e-3)


def test_a_layer_that_takes_each_number_alone_has_the_shape_of_what_came_in():
    shapes = {row[0]: row[2] for row in section(experiment(), "Forward").table.rows}
    assert "×" in shapes["relu1"]
    assert shapes["relu1"] == shapes["dense1"]


def test_the_formula_of_a_layer_adds_up():
    net = experiment()
    told = section(net, "The numbers in the formulas").sentences
    product = next(each for each in told if each.startswith("dense1, unit 0: ") and "…" not in each)
    terms, result = product.removeprefix("dense1, unit 0: ").split(" = ")
    total = 0.0
    for term in terms.split(" + "):
        factors = [float(each.strip("()")) for each in term.split("·")]
        total += float(np.prod(factors))
    assert total == pytest.approx(float(result), abs=0.02)


def test_an_experiment_without_training_steps_says_so():
    with pytest.raises(BadInput, match="Only training steps of a network"):
        explain(object())


def test_a_block_that_is_left_out_is_not_explained():
    block = {"residual": {"layers": [{"dense": 8}], "survive": 0.5}}
    net = experiment(model=[{"dense": 8}, block, {"dense": "classes"}], train={"batch": 16, "steps": 50})
    seen = set()
    for _ in range(12):
        rows = section(net, "Forward").table.rows
        net.advance(1)
        gate = float(net.layout.view(net.memory, net.network.gates.members["residual1"])[0])
        assert any(row[0] == "residual1.dense1" for row in rows) == (gate == 1)
        seen.add(gate)
    assert seen == {0.0, 1.0}
