"""Images that stay bytes: read as numbers, prepared by their levels, split without a copy."""

from __future__ import annotations

import numpy as np
import pytest

import lab.data
from lab.data.images.levels import prepared_levels
from lab.data.images.pixels import Pixels
from lab.data.options import Prepared

IMAGES = np.random.default_rng(1).integers(0, 200, (40, 5, 4, 3), np.uint8) + np.uint8(20)


def test_pixels_are_read_as_numbers_from_0_to_1():
    pixels = Pixels(IMAGES)
    assert (pixels.shape, pixels.ndim, len(pixels), pixels.size) == (IMAGES.shape, 4, 40, IMAGES.size)
    assert np.array_equal(np.asarray(pixels), (IMAGES / 255).astype(np.float32))
    some = pixels.chosen(np.array([7, 3])).chosen(np.array([1]))
    assert np.array_equal(np.asarray(some), np.asarray(pixels)[[3]])
    assert some.pool is pixels.pool
    assert np.array_equal(pixels[2:4], np.asarray(pixels)[2:4])
    assert np.array_equal(pixels[..., 1], np.asarray(pixels)[..., 1])
    assert np.array_equal(pixels[5], np.asarray(pixels)[5])
    assert np.array_equal(some.counts(), Pixels(IMAGES[3:4]).counts())


@pytest.mark.parametrize(
    "options", [{"centre": True}, {"standardise": True}, {"scale": True}, {"scale": "range"}, {"multiply": 3}, {}]
)
def test_levels_are_prepared_as_the_numbers_of_each_channel_would_be(options):
    rows = np.arange(25)
    pixels = Pixels(IMAGES, rows)
    found = np.asarray(pixels.with_levels(prepared_levels(Prepared(**options), pixels)))
    numbers = IMAGES[rows] / 255
    mean, deviation = numbers.mean(axis=(0, 1, 2)), numbers.std(axis=(0, 1, 2))
    low, high = numbers.min(axis=(0, 1, 2)), numbers.max(axis=(0, 1, 2))
    expected = {
        "centre": numbers - mean,
        "standardise": (numbers - mean) / deviation,
        "scale": (numbers - low) / (high - low) if options.get("scale") == "range" else numbers / deviation,
        "multiply": 3 * numbers,
    }.get(next(iter(options), ""), numbers)
    assert np.allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_a_channel_that_does_not_vary_is_not_divided_by_nothing():
    levels = prepared_levels(Prepared(standardise=True), Pixels(np.full((3, 2, 2, 1), 7, np.uint8)))
    assert np.isfinite(levels).all()
    assert levels[0, 7] == pytest.approx(0, abs=1e-12)


def test_what_is_held_back_is_prepared_by_the_training_images_and_copies_nothing():
    parts = lab.data.load({"name": "shapes", "points": 200, "size": 16, "validation": 0.5, "standardise": True}, 0)
    assert parts.validation is not None
    train, held = parts.train.inputs, parts.validation.inputs
    assert isinstance(train, Pixels)
    assert isinstance(held, Pixels)
    assert train.pool is held.pool
    numbers = np.asarray(train, np.float64)
    assert numbers.mean(axis=(0, 1, 2)) == pytest.approx([0, 0, 0], abs=1e-6)
    assert numbers.std(axis=(0, 1, 2)) == pytest.approx([1, 1, 1], abs=1e-6)
    assert np.array_equal(train.levels, held.levels)


def test_whitened_images_become_axes():
    train = lab.data.load({"name": "shapes", "points": 900, "size": 16, "whiten": True}, 0).train
    assert train.inputs.shape == (900, 768)
    assert isinstance(train.inputs, np.ndarray)
