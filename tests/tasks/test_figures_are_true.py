"""Every picture of a network in training says what is so: weights are chosen so that the right picture is known."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from lab.nets.initialisers import generator
from lab.tasks.figures import activations, load_figures
from tests.tasks.test_training import experiment

LINEAR = [{"dense": "classes"}]


def shown(name, model=None, **changes):
    """A network that shows one picture alone."""
    model = model or [{"dense": 12}, "relu", {"dense": 6}, "tanh", {"dense": "classes"}]
    return experiment(model=model, options={"pictures": [name]}, **changes)


def put(net, **weights):
    """Chosen weights, such as `dense1_weight=…`."""
    for name, value in weights.items():
        net.put(net.network.kept[name.replace("_", ".")], np.asarray(value, np.float32))


def softmax(logits):
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def hidden(net, inputs):
    """Outputs of the two activation layers of the usual network, in float64."""
    w = {name: value.astype(np.float64) for name, value in net.weights().items()}
    first = np.maximum(inputs @ w["dense1.weight"] + w["dense1.bias"], 0)
    return first, np.tanh(first @ w["dense2.weight"] + w["dense2.bias"])


def test_every_figure_has_a_test_of_its_truth_here():
    tested = {
        "activations", "active_layers", "attention", "data_cloud", "dead_units", "decision_regions", "dropped_units",
        "fitted_curve", "forecast",
        "gates", "gradient_norms", "gradients", "label_scores", "loss_by_examples", "loss_surface", "network", "slopes",
        "units", "weight_matrix", "weight_path", "weights",
    }  # fmt: skip
    of_sums = {"answer_table", "number_waves"}  # see test_modular_arithmetic
    of_images = {"augmented", "confusion", "masks", "mistakes"}  # see test_image_figures_are_true, test_segment
    of_architectures = {
        "feature_maps", "filters", "filters_over_time", "gradient_map", "later_filters", "layer_costs",
        "pooling_regions", "receptive_field", "shift_test",
    }  # fmt: skip
    of_examples = {"maximal_patches", "neighbours"}  # see test_patches and test_neighbours
    of_objects = {  # see test_detect, test_pictures_of_detections and test_locate
        "detected_objects", "located_objects", "lost_objects", "object_masks", "precision_recall", "ranked_detections",
        "suppressed_boxes",
    }  # fmt: skip
    of_explanations = {  # see test_explanations
        "attributions", "explanation_scores", "gradient_times_input", "guided_backprop", "occlusion", "saliency",
        "sanity_check",
    }  # fmt: skip
    # Those of architectures: see test_figures_of_architectures_are_true.
    of_data = of_sums | of_images | of_examples | of_objects
    assert set(load_figures()) == tested | of_data | of_architectures | of_explanations


def test_decision_regions_show_the_likeliest_class_right_side_up():
    """Class 2 above the lines y = 0.2 + |x| / 3, below them class 0 on the right and class 1 on the left."""
    net = shown("decision_regions", LINEAR)
    put(net, dense1_weight=[[5, -5, 0], [0, 0, 15]], dense1_bias=[0, 0, -3])
    (regions,) = net.pictures()
    left, right, bottom, top = regions.extent
    x, y = np.meshgrid(np.linspace(left, right, 60), np.linspace(top, bottom, 40))
    expected = np.where(y > 0.2 + np.abs(x) / 3, 2, np.where(x > 0, 0, 1))
    assert set(expected.ravel()) == {0, 1, 2}
    np.testing.assert_array_equal(regions.classes, expected)
    likeliest = softmax(np.stack([5 * x, -5 * x, 15 * y - 3], axis=-1)).max(axis=-1)
    np.testing.assert_allclose(regions.confidence, likeliest, atol=1e-5)
    data = net.split.train
    np.testing.assert_array_equal(regions.points, data.inputs)
    np.testing.assert_array_equal(regions.labels, data.targets)
    assert left < data.inputs[:, 0].min() < data.inputs[:, 0].max() < right
    assert bottom < data.inputs[:, 1].min() < data.inputs[:, 1].max() < top


def test_units_show_mean_absolute_outputs_and_who_is_dead():
    net = shown("units")
    bias = np.zeros(12)
    bias[[2, 7]] = -100
    put(net, dense1_bias=bias)
    (units,) = net.pictures()
    first, second = hidden(net, net.split.train.inputs)
    assert list(units.activity) == list(units.dead) == ["relu1", "tanh1"]
    np.testing.assert_allclose(units.activity["relu1"], np.abs(first).mean(axis=0), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(units.activity["tanh1"], np.abs(second).mean(axis=0), rtol=1e-4)
    np.testing.assert_array_equal(units.dead["relu1"], (first == 0).all(axis=0))
    assert units.dead["relu1"][[2, 7]].all()
    assert not units.dead["relu1"].all()
    assert not units.dead["tanh1"].any()


def test_activations_are_counted_where_they_lie():
    net = shown("activations")
    (picture,) = net.pictures()
    for name, values in zip(("relu1", "tanh1"), hidden(net, net.split.train.inputs), strict=True):
        counted, edges = np.histogram(values, picture.edges.astype(np.float64))
        assert edges[0] <= values.min()
        assert values.max() <= edges[-1] + 1e-6
        # Those that lie on an edge to within rounding may be on either side of it.
        assert np.abs(np.cumsum(picture.counts[name]) - np.cumsum(counted)).max() <= 2
        assert picture.counts[name].sum() == values.size
    assert list(picture.counts) == ["relu1", "tanh1"]
    assert picture.edges[0] == pytest.approx(min(values.min() for values in hidden(net, net.split.train.inputs)))
    assert picture.x_label == "activation"


def test_a_long_tail_of_few_activations_does_not_squash_the_rest():
    elu = np.expm1(np.linspace(-6, 0, 500))  # many near -1, which is to be told from 0
    rest, tail = np.linspace(0, 8, 500), np.array([25.0, 28.0])
    low, high = activations._ends([np.concatenate([elu, rest, tail]).astype(np.float32)])
    assert low < -0.99
    assert 7.5 < high < 8.5
    assert activations._ends([np.concatenate([elu, rest]).astype(np.float32)]) == pytest.approx((elu[0], 8.0))


def numeric_gradients(net):
    """What `gradient_norms` and `gradients` are about, from the arena, by layer."""
    found = {}
    for name, tensor in net.gradients.members.items():
        found.setdefault(name.partition(".")[0], []).append(net.layout.view(net.memory, tensor).ravel().copy())
    return {layer: np.concatenate(each) for layer, each in found.items()}


def test_gradient_norms_stand_in_the_order_of_the_layers():
    net = shown("gradient_norms")
    net.advance(3)
    (bars,) = net.pictures()
    expected = {layer: np.linalg.norm(each.astype(np.float64)) for layer, each in numeric_gradients(net).items()}
    assert list(bars.values) == ["dense1", "dense2", "dense3"]
    assert bars.values == {layer: pytest.approx(norm, rel=1e-6) for layer, norm in expected.items()}
    assert bars.log


def test_gradients_are_counted_at_their_powers_of_ten():
    net = shown("gradients")
    net.advance(3)
    (picture,) = net.pictures()
    for layer, gradient in numeric_gradients(net).items():
        powers = np.log10(np.abs(gradient[gradient != 0].astype(np.float64)))
        counted, _ = np.histogram(powers, picture.edges.astype(np.float64))
        np.testing.assert_array_equal(picture.counts[layer], counted)


def test_weights_are_counted_around_zero():
    net = shown("weights")
    (picture,) = net.pictures()
    assert list(picture.counts) == ["dense1", "dense2", "dense3"]
    assert picture.edges[0] == -picture.edges[-1]
    largest = max(np.abs(value).max() for name, value in net.weights().items() if name.endswith("weight"))
    assert picture.edges[-1] == pytest.approx(largest)
    put(net, dense2_weight=np.concatenate([np.full((9, 6), 0.3), np.full((3, 6), -0.9)]))
    (picture,) = net.pictures()
    middles = (picture.edges[1:] + picture.edges[:-1]) / 2
    filled = np.flatnonzero(picture.counts["dense2"])
    np.testing.assert_allclose(middles[filled], [-0.9, 0.3], atol=float(np.diff(picture.edges)[0]))
    assert picture.counts["dense2"][filled].tolist() == [18, 54]
    put(net, **{name.replace(".", "_"): 1e-3 * value for name, value in net.weights().items() if "weight" in name})
    assert net.pictures()[0].edges[-1] == pytest.approx(1e-3 * float(picture.edges[-1]))


def test_the_network_has_its_units_in_columns_and_its_weights_and_gradients_between_them():
    net = shown("network")
    net.advance(3)
    (network,) = net.pictures()
    assert network.layers == {"input": 2, "dense1": 12, "dense2": 6, "dense3": 3}
    assert network.whole == {}
    gradients = net.inspection.gradient()
    for name in ("dense1", "dense2", "dense3"):
        np.testing.assert_array_equal(network.weights[name], net.weights()[f"{name}.weight"])
        np.testing.assert_array_equal(network.gradients[name], gradients[f"{name}.weight"])
    (large,) = shown("network", [{"dense": 40}, "relu", {"dense": "classes"}]).pictures()
    assert large.layers == {"input": 2, "dense1": 16, "dense2": 3}
    assert large.whole == {"dense1": 40}
    block = {"residual": [{"dense": 4}]}
    assert shown("network", [{"dense": 4}, block, {"dense": "classes"}]).pictures() == []


def test_a_weight_matrix_has_a_row_per_input_and_a_column_per_unit():
    net = shown("weight_matrix", LINEAR)
    put(net, dense1_weight=[[1, 2, 3], [-4, 5, -6]])
    (field,) = net.pictures()
    assert field.values.tolist() == [[1, 2, 3], [-4, 5, -6]]
    assert (field.x_label, field.y_label) == ("units", "inputs")
    convolution = [{"conv": 4, "kernel_size": 3}, "flatten", {"dense": "classes"}]
    pictures = shown("weight_matrix", convolution, data={"name": "digits", "examples": 60}).pictures()
    assert [each.title for each in pictures] == ["Weights of dense1"]


def test_a_weight_path_goes_from_the_first_measurement_to_the_last():
    """Of the last layer's first unit, weight 3 goes up by 2 and weight 5 down by 1, weight 1 up by less."""
    net = shown("weight_path")
    weight = np.zeros((6, 3))
    for step in range(3):
        weight[0, 0], weight[2, 0], weight[4, 0] = 0.5 * step, 2 * step, -1 * step
        weight[1, 0] = -0.3 * step
        weight[5, 1] = 9 * step  # another unit's does not count
        put(net, dense3_weight=weight)
        net.step = step
        net.measure()
    (scatter,) = net.pictures()
    assert scatter.lines["path"].tolist() == [[0, 0], [2, -1], [4, -2]]
    assert scatter.groups["begin"].tolist() == [[0, 0]]
    assert scatter.groups["end"].tolist() == [[4, -2]]
    assert (scatter.x_label, scatter.y_label) == ("weight 3", "weight 5")


def test_slopes_over_the_steps():
    net = shown("slopes", [{"dense": 3}, {"prelu": 0.25}, {"dense": "classes"}])
    for step, slopes in enumerate(([0.1, 0.2, 0.9], [0.3, -0.5, 0.4])):
        put(net, prelu1_slope=slopes)
        net.step = 10 * step
        net.measure()
    (curves,) = net.pictures()
    assert curves.x.tolist() == [0, 10]
    expected = {"largest": [0.9, 0.4], "median": [0.2, 0.3], "smallest": [0.1, -0.5]}
    for name, values in expected.items():
        np.testing.assert_allclose(curves.lines[name], values, rtol=1e-6)
    assert curves.title == "Slopes of prelu1"


def test_label_scores_are_those_of_their_labels():
    """The network always says yes to the second label and no to the others."""
    net = experiment(
        task="label", model=LINEAR, watch=["f1", "val_f1"], options={"pictures": ["label_scores"]},
        data={"name": "attributes", "points": 120, "labels": 4, "validation": 0.3},
    )  # fmt: skip
    put(net, dense1_weight=np.zeros((64, 4)), dense1_bias=[-9, 9, -9, -9])
    net.measure()
    (bars,) = net.pictures()
    true = net.split.validation.targets[:, 1].mean()
    assert bars.title == "F1 per label, validation set"
    assert list(bars.values) == list(net.split.train.classes)
    assert list(bars.values.values()) == [0, pytest.approx(2 * true / (1 + true), rel=1e-6), 0, 0]


@pytest.mark.parametrize(("batch", "per_step"), [(16, 16), ("all", 72)])
def test_the_loss_stands_over_the_examples_that_were_used(batch, per_step):
    net = shown("loss_by_examples", train={"batch": batch, "steps": 50}, watch=["loss"])
    losses = [net.measure()["loss"]]
    for _ in range(3):
        net.advance(5)
        losses.append(net.measure()["loss"])
    (curves,) = net.pictures()
    assert curves.x.tolist() == [0, 5 * per_step, 10 * per_step, 15 * per_step]
    np.testing.assert_allclose(curves.lines["loss"], losses, rtol=1e-6)


def test_the_loss_surface_is_the_loss_of_moved_weights():
    """In the corner up left, direction 1 is taken off the weights and direction 2 added."""
    net = shown("loss_surface", LINEAR)
    (field,) = net.pictures()
    weights, data = net.weights(), net.split.train

    def loss(a, b):
        moved = weights["dense1.weight"].astype(np.float64)
        for share, name in ((a, "direction 1"), (b, "direction 2")):
            direction = generator(net.seed, f"{name} dense1.weight").standard_normal((2, 3))
            lengths = np.linalg.norm(weights["dense1.weight"], axis=0) / np.linalg.norm(direction, axis=0)
            moved = moved + share * direction * lengths
        shares = softmax(data.inputs @ moved + weights["dense1.bias"])
        return np.log10(-np.log(shares[np.arange(data.count), data.targets]).mean())

    assert field.extent == (-1, 1, -1, 1)
    last = len(field.values) - 1
    for (row, column), place in {
        (0, 0): (-1, 1), (0, last): (1, 1), (last, 0): (-1, -1), (last // 2, last // 2): (0, 0),
        (last // 2, last): (1, 0), (0, last // 2): (0, 1),
    }.items():  # fmt: skip
        assert field.values[row, column] == pytest.approx(loss(*place), rel=1e-4)
    assert (field.x_label, field.y_label) == ("direction 1", "direction 2")


def test_the_data_cloud_shows_the_widest_and_the_narrowest_feature():
    net = shown("data_cloud", LINEAR, data={"name": "gaussian", "points": 60, "features": 3, "scales": [1, 0.01, 50]})
    (scatter,) = net.pictures()
    data = net.split.train
    for number, name in enumerate(data.classes):
        np.testing.assert_array_equal(scatter.groups[name], data.inputs[data.targets == number][:, [2, 1]])
    assert scatter.title.startswith("feature 2 (spread 50, across), feature 1 (0.01, up)")


@pytest.mark.parametrize(("only", "other"), [(0, 1), (2, 0)])
def test_the_data_cloud_shows_two_features_where_only_one_differs(only, other):
    net = shown("data_cloud", LINEAR, data={"name": "gaussian", "points": 60, "features": 3})
    inputs = np.zeros_like(net.split.train.inputs)
    inputs[:, only] = net.split.train.inputs[:, only]
    split = dataclasses.replace(net.split, train=dataclasses.replace(net.split.train, inputs=inputs))
    figure = load_figures()["data_cloud"](SimpleNamespace(split=split))
    (scatter,) = figure.draw(None)
    assert scatter.title.startswith(f"feature {only} ")
    assert f", feature {other} " in scatter.title


def test_the_data_cloud_of_images_names_pixels_by_their_place():
    net = shown("data_cloud", LINEAR, data={"name": "digits", "examples": 100})
    (scatter,) = net.pictures()
    images = net.split.train.inputs
    row, column, _ = np.unravel_index(images.astype(np.float64).std(axis=0).argmax(), (8, 8, 1))
    assert scatter.title.startswith(f"pixel {row + 1}, {column + 1} (spread")
    shown_points = np.concatenate([scatter.groups[name] for name in net.split.train.classes])
    np.testing.assert_array_equal(np.sort(shown_points[:, 0]), np.sort(images[:, row, column, 0]))


def test_dead_units_lie_at_the_bottom_and_time_goes_to_the_right():
    """Units 2 and 7 are dead from the beginning, unit 4 from the third of four measurements on."""
    net = shown("dead_units", watch=["dead_relu"])
    bias = np.full(12, 100.0)
    bias[[2, 7]] = -100
    for step in range(4):
        if step == 2:
            bias[4] = -100
        put(net, dense1_bias=bias)
        net.step = 10 * step
        net.measure()
    (field,) = net.pictures()
    expected = np.zeros((12, 4))
    expected[-2:] = 1
    expected[-3] = [0, 0, 1, 1]
    np.testing.assert_array_equal(field.values, expected)
    assert field.extent == (0, 30, 0, 12)
    assert field.title == "Dead units of relu1"
    assert (field.low, field.high) == (0, 1)  # whoever is dead: one scale


def test_active_layers_are_the_blocks_that_took_part():
    block = {"residual": {"layers": [{"dense": 8}, "relu"], "survive": 0.5}}
    net = shown("active_layers", [{"dense": 8}, block, block, {"dense": "classes"}], watch=["loss"])
    net.measure()  # no step was done yet: nothing to show of it
    seen = []
    for _ in range(12):
        net.advance(1)
        gates = net.network.gates.members
        seen.append([float(net.layout.view(net.memory, gates[name])[0]) for name in ("residual1", "residual2")])
        net.measure()
    (field,) = net.pictures()
    np.testing.assert_array_equal(field.values, np.array(seen).T[::-1])
    assert 0 < np.mean(seen) < 1
    assert (np.array(seen)[:, 0] != np.array(seen)[:, 1]).any()


def test_dropped_units_are_dark_and_the_others_as_bright_as_they_are_active():
    net = shown("dropped_units", [{"dense": 8}, "tanh", {"dropout": 0.5}, {"dense": "classes"}])
    (field,) = net.pictures()
    w = net.weights()
    outputs = np.abs(np.tanh(net.split.train.inputs[:16] @ w["dense1.weight"] + w["dense1.bias"]))
    on = field.values != 0
    assert field.values.shape == (16, 8)
    assert 0.3 < on.mean() < 0.7
    np.testing.assert_allclose(field.values[on], 2 * outputs[on], rtol=1e-4)  # those that stay are doubled
    (again,) = net.pictures()
    np.testing.assert_array_equal(again.values, field.values)
    net.advance(1)
    assert ((net.pictures()[0].values != 0) != on).any()  # another step leaves out others


def test_the_fitted_curve_is_that_of_the_network_beside_the_examples_and_the_truth():
    net = experiment(
        task="regress", model=[{"dense": "outputs"}], watch=["loss"], options={"pictures": ["fitted_curve"]},
        data={"name": "linear", "points": 60, "slope": -3, "intercept": 0.5, "noise": 0.3},
    )  # fmt: skip
    put(net, dense1_weight=[[2]], dense1_bias=[1])
    (scatter,) = net.pictures()
    data = net.split.train
    x, fitted = scatter.lines["fitted"].T
    assert x[0] == data.inputs.min()
    assert x[-1] == data.inputs.max()
    np.testing.assert_allclose(fitted, 2 * x + 1, atol=1e-5)
    np.testing.assert_allclose(scatter.lines["without noise"].T, [x, -3 * x + 0.5], atol=1e-5)
    np.testing.assert_array_equal(scatter.groups["examples"].T, [data.inputs[:, 0], data.targets[:, 0]])


def test_the_forecast_is_of_the_last_rows_in_the_order_of_time_and_in_the_targets_unit(tmp_path):
    days = np.random.default_rng(0).permutation(200)
    rows = [f"{day},{1000 + 7 * day}" for day in days]
    (tmp_path / "t.csv").write_text("\n".join(["day,sold", *rows]) + "\n")
    block = {"csv": str(tmp_path / "t.csv"), "target": "sold", "features": ["sold"], "split_by_time": "day"}
    block |= {"sequence_length": 2, "validation": 0.75, "standardise": True, "standardise_targets": True}
    net = experiment(
        task="regress", data=block, model=["flatten", {"dense": "outputs"}], watch=["loss"],
        options={"pictures": ["forecast"]},
    )  # fmt: skip
    put(net, dense1_weight=[[0], [1]], dense1_bias=[0])  # the last value again
    (curves,) = net.pictures()
    later = np.arange(160, 200)
    np.testing.assert_allclose(curves.lines["true"], 1000 + 7 * later)
    np.testing.assert_allclose(curves.lines["predicted"], 1000 + 7 * (later - 1), rtol=1e-5)
    assert (curves.x_label, curves.y_label) == ("row, by time", "sold")
    np.testing.assert_array_equal(curves.x, np.arange(1, 41))


def test_gates_are_those_of_the_unit_that_writes_most_at_the_mark():
    """The input gate of unit 1 opens at marks, its forget gate is the number's; unit 0 does nothing."""
    data = {"name": "adding", "length": 6, "points": 40, "validation": 0}
    net = experiment(
        task="regress", data=data, model=[{"lstm": {"units": 2, "return": "last"}}, {"dense": "outputs"}],
        options={"pictures": ["gates"]}, watch=["loss"],
    )  # fmt: skip
    weight, bias = np.zeros((2, 8)), np.zeros(8)
    weight[1, 1], bias[1], weight[0, 3], bias[5] = 12, -6, 2, 1.5
    put(net, lstm1_input_weight=weight, lstm1_recurrent_weight=np.zeros((2, 8)), lstm1_bias=bias)
    (curves,) = net.pictures()
    number, mark = net.inspection.evaluation_sample.inputs[0].T
    assert curves.y_label == "lstm1 unit 1"
    expected = {"input gate": 12 * mark - 6, "forget gate": 2 * number, "output gate": np.full(6, 1.5)}
    for name, sums in expected.items():
        np.testing.assert_allclose(curves.lines[name], 1 / (1 + np.exp(-sums)), rtol=1e-4)
    np.testing.assert_array_equal(curves.lines["mark"], mark)
    assert set(curves.lines) == {*expected, "mark"}


def test_attention_is_shown_where_something_is_asked():
    """Queries and keys are letters, so that each one asked for looks at itself and at where it stood with its digit."""
    data = {"name": "transcripts", "kind": "recall", "length": 3, "symbols": 4, "digits": 2, "points": 40, "lag": 1}
    model = [{"embedding": 5}, {"multi_head_attention": 1}, {"dense": "classes"}]
    net = experiment(task="transcribe", data=data | {"validation": 0.25}, model=model, watch=["attention_entropy"])
    codes = np.zeros((15, 5))
    codes[1:5, :4] = np.eye(4)
    for letter in range(4):
        codes[7 + 2 * letter : 9 + 2 * letter, :4] = np.eye(4)[letter]
    codes[0, 4] = 1
    put(net, embedding1_weight=codes)
    for part in ("query", "key"):
        net.put(net.network.kept[f"multi_head_attention1.{part}.weight"], 10 * np.eye(5, dtype=np.float32))
    (picture,) = [each for each in net.pictures() if each.name == "attention"]
    held, names = net.inspection.held_back(1), net.split.train.classes
    read = [names[int(each)] for each in held.inputs[0]]
    assert picture.title == "Where it looks"
    assert picture.x_label == f"reads {' '.join(read)}"
    assert picture.y_label == f"writes {''.join(names[each] for each in held.targets[0] if each)}"
    assert picture.extent == (0.5, 7.5, 3.5, 0.5)
    right = [[0.5 if place[0] == asked else 0.0 for place in read] for asked in read[4:]]
    np.testing.assert_allclose(picture.values, right, atol=1e-6)
    assert all(read[row.argmax()].startswith(asked) for row, asked in zip(np.array(right), read[4:], strict=True))
    inputs = net.inspection.evaluation_sample.inputs.astype(int)
    places = [[sum(np.array_equal(codes[one], codes[other]) for other in row) for one in row] for row in inputs]
    assert net.measure()["attention_entropy"] == pytest.approx(np.log(places).mean(), abs=1e-5)


def test_each_layer_and_head_has_a_picture_of_its_own():
    model = [{"embedding": 4}, {"multi_head_attention": 2}, {"transformer": {"num_heads": 1, "causal": True}},
             {"dense": "classes"}]  # fmt: skip
    data = {"name": "transcripts", "kind": "parity", "length": 4, "symbols": 2, "points": 40}
    net = experiment(
        task="transcribe", data=data, model=model, options={"pictures": ["attention"]}, watch=["attention_entropy"]
    )
    pictures = net.pictures()
    assert [each.title for each in pictures] == [
        "Where it looks, layer 1, head 1", "Where it looks, layer 1, head 2", "Where it looks, layer 2"
    ]  # fmt: skip
    w = {name: each.astype(np.float64) for name, each in net.weights().items()}
    x = w["embedding1.weight"][net.inspection.held_back(1).inputs[0].astype(int)]
    q, k = (x @ w[f"multi_head_attention1.{part}.weight"] for part in ("query", "key"))
    for head in range(2):
        of = slice(2 * head, 2 * head + 2)
        np.testing.assert_allclose(pictures[head].values, softmax(q[:, of] @ k[:, of].T / np.sqrt(2)), atol=1e-5)
    assert np.triu(pictures[2].values, 1).max() < 1e-30
    measured = net.measure()
    layers = ["multi_head_attention1", "transformer1.residual1.multi_head_attention1"]
    each = [measured[f"attention_entropy.{layer}"] for layer in layers]
    assert measured["attention_entropy"] == pytest.approx(np.mean(each))
