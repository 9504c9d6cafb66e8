"""Figures and metrics of convolutional networks: what they show is worked out here in another way."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.tasks.figures import activations
from lab.tasks.host_metrics.filters import oriented_energy
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


TWO_CONVOLUTIONS = [
    {"conv": 4, "kernel_size": 3}, "relu", {"conv": 5, "kernel_size": 3}, "relu", "flatten", {"dense": "classes"},
]  # fmt: skip


def test_filters_over_time_are_those_of_the_first_and_of_the_last_measurement():
    net = shown("filters_over_time")
    (before,) = net.pictures()
    assert before.images.shape == (4, 3, 5 * 4 - 1)  # four filters of 3×3; five moments, with lines between
    first = net.weights()["conv1.weight"].astype(np.float64)
    for _ in range(7):  # more measurements than there are moments
        net.measure()
        net.advance(2)
    net.measure()
    last = net.weights()["conv1.weight"].astype(np.float64)
    (strips,) = net.pictures()
    assert strips.captions == ("steps 0, 2, 4, 8, 14", "", "", "")
    for number, strip in enumerate(strips.images):
        for weight, shown_one in ((first, strip[:, :3]), (last, strip[:, -3:])):
            filter_ = weight[:, :, 0, number]
            np.testing.assert_allclose(shown_one, 0.5 + filter_ / (2 * np.abs(filter_).max()), atol=1e-6)
        assert (strip[:, 3::4] == 0).all()


def test_later_filters_stand_by_channel_on_one_scale():
    net = shown("later_filters", TWO_CONVOLUTIONS)
    (picture,) = net.pictures()
    weight = net.weights()["conv2.weight"].astype(np.float64)
    assert picture.images.shape == (5, 3, 4 * 4 - 1)
    for number, row in enumerate(picture.images):
        for channel in range(4):
            expected = 0.5 + weight[:, :, channel, number] / (2 * np.abs(weight).max())
            np.testing.assert_allclose(row[:, 4 * channel : 4 * channel + 3], expected, atol=1e-6)
    assert shown("later_filters").pictures() == []


def filters_of(*images):
    """Weights [height, width, 1, filters] of images."""
    return np.stack(images, axis=-1)[:, :, None]


def test_oriented_energy_is_1_of_edges_and_0_of_what_is_the_same_in_all_directions():
    rows, columns = np.mgrid[-3:4, -3:4].astype(np.float64)
    edge = np.tanh(columns)
    blob = np.exp(-(rows**2 + columns**2) / 4)
    assert oriented_energy(filters_of(edge)) == pytest.approx(1)
    assert oriented_energy(filters_of(edge.T)) == pytest.approx(1)
    assert oriented_energy(filters_of(rows + columns)) == pytest.approx(1)
    assert oriented_energy(filters_of(blob)) == pytest.approx(0, abs=1e-12)
    assert oriented_energy(filters_of(edge, edge.T)) == pytest.approx(1)  # each has a direction of its own
    # What is as strong counts as much: half of all that changes is oriented.
    as_strong = blob * np.sqrt(changes(edge) / changes(blob))
    assert oriented_energy(filters_of(edge, as_strong)) == pytest.approx(0.5)
    assert np.isnan(oriented_energy(np.ones((3, 3, 1, 2))))


def test_colours_of_a_filter_count_together():
    edge = np.tanh(np.mgrid[-3:4, -3:4][1].astype(np.float64))
    in_two_colours = np.stack([edge, edge.T, 0 * edge], axis=-1)[..., None]
    assert oriented_energy(in_two_colours) == pytest.approx(1)
    assert oriented_energy(in_two_colours, together=True) == pytest.approx(0, abs=1e-12)


def changes(image):
    """The sum of squares of how much an image changes along and down, between 2×2 pixels."""
    along, down = np.diff(image, axis=1), np.diff(image, axis=0)
    return (((along[1:] + along[:-1]) / 2) ** 2 + ((down[:, 1:] + down[:, :-1]) / 2) ** 2).sum()


def test_oriented_energy_is_measured_of_each_convolution_with_a_window():
    model = [*TWO_CONVOLUTIONS[:4], {"conv": 3, "kernel_size": 1}, *TWO_CONVOLUTIONS[4:]]
    net = shown("filters", model, watch=["oriented_energy"])
    found, weights = net.measure(), net.weights()
    assert list(found) == ["oriented_energy.conv1", "oriented_energy.conv2"]
    for name, value in found.items():
        weight = weights[f"{name.partition('.')[2]}.weight"]
        assert value == pytest.approx(oriented_energy(weight))
        assert 0.1 < value < 0.7
