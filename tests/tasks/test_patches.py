"""The pieces of images that channels answer to most: where they lie, which they are, and what they have in common."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from lab.tasks.host_metrics.patches import likeness
from lab.tasks.training.patches import Place, patch
from tests.tasks.test_training import experiment

DIGITS = {"name": "digits", "examples": 120, "validation": 0.4}
SHAPES = {"name": "shapes", "points": 40, "size": 16, "validation": 0.5}
CONV = [
    {"conv": 4, "kernel_size": 3}, "relu", {"max_pool": 2}, {"conv": 5, "kernel_size": 2}, "relu", "flatten",
    {"dense": "classes"},
]  # fmt: skip
SCORES = ["patch_likeness", "random_patch_likeness", "patch_purity", "outside_effect", "inside_effect"]


def net_of(model=CONV, data=DIGITS, watch=("loss",), pictures=("maximal_patches",)):
    made = experiment(
        model=model, data=data, watch=list(watch), options={"pictures": list(pictures)}, optimizer={"rate": 0.02},
        train={"batch": 20, "steps": 20},
    )  # fmt: skip
    made.advance(5)
    return made


ODD = [
    {"conv": 6, "kernel_size": [3, 4], "stride": 2, "padding": [1, 2]}, "tanh",
    {"average_pool": 3, "stride": 2, "padding": 1}, "batch_norm", {"conv": 6, "kernel_size": 2, "dilation": 2},
    {"conv": 3, "kernel_size": 2, "padding": "same"}, "flatten", {"dense": "classes"},
]  # fmt: skip


@pytest.mark.parametrize("layer", ["tanh1", "conv2", "conv3"])
def test_a_number_depends_on_the_pixels_of_its_patch_and_on_no_others(layer):
    """Nothing rectifies here, so that each pixel that can have an effect has one."""
    net = net_of(ODD, SHAPES)
    patches = net.inspection.patches
    image = patches.sample.numbers[0].astype(np.float64)
    height, width = image.shape[:2]
    moved = np.repeat(image[None], height * width + 1, axis=0)
    for pixel in range(height * width):
        moved[pixel + 1, pixel // width, pixel % width] += 0.3
    maps = patches.activations(moved)[layer].astype(np.float64)
    place = patches.places[layer]
    for row, column in ((0, 0), (maps.shape[1] - 1, maps.shape[2] - 1), (maps.shape[1] // 2, 0)):
        numbers = maps[:, row, column]
        has_effect = (np.abs(numbers[1:] - numbers[0]).max(axis=1) > 0).reshape(height, width)
        top, left = (int(each) for each in place.of(np.array(row), np.array(column)))
        expected = np.zeros((height, width), bool)
        expected[max(top, 0) : top + place.size[0], max(left, 0) : left + place.size[1]] = True
        if layer == "tanh1":
            np.testing.assert_array_equal(has_effect, expected)
        else:  # with gaps between the weights of a window some pixels inside are seen by none
            assert not (has_effect & ~expected).any()
            rows, columns = np.nonzero(has_effect)
            seen = np.nonzero(expected)
            assert (rows.min(), rows.max()) == (seen[0].min(), seen[0].max())
            assert (columns.min(), columns.max()) == (seen[1].min(), seen[1].max())


def test_what_lies_behind_branches_is_left_out():
    model = [
        {"conv": 4, "kernel_size": 3, "padding": 1}, "relu",
        {"residual": [{"conv": 4, "kernel_size": 3, "padding": 1}, "relu"]}, {"conv": 4, "kernel_size": 3}, "relu",
        "flatten", {"dense": "classes"},
    ]  # fmt: skip
    net = net_of(model, watch=["patch_purity"])
    assert list(net.inspection.patches.places) == ["relu1", "residual1.relu1"]
    assert list(net.measure()) == ["patch_purity.relu1", "patch_purity.residual1.relu1"]


def every_answer(net, layer):
    """What a layer gives for each image of the sample, worked out by another way to ask the network."""
    names = {part.name: part for part in net.inspection.evaluated_layers}
    weights = {name: value.astype(np.float64) for name, value in net.weights().items()}
    x = net.inspection.patches.sample.numbers.astype(np.float64)
    for name, part in names.items():
        if part.layer.name == "conv":
            w = weights[f"{name}.weight"]
            height, width = part.y.shape[1:3]
            y = np.zeros((len(x), height, width, w.shape[3]))
            for a in range(w.shape[0]):
                for b in range(w.shape[1]):
                    y += x[:, a : a + height, b : b + width] @ w[a, b]
            x = y + weights[f"{name}.bias"]
        elif part.layer.name == "max_pool":
            height, width = part.y.shape[1:3]
            x = x[:, : 2 * height, : 2 * width].reshape(len(x), height, 2, width, 2, -1).max(axis=(2, 4))
        elif part.layer.name == "relu":
            x = np.maximum(x, 0)
        if name == layer:
            return x
    raise AssertionError(layer)


@pytest.mark.parametrize(("layer", "place"), [("relu1", Place((3, 3))), ("relu2", Place((6, 6), (2, 2)))])
def test_the_maximal_patches_are_those_of_the_largest_numbers_of_all_images(layer, place):
    net = net_of()
    patches = net.inspection.patches
    assert patches.places[layer] == place
    answers = every_answer(net, layer)
    for channel in range(patches.channels(layer)):
        found = patches.of(layer, channel)
        largest = answers[..., channel].reshape(len(answers), -1).max(axis=1)
        expected = np.sort(largest)[::-1][:9]
        np.testing.assert_allclose(found.values, expected[expected > 0], rtol=1e-4)
        for image, value, row, column in zip(found.images, found.values, found.rows, found.columns, strict=True):
            assert answers[image, row // place.step[0], column // place.step[1], channel] == pytest.approx(
                value, rel=1e-4
            )
    net.put(net.network.kept["conv1.bias"], np.full(4, -100, np.float32))
    assert all(len(patches.of("relu1", channel).images) == 0 for channel in range(4))  # found anew of other weights


def test_the_picture_shows_these_patches_and_the_class_of_most():
    net = net_of()
    later, first = net.pictures()
    patches, names = net.inspection.patches, net.inspection.patches.sample.classes
    assert (first.title, later.title) == (
        "Maximal patches of relu1, 3×3 pixels", "Maximal patches of relu2, 6×6 pixels"
    )  # fmt: skip
    strips = iter(zip(later.images, later.captions, strict=True))
    for channel in range(5):
        found = patches.of("relu2", channel)
        if len(found.images) < 6:
            continue
        strip, caption = next(strips)
        for number in range(6):
            row, column = found.rows[number], found.columns[number]
            expected = patches.sample.numbers[found.images[number], row : row + 6, column : column + 6, 0]
            np.testing.assert_allclose(strip[:, 7 * number : 7 * number + 6], expected, atol=1e-6)
        classes = [names[each] for each in patches.sample.targets[found.images]]
        count, _, name = caption.partition(f" of {len(classes)} ")
        assert classes.count(name) == int(count) == max(map(classes.count, classes))
    assert next(strips, None) is None


def test_likeness_is_the_mean_correlation_of_pairs():
    random = np.random.default_rng(1)
    one, other = random.normal(size=(2, 4, 4, 1))
    assert likeness([one, 3 * one + 2, one]) == pytest.approx(1)
    assert likeness([one, -one]) == pytest.approx(-1)
    r = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert likeness([one, one, other]) == pytest.approx((1 + 2 * r) / 3)
    assert likeness([one, np.ones((4, 4, 1)), other]) == pytest.approx(r)
    assert np.isnan(likeness([one, np.ones((4, 4, 1))]))


def test_a_patch_that_reaches_beyond_the_image_is_filled_up():
    image = np.arange(12.0).reshape(3, 4, 1)
    np.testing.assert_array_equal(patch(image, -1, 2, (3, 3), -5)[..., 0], [[-5, -5, -5], [2, 3, -5], [6, 7, -5]])
    assert (patch(image, 7, 7, (2, 2)) == 0).all()


def test_scores_are_those_of_the_patches():
    net = net_of(watch=SCORES)
    values, patches = net.measure(), net.inspection.patches
    assert list(values) == [f"{score}.{layer}" for score in SCORES for layer in ("relu1", "relu2")]
    found = [each for each in (patches.of("relu2", channel) for channel in range(5)) if len(each.images) > 1]
    same = []
    for each in found:
        classes = patches.sample.targets[each.images].tolist()
        pairs = [(a, b) for number, a in enumerate(classes) for b in classes[:number]]
        same.append(sum(a == b for a, b in pairs) / len(pairs))
    assert values["patch_purity.relu2"] == pytest.approx(np.mean(same))
    alike = [
        likeness([patch(patches.sample.numbers[i], r, c, (6, 6)) for i, r, c in zip(e.images, e.rows, e.columns,
                                                                                    strict=True)])
        for e in found
    ]  # fmt: skip
    assert values["patch_likeness.relu2"] == pytest.approx(np.mean(alike))
    for layer in ("relu1", "relu2"):
        assert values[f"outside_effect.{layer}"] < 1e-5
        assert values[f"inside_effect.{layer}"] > 0.1
        assert -0.3 < values[f"random_patch_likeness.{layer}"] < values[f"patch_likeness.{layer}"]


def test_a_patch_that_is_too_small_leaves_effects_outside():
    net = net_of(watch=["outside_effect"])
    patches = net.inspection.patches
    wrong = SimpleNamespace(size=(4, 4), step=(2, 2), first=(0, 0), of=lambda row, column: (2 * row, 2 * column))
    patches.places["relu2"] = wrong
    assert net.measure()["outside_effect.relu2"] > 0.01
