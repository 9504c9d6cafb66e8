"""Figures and metrics of convolutional networks: what they show is worked out here in another way."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.tasks.figures import activations
from lab.tasks.training.predictor import Predictor
from tests.tasks.test_training import experiment

CONV = [{"conv": 4, "kernel_size": 3}, "relu", "flatten", {"dense": "classes"}]
DIGITS = {"name": "digits", "examples": 60, "validation": 0.3}


def shown(picture, model=CONV, **changes):
    options = {"pictures": [picture], **changes.pop("options", {})}
    return experiment(
        model=model, data=DIGITS, watch=changes.pop("watch", ["loss"]), options=options, optimizer={"rate": 0.05},
        train={"batch": 20, "steps": 20, "measure": 5}, **changes,
    )  # fmt: skip


def correlated(images, weight, bias):
    height, width = images.shape[1] - 2, images.shape[2] - 2
    y = np.zeros((len(images), height, width, weight.shape[-1]))
    for row in range(3):
        for column in range(3):
            y += images[:, row : row + height, column : column + width] @ weight[row, column]
    return y + bias


def test_filters_and_feature_maps_are_those_of_the_first_convolution():
    net = shown("filters", options={"pictures": ["filters", "feature_maps"]})
    filters, maps, image = net.pictures()
    weight = net.weights()["conv1.weight"].astype(np.float64)
    expected = np.moveaxis(weight[:, :, 0], -1, 0) / (2 * np.abs(weight).max()) + 0.5
    np.testing.assert_allclose(filters.images, expected, atol=1e-6)
    first = np.asarray(net.inspection.evaluation_sample.inputs[:1], np.float64)
    y = np.maximum(correlated(first, weight, net.weights()["conv1.bias"]), 0)[0]
    np.testing.assert_allclose(maps.images, np.moveaxis(y - y.min(), -1, 0) / (y.max() - y.min()), atol=1e-5)
    assert image.images.shape == (1, 8, 8)


def test_the_receptive_field_is_the_window_of_the_weights():
    (field,) = shown("receptive_field", [{"conv": 2, "kernel_size": 3}, "flatten", {"dense": "classes"}]).pictures()
    seen = np.argwhere(field.values > 0)
    assert seen.min(axis=0).tolist() == [3, 3]
    assert seen.max(axis=0).tolist() == [5, 5]  # the middle of 6×6 outputs is the one at 3, 3


def test_pooling_regions_are_the_windows_of_the_steps_that_come():
    """Along a row that rises from left to right, the largest number of a window is its last."""
    halving = [{"max_pool": 2}, "flatten", {"dense": "classes"}]
    (fixed,) = shown("pooling_regions", halving).pictures()
    stripes = fixed.images[0, :, :, 0] > 0.5
    np.testing.assert_array_equal(stripes, np.tile([True, True, False, False], (12, 2)))
    drawn_anew = {"fractional_max_pool": 1.4, "overlapping": False}
    net = shown("pooling_regions", [drawn_anew, "flatten", {"dense": "classes"}])
    net.advance(3)
    (drawn,) = net.pictures()
    changes = np.diff(drawn.images[0, :, :, 0], axis=1) != 0
    assert changes.sum(axis=1).tolist() == [4] * 12  # five windows for eight pixels
    assert len({tuple(row) for row in changes.tolist()}) > 1  # other windows in other steps
    rising = np.broadcast_to(np.arange(8.0)[:, None], (1, 8, 8, 1))
    look = Predictor(net.network, rising.shape, lambda _, parts: {"y": parts[0].y}, training=True)
    for step, row in enumerate(changes, start=3):
        last = look(rising, net.weights(), net.inspection.settings(), step=step)["y"][0, 0, :, 0]
        np.testing.assert_array_equal(np.flatnonzero(row), last[:-1])
    (again,) = net.pictures()
    np.testing.assert_array_equal(again.images, drawn.images)


def test_layer_costs_are_those_of_the_shapes():
    parameters, multiply_adds, activations = shown("layer_costs").pictures()
    assert parameters.values == {"conv1": 40, "dense1": 1450}
    assert multiply_adds.values == {"conv1": 6 * 6 * 9 * 4, "dense1": 1440}
    assert activations.values == {"conv1": 144, "dense1": 10}


def test_the_shift_test_follows_a_stride_at_whole_outputs_alone():
    (curves,) = shown(
        "shift_test", [{"conv": 4, "kernel_size": 1, "stride": 2}, "flatten", {"dense": "classes"}]
    ).pictures()
    line = curves.lines["conv1"]
    assert line[0] == line[2] == line[4] == 0
    assert line[1] > 0.1
    (curves,) = shown("shift_test").pictures()
    np.testing.assert_allclose(curves.lines["conv1"][:4], 0, atol=1e-6)
    wide = [{"conv": 2, "kernel_size": 7, "padding": 3}, "flatten", {"dense": "classes"}]
    (curves,) = shown("shift_test", wide).pictures()  # what sees a border is not compared
    np.testing.assert_allclose(curves.lines["conv1"][:2], 0, atol=1e-6)


def test_the_gradient_map_has_the_norm_of_every_layers_gradient():
    net = shown("gradient_map", watch=["grad_norm"])
    net.advance(5)
    measured = net.measure()
    (field,) = net.pictures()
    assert field.values.shape[0] == 2
    assert 10 ** field.values[-1, 0] == pytest.approx(measured["grad_norm.conv1"], rel=1e-3)  # the first layer below


def test_costs_of_a_network_and_of_published_ones():
    net = shown(
        "filters", watch=["multiply_adds", "outputs", "receptive_field", "depth", "published_parameters"],
        options={"published": ["squeezenet1.0", "alexnet"]},
    )  # fmt: skip
    values = net.measure()
    assert values["multiply_adds"] == 6 * 6 * 9 * 4 + 1440
    assert values["outputs.conv1"] == 144
    assert values["receptive_field"] == 3
    assert values["depth"] == 2
    assert values["published_parameters.squeezenet1_0"] == 1248424
    assert values["published_parameters.alexnet"] == 60965224
    with pytest.raises(InvalidValue, match="alexnet"):
        shown("filters", options={"published": ["alexnett"]})


def test_the_branch_norm_is_what_the_layers_inside_add():
    net = shown("filters", ["flatten", {"residual": [{"dense": 64}]}, {"dense": "classes"}], watch=["branch_norm"])
    x = np.asarray(net.inspection.evaluation_sample.inputs[:64], np.float64).reshape(-1, 64)
    w = net.weights()
    added = x @ w["residual1.dense1.weight"] + w["residual1.dense1.bias"]
    expected = np.linalg.norm(added) / np.linalg.norm(x)
    assert net.measure()["branch_norm.residual1"] == pytest.approx(expected, rel=1e-4)


def test_a_column_by_itself_is_that_column_and_drop_path_keeps_the_mean_finite():
    model = [{"dense": 8}, {"fractal": 2, "layers": [{"dense": 8}, "tanh"], "drop_path": 0.9}, {"dense": "classes"}]
    net = shown("filters", ["flatten", *model], watch=["loss", "column_accuracy"])
    net.advance(10)
    assert net.diverged() is None
    w = {name: value.astype(np.float64) for name, value in net.weights().items()}
    held_back = net.inspection.split.validation
    first = np.asarray(held_back.inputs, np.float64).reshape(-1, 64) @ w["dense1.weight"] + w["dense1.bias"]

    def piece(name, x):
        return np.tanh(x @ w[f"{name}.weight"] + w[f"{name}.bias"])

    shallow = piece("fractal1.column1.dense1", first)
    deep = piece("fractal1.column2.dense2", piece("fractal1.column2.dense1", first))
    values = net.measure()
    for name, y in (("column1", shallow), ("column2", deep), ("all", (shallow + deep) / 2)):
        right = (y @ w["dense2.weight"] + w["dense2.bias"]).argmax(axis=1) == held_back.targets
        assert values[f"column_accuracy.{name}"] == pytest.approx(right.mean(), abs=0.06)


def test_activations_of_many_numbers_are_counted_part_by_part(monkeypatch):
    """The histograms are the same, and the range where 99 % lie nearly so, when parts and draws are small."""
    (whole,) = shown("activations", [{"conv": 4, "kernel_size": 3}, "relu", "flatten", {"dense": "classes"}]).pictures()
    monkeypatch.setattr("lab.tasks.figures.activations.AT_ONCE", 100)
    (parts,) = shown("activations", [{"conv": 4, "kernel_size": 3}, "relu", "flatten", {"dense": "classes"}]).pictures()
    np.testing.assert_array_equal(parts.counts["relu1"], whole.counts["relu1"])
    assert whole.counts["relu1"].sum() == 6 * 6 * 4 * 60
    random = np.random.default_rng(1)
    monkeypatch.setattr("lab.tasks.figures.activations.MOST_SORTED", 4000)
    low, high = activations._ends([random.standard_normal(20_000), np.append(random.standard_normal(20_000), 1e6)])
    assert (low, high) == pytest.approx((-2.58, 2.58), abs=0.3)


def test_of_many_convolutions_the_first_two_and_the_last_are_shown():
    model = [*[{"conv": 2, "kernel_size": 2}, "relu"] * 5, "flatten", {"dense": "classes"}]
    titles = [each.title for each in shown("feature_maps", model).pictures()]
    assert titles == ["Feature maps of relu1", "Feature maps of relu2", "Feature maps of relu5", "Image"]
