"""Nearest images by pixels and by features: against distances that are worked out one by one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tasks.test_training import experiment

DIGITS = {"name": "digits", "examples": 90, "validation": 0.4}
NET = ["flatten", {"dense": 6}, "tanh", {"dense": "classes"}]


def net_of(model=NET, data=DIGITS):
    made = experiment(
        model=model, data=data, watch=["same_class_neighbours"], options={"pictures": ["neighbours"]},
        optimizer={"rate": 0.05}, train={"batch": 20, "steps": 20},
    )  # fmt: skip
    made.advance(10)
    return made


def features(net, images):
    w = {name: value.astype(np.float64) for name, value in net.weights().items()}
    return np.tanh(images.reshape(len(images), -1) @ w["dense1.weight"] + w["dense1.bias"])


def nearest(points, count):
    found = []
    for number, point in enumerate(points):
        apart = [np.linalg.norm(point - other) if other_number != number else np.inf
                 for other_number, other in enumerate(points)]  # fmt: skip
        found.append(np.argsort(apart, kind="stable")[:count])
    return np.array(found)


def test_neighbours_are_counted_that_have_the_same_class():
    net = net_of()
    held = net.split.validation
    pixels = held.numbers.reshape(held.count, -1).astype(np.float64)
    spaces = {"pixels": pixels, "features": features(net, held.numbers.astype(np.float64))}
    values = net.measure()
    assert list(values) == ["same_class_neighbours.pixels", "same_class_neighbours.features"]
    known = net.inspection.neighbours
    for space, points in spaces.items():
        rows = nearest(points, 5)
        np.testing.assert_array_equal(np.sort(known.nearest(space, 5), axis=1), np.sort(rows, axis=1))
        expected = (held.targets[rows] == held.targets[:, None]).mean()
        assert values[f"same_class_neighbours.{space}"] == pytest.approx(expected)


def test_features_are_those_of_the_weights_now():
    net = net_of()
    before = net.inspection.neighbours.points("features").copy()
    net.advance(5)
    now = net.inspection.neighbours.points("features")
    np.testing.assert_allclose(now, features(net, net.split.validation.numbers.astype(np.float64)), atol=1e-5)
    assert not np.allclose(now, before)


def test_the_picture_shows_the_images_beside_their_nearest():
    net = net_of()
    (picture,) = net.pictures()
    held, known = net.split.validation, net.inspection.neighbours
    by_pixels, by_features = (known.nearest(space, 3) for space in ("pixels", "features"))
    right = [(held.targets[rows] == held.targets[:, None]).sum(axis=1) for rows in (by_pixels, by_features)]
    row = int(np.abs(right[1] - right[0]).argmax())  # the two disagree most on this one
    for strip, caption, rows, count, word in zip(
        picture.images, picture.captions, (by_pixels, by_features), right, ("pixels", "features"), strict=False
    ):
        expected = [held.numbers[each, ..., 0] for each in (row, *rows[row])]
        for number, image in enumerate(expected):
            np.testing.assert_allclose(strip[:, 9 * number : 9 * number + 8], image, atol=1e-6)
        assert caption == f"{held.classes[held.targets[row]]}: {count[row]} of 3 by {word}"


def test_without_a_hidden_layer_there_are_no_features():
    net = net_of(["flatten", {"dense": "classes"}])
    assert net.measure() == {}
    assert net.pictures() == []
