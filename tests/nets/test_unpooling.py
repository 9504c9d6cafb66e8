"""The layer `unpool`: which pooling it undoes, its values, its gradients behind fused poolings, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.training.predictor import Predictor


def through(x, *model):
    """What layers without weights make of images."""
    network = Network(list(model), None, 3, 0, AdjustableNumbers())
    return Predictor(network, x.shape)(x, {}, {})["output"]


def images(*shape):
    return np.random.default_rng(5).standard_normal(shape).astype(np.float32)


def maxima(x, side):
    """x where it is the largest of its window, else 0; rows and columns without a whole window are 0."""
    kept = np.zeros(x.shape, x.dtype)
    for i in range(0, x.shape[1] - side + 1, side):
        for j in range(0, x.shape[2] - side + 1, side):
            window = x[:, i : i + side, j : j + side]
            most = window.max(axis=(1, 2), keepdims=True)
            kept[:, i : i + side, j : j + side] = np.where(window == most, window, 0)
    return kept


def test_max_unpooling_leaves_the_largest_numbers_where_they_are():
    x = images(2, 6, 7, 3)
    np.testing.assert_array_equal(through(x, {"max_pool": 2}, {"unpool": 2}), maxima(x, 2))
    np.testing.assert_array_equal(through(x, {"max_pool": 3}, {"unpool": 3, "mode": "max"}), maxima(x, 3))


def test_the_last_pooling_is_undone_first():
    x = images(2, 12, 12, 2)
    y = through(x, {"max_pool": 2}, {"max_pool": 3}, {"unpool": 3}, {"unpool": 2})
    np.testing.assert_array_equal(y, maxima(x, 6))


def test_the_other_modes_need_no_pooling():
    x = images(2, 3, 2, 2)
    np.testing.assert_array_equal(through(x, {"unpool": [2, 3], "mode": "nearest"}), x.repeat(2, 1).repeat(3, 2))
    nails = through(x, {"unpool": 2, "mode": "bed_of_nails"})
    np.testing.assert_array_equal(nails[:, ::2, ::2], x)
    assert np.count_nonzero(nails) == x.size


@pytest.mark.parametrize("mode", ["max", "nearest", "bed_of_nails"])
def test_gradients_go_through_poolings_and_back(mode):
    # ReLU once only: with biases that begin as 0, maps that are exactly 0 stand at its corner, where places jump.
    conv = {"conv": 3, "kernel_size": 3, "padding": "same"}
    down = [conv, "relu", {"max_pool": 2}, conv, "tanh", {"max_pool": 2}]
    up = [conv, "tanh", {"unpool": 2, "mode": mode}, conv, {"unpool": 2, "mode": mode}]
    scenario = Scenario.model_validate(
        {
            "title": "x",
            "task": "gradient-check",
            "data": {"name": "shapes", "points": 6, "size": 16},
            "model": [*down, *up, {"conv": 2, "kernel_size": 3, "stride": 2}, "flatten", {"dense": "classes"}],
            "train": {"batch": "all", "steps": 8},
            "options": {"largest": 1e-4, "smallest": 1e-7},
            "watch": ["smallest_error"],
        }
    )
    made = task_of(scenario).build(scenario, 0, None)
    prepare(made.kernels(), real_name=made.real_name)
    made.prepare()
    made.advance(8)
    assert made.measure()["smallest_error"] < 1e-7


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ([{"unpool": 2}], "unpool1 undoes a max_pool, but there is none before it that is not undone already"),
        ([{"max_pool": 2}, {"unpool": 2}, {"unpool": 2}], "unpool2 undoes a max_pool, but there is none before it"),
        ([{"max_pool": 3}, {"unpool": 2}], "unpool1 has windows of 2×2, the max_pool that it undoes 3×3"),
        (
            [{"max_pool": 2}, {"conv": 5, "kernel_size": 1}, {"unpool": 2}],
            "the pooling that is undone gave 3×3×2, but what comes in is 3×3×5",
        ),
        (["flatten", {"unpool": 2}], "unpool1 works on images of height, width and channels, but gets 72 numbers"),
    ],
)
def test_what_is_refused(model, message):
    with pytest.raises(InvalidValue) as caught:
        through(images(1, 6, 6, 2), *model)
    assert message in str(caught.value)
    assert caught.value.path[:2] == ("model", len(model) - 1)
