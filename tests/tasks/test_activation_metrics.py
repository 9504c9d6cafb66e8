"""Signs of gradients, learned slopes, numbers of parameters, ELU's limit, the maxout twin, and their pictures."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tasks.test_training import experiment, gradients


def test_behind_positive_inputs_one_example_gives_all_weights_of_a_unit_one_sign():
    model = [{"dense": 12}, "sigmoid", {"dense": "classes"}]
    net = experiment(model=model, watch=["equal_signs"], train={"batch": 1, "steps": 50})
    for _ in range(10):
        net.advance(1)
        assert net.measure()["equal_signs.dense2"] == 1


def test_equal_signs_are_counted_in_the_gradient_of_the_last_step():
    net = experiment(watch=["equal_signs"], train={"batch": "all", "steps": 50})
    net.advance(3)
    before = net.weights()
    net.advance(1)
    gradient = gradients(before, net.split.train.inputs, net.split.train.targets)["dense3.weight"]
    expected = [max((column > 0).sum(), (column < 0).sum()) / (column != 0).sum() for column in gradient.T]
    values = net.measure()
    assert values["equal_signs.dense3"] == pytest.approx(np.mean(expected), abs=1e-6)
    assert values["equal_signs"] == values["equal_signs.dense3"]


def test_parameters_are_counted_by_layer():
    values = experiment(watch=["parameters"]).measure()
    assert values == {
        "parameters": 36 + 78 + 21, "parameters.dense1": 36, "parameters.dense2": 78, "parameters.dense3": 21,
    }  # fmt: skip


def prelu_net(**changes):
    model = [{"dense": 12}, {"prelu": 0.25}, {"dense": 6}, {"prelu": 0.1}, {"dense": "classes"}]
    return experiment(model=model, **changes)


def test_slopes_are_those_of_all_channels_together():
    net = prelu_net(watch=["slope", "slope_spread"])
    first = net.measure()
    assert first["slope.prelu1"] == pytest.approx(0.25)
    assert first["slope_spread.prelu1"] == pytest.approx(0, abs=1e-6)
    net.advance(30)
    weights, values = net.weights(), net.measure()
    slopes = np.concatenate([weights["prelu1.slope"], weights["prelu2.slope"]])
    assert values["slope"] == pytest.approx(slopes.mean(), rel=1e-4)
    assert values["slope_spread"] == pytest.approx(slopes.std(), rel=1e-4)


def test_the_picture_of_the_slopes_ends_with_those_of_now():
    net = prelu_net(options={"pictures": ["slopes"]})
    net.measure()
    net.advance(20)
    net.measure()
    first, second = net.pictures()
    assert (first.title, second.title) == ("Slopes of prelu1", "Slopes of prelu2")
    np.testing.assert_array_equal(first.x, [0, 20])
    assert first.lines["largest"][-1] == net.weights()["prelu1.slope"].max()
    assert first.lines["smallest"][0] == pytest.approx(0.25)


def test_the_path_is_that_of_the_weights_that_went_up_and_down_most():
    net = experiment(options={"pictures": ["weight_path"]})
    seen = []
    for _ in range(4):
        net.measure()
        seen.append(net.weights()["dense3.weight"][:, 0])
        net.advance(1)
    (scatter,) = net.pictures()
    moved = seen[-1] - seen[0]
    expected = np.stack(seen)[:, [moved.argmax(), moved.argmin()]]
    np.testing.assert_array_equal(scatter.lines["path"], expected)


def test_elus_that_reach_their_limit_count_as_saturated():
    net = experiment(
        model=[{"dense": 12}, {"elu": 0.5}, {"dense": "classes"}], init={"normal": 5}, watch=["saturation"]
    )
    values, weights = net.measure(), net.weights()
    x = net.split.train.inputs @ weights["dense1.weight"] + weights["dense1.bias"]
    outputs = np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0)))
    assert values["saturation"] == pytest.approx((outputs < -0.495).mean(), abs=2e-3)
    assert 0 < values["saturation"] < 1


@pytest.mark.parametrize("activation", ["relu", {"leaky_relu": 0.2}])
def test_maxout_with_chosen_weights_answers_as_the_relu_net_does(activation):
    net = experiment(
        model=[{"dense": 12}, activation, {"dense": 6}, activation, {"dense": "classes"}], watch=["maxout_difference"]
    )
    net.advance(20)
    assert net.measure()["maxout_difference"] < 1e-5


def test_there_is_no_maxout_twin_of_other_nets():
    assert experiment(watch=["loss", "maxout_difference"]).metrics == ("loss",)


def test_a_shift_is_added_to_every_output():
    plain = experiment(model=[{"dense": 12}, "tanh", {"dense": "classes"}], watch=["loss"], seed=3)
    shifted = experiment(
        model=[{"dense": 12}, "tanh", {"shift": 1.5}, {"shift": -1.5}, {"dense": "classes"}], watch=["loss"], seed=3
    )
    assert shifted.measure()["loss"] == pytest.approx(plain.measure()["loss"], rel=1e-5)
    assert shifted.settings()["shift1.by"] == 1.5


IMAGES = {"name": "digits", "examples": 90}


def test_units_at_many_positions_are_counted_once_and_their_outputs_all():
    """An activation on images [n, 8, 8, 1] has one unit, at 64 positions; the one behind it has 6 units."""
    net = experiment(
        data=IMAGES | {"multiply": 4},
        model=["tanh", {"dense": 6}, "tanh", {"dense": "classes"}],
        watch=["activation_mean", "activation_std", "saturation"],
        options={"pictures": ["units", "activations"]},
    )
    values, weights, images = net.measure(), net.weights(), net.split.train.inputs
    assert images.shape == (90, 8, 8, 1)
    first = np.tanh(images.astype(np.float64))
    second = np.tanh(first.reshape(90, 64) @ weights["dense1.weight"] + weights["dense1.bias"])
    outputs = np.concatenate([first.ravel(), second.ravel()])
    assert values["activation_mean"] == pytest.approx(outputs.mean(), rel=1e-5)
    assert values["activation_std"] == pytest.approx(outputs.std(), rel=1e-5)
    assert values["saturation"] == pytest.approx((np.abs(outputs) > 0.99).mean(), rel=1e-5)
    units, histograms = net.pictures()
    assert {name: each.shape for name, each in units.activity.items()} == {"tanh1": (1,), "tanh2": (6,)}
    assert units.activity["tanh1"][0] == pytest.approx(np.abs(first).mean(), rel=1e-5)
    np.testing.assert_allclose(units.activity["tanh2"], np.abs(second).mean(axis=0), rtol=1e-4)
    assert histograms.counts["tanh1"].sum() == first.size


@pytest.mark.parametrize(("sign", "dead"), [(1, 0.0), (-1, 1.0)])
def test_a_unit_is_dead_if_it_is_zero_at_all_positions(sign, dead):
    net = experiment(
        data=IMAGES | {"multiply": sign},
        model=["relu", {"dense": "classes"}],
        watch=["dead_relu"],
        options={"pictures": ["units", "dead_units"]},
    )
    assert (net.split.train.inputs == 0).all(axis=0).any()  # there are pixels that no image uses
    assert net.measure() == {"dead_relu": dead, "dead_relu.relu1": dead}
    units, history = net.pictures()
    assert units.dead["relu1"].tolist() == [bool(dead)]
    assert history.values.tolist() == [[dead]]
