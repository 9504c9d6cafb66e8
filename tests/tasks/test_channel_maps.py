"""How much of single channels' maps lies on the object, read back from maps and masks that are known."""

from __future__ import annotations

import numpy as np
import pytest

from lab.tasks.host_metrics.channel_maps import inside
from tests.tasks.test_training import experiment

MODEL = [
    {"conv": 3, "kernel_size": 3, "padding": 1}, "relu", {"max_pool": 2}, {"conv": 4, "kernel_size": 3, "padding": 1},
    "relu", "flatten", {"dense": "classes"},
]  # fmt: skip


def test_shares_of_known_maps_are_counted():
    masks = np.zeros((2, 4, 4), bool)
    masks[0, :2, :2] = masks[1, 3, 3] = True
    maps = np.zeros((2, 2, 2, 3))  # a pixel of a map stands for four of the picture's
    maps[0, ..., 0] = [[5, 0], [0, 0]]  # all of it on the object
    maps[0, ..., 1] = [[1, 1], [1, 1]]  # anywhere
    maps[0, ..., 2] = [[-3, 2], [0, 0]]  # beside it; what is below 0 does not count
    maps[1, ..., 0] = [[0, 0], [0, 8]]  # a quarter of the pixel is the object's
    found = inside(maps, masks)
    np.testing.assert_allclose(found[0], [1, 0.25, 0])
    assert found[1, 0] == 0.25
    assert np.isnan(found[1, 1:]).all()  # a map of nothing lies nowhere
    assert inside(np.where(np.isnan(maps), 0, maps) * np.nan, masks).shape == (2, 3)


def test_the_best_channel_is_chosen_on_other_images_than_it_is_measured_on():
    made = experiment(
        model=MODEL, data={"name": "shapes", "points": 60, "size": 16, "validation": 0.5}, options={},
        watch=["best_channel_inside", "channels_inside", "object_area"], optimizer={"rate": 0.02},
        train={"batch": 20, "steps": 20},
    )  # fmt: skip
    made.advance(5)
    values = made.measure()
    known = made.inspection.explanations
    maps = made.inspection.patches.activations(known.sample.numbers)
    assert values["object_area"] == pytest.approx(known.masks.mean(), rel=1e-5)
    for layer in ("relu1", "relu2"):
        shares = inside(maps[layer], known.masks)
        best = int(np.nanargmax(np.nanmean(shares[::2], axis=0)))
        assert values[f"best_channel_inside.{layer}"] == pytest.approx(np.nanmean(shares[1::2, best]))
        assert values[f"channels_inside.{layer}"] == pytest.approx(np.nanmean(shares[1::2]))


def test_where_the_object_is_not_known_nothing_is_measured():
    made = experiment(
        model=MODEL, data={"name": "digits", "examples": 60, "validation": 0.4}, watch=["best_channel_inside", "loss"],
        train={"batch": 20, "steps": 20},
    )  # fmt: skip
    assert set(made.measure()) == {"loss"}
