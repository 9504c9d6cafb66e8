"""`task: latent-arithmetic`: directions, moved codes and what is said of them against NumPy, pictures, errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import lab.data
from lab.tasks.generative.attribute_directions_shown import PARTS
from lab.tasks.generative.latent_arithmetic import METRICS
from tests.tasks.refusals import require_refusal
from tests.tasks.states import require_same_after_restoring
from tests.tasks.test_training import experiment, scenario

DATA = {"name": "shape-attributes", "points": 300, "size": 12, "validation": 0.2}
NAMES = ("green", "cross", "large", "right", "low")


def content(**changes):
    options = {
        "encoder": ["flatten", {"dense": 9}, "tanh", {"dense": "outputs"}], "likelihood": "normal", "deviation": 0.3,
        "decoder": [{"dense": 7}, "tanh", {"dense": "outputs"}], "latent": 3, "samples": 2,
        "classifier": ["flatten", {"dense": 8}, "tanh", {"dense": "outputs"}], "strength": 1.5,
    } | changes.pop("options", {})  # fmt: skip
    return {
        "task": "latent-arithmetic", "data": DATA, "model": [], "init": "xavier", "watch": list(METRICS),
        "train": {"batch": 50, "steps": 60}, "options": options, "optimizer": {"name": "adam", "rate": 0.01},
    } | changes  # fmt: skip


def arithmetic(seed=0, **changes):
    return experiment(seed, **content(**changes))


def layers(made, net, x):
    weights = {name: value.astype(np.float64) for name, value in made.weights().items()}
    hidden = np.tanh(x.reshape(len(x), -1) @ weights[f"{net}.dense1.weight"] + weights[f"{net}.dense1.bias"])
    return hidden @ weights[f"{net}.dense2.weight"] + weights[f"{net}.dense2.bias"]


def means(examples, numbers):
    """[attributes, …]: the mean of the numbers of examples with an attribute less that of those without."""
    has = examples.targets > 0
    return np.array([numbers[has[:, a]].mean(axis=0) - numbers[~has[:, a]].mean(axis=0) for a in range(len(NAMES))])


def test_what_changes_and_stays_is_what_the_classifier_says_of_moved_codes():
    made = arithmetic()
    made.advance(60)
    found, held, train = made.measure(), made.held, made.split.train
    has = held.targets > 0
    low, high = made.value_range

    def said(images):
        return layers(made, "classifier", np.clip(images, low, high)) > 0

    assert found["classifier_accuracy"] == pytest.approx((said(held.numbers) == has).mean(), abs=0.02)
    codes = layers(made, "encoder", held.numbers)[:, :3]
    assert found["recognised"] == pytest.approx((said(layers(made, "decoder", codes)) == has).mean(), abs=0.02)
    directions = means(train, layers(made, "encoder", train.numbers)[:, :3])
    in_pixels = means(train, train.numbers.reshape(train.count, -1).astype(np.float64))
    changed, kept, pixels = [], [], []
    for number, name in enumerate(NAMES):
        signs = np.where(has[:, [number]], -1, 1)
        answers = said(layers(made, "decoder", codes + 1.5 * signs * directions[number]))
        others = [other for other in range(len(NAMES)) if other != number]
        changed.append((answers != has)[:, number].mean())
        kept.append((answers == has)[:, others].mean())
        assert found[f"changed.{name}"] == pytest.approx(changed[-1], abs=0.04)
        assert found[f"kept.{name}"] == pytest.approx(kept[-1], abs=0.03)
        moved = held.numbers.reshape(held.count, -1) + signs * in_pixels[number]
        pixels.append((said(moved) != has)[:, number].mean())
    assert found["changed"] == pytest.approx(np.mean(changed), abs=0.02)
    assert found["kept"] == pytest.approx(np.mean(kept), abs=0.02)
    assert found["changed_in_pixels"] == pytest.approx(np.mean(pixels), abs=0.02)


def test_without_strength_nothing_moves():
    made = arithmetic(options={"strength": 0})
    made.advance(40)
    found = made.measure()
    assert found["changed"] == pytest.approx(1 - found["recognised"], abs=1e-9)
    assert found["changed_at_random"] == pytest.approx(found["changed"], abs=1e-9)
    made.change("options.strength", 2)
    assert made.measure()["changed"] != found["changed"]


def test_the_classifier_learns_from_examples_alone_and_the_autoencoder_without_it():
    made, other = arithmetic(), arithmetic(options={"classifier_optimizer": {"rate": 0.0}})
    for each in (made, other):
        each.advance(20)
    one, two = made.weights(), other.weights()
    for name in one:
        assert np.array_equal(one[name], two[name]) == (not name.startswith("classifier")), name
    x, y = made.split.train.numbers, made.split.train.targets
    before = np.abs(expit(layers(other, "classifier", x)) - y).mean()
    assert np.abs(expit(layers(made, "classifier", x)) - y).mean() < before


def test_pictures_go_along_a_direction():
    made = arithmetic()
    made.advance(30)
    shown, in_pixels, walk, bars = made.pictures()
    assert shown.captions == in_pixels.captions
    codes = layers(made, "encoder", made.held.numbers)[:, :3]
    train = made.split.train
    directions = means(train, layers(made, "encoder", train.numbers)[:, :3])
    low, high = made.value_range
    found = made.measure()
    order = [caption.split()[1] for caption in shown.captions]
    assert sorted(order) == sorted(NAMES)
    gains = {name: found[f"changed.{name}"] - found[f"changed_in_pixels.{name}"] for name in NAMES}
    assert order == sorted(order, key=lambda name: -gains[name])
    assert order != sorted(order, key=lambda name: -found[f"changed.{name}"])
    rows: list[int] = []
    for number in range(len(NAMES)):
        rows.append(next(row for row in range(len(codes)) if row not in rows and not made.held.targets[row, number]))
    for place, name in enumerate(order):
        number = NAMES.index(name)
        row = rows[number]
        assert shown.captions[place] == f"+ {name}"
        for frame, part in enumerate(PARTS):
            right = layers(made, "decoder", (codes[row] + part * directions[number])[None])
            right = np.clip((right.reshape(12, 12, 3) - low) / (high - low), 0, 1)
            np.testing.assert_allclose(shown.images[place][:, 12 * frame : 12 * frame + 12], right, atol=2e-3)
        first = (made.held.numbers[row] - low) / (high - low)
        np.testing.assert_allclose(in_pixels.images[place][:, :12], first, atol=1e-5)
    assert walk.images.shape[1:] == (12, 60, 3)
    assert bars.values == {name: found[f"changed.{name}"] for name in NAMES}
    assert list(bars.values) == sorted(NAMES, key=lambda name: -bars.values[name])


def test_the_state_brings_everything_back():
    require_same_after_restoring(arithmetic())


def test_labels_of_pictures_are_what_is_drawn():
    data = lab.data.load({"name": "shape-attributes", "points": 400}, 3).train
    assert data.classes == NAMES
    assert data.image_shape == (16, 16, 3)
    assert data.masks.any(axis=(1, 2)).all()
    # No shape is cut off: none touches the edge.
    assert not data.masks[:, [0, -1]].all(axis=2).any()
    shares = data.targets.mean(axis=0)
    assert (np.abs(shares - 0.5) < 0.1).all()
    rows, columns = np.indices((16, 16)) + 0.5
    for image, mask, labels in zip(data.numbers, data.masks, data.targets, strict=True):
        red, green, _ = image[mask].mean(axis=0)
        assert (green > red) == labels[0]
        assert labels[1] or (mask.sum() > 32) == labels[2]  # crosses cover less
        middle = columns[mask].mean(), rows[mask].mean()
        for label, place in zip(labels[3:], middle, strict=True):
            assert (place > 8) == label or abs(place - 8) < 0.7
    whole = data.targets[:, 1] == 0
    areas = data.masks.sum(axis=(1, 2))
    for large in (0, 1):
        some = data.targets[:, 2] == large
        assert areas[some & whole].mean() > 1.2 * areas[some & ~whole].mean()


@pytest.mark.parametrize(("changes", "path", "message"), [
    ({"data": {"name": "digits", "validation": 0.3}}, "data", "labels"),
    ({"data": {"name": "shape-attributes"}}, "data", "held back"),
    ({"options": {"classifier": ["flatten", {"dense": 3}]}}, "options.classifier.1", "there are 5 attributes"),
    ({"options": {"classifier": ["rule"]}}, "options.classifier.0", "there is no layer"),
    ({"options": {"classifier_optimizer": {"name": "lbfgs"}}}, "options.classifier_optimizer.name", "another network"),
    ({"model": ["relu"]}, "model", "is not used by this task"),
])  # fmt: skip
def test_what_cannot_work_is_said_in_a_sentence(changes, path, message):
    require_refusal(scenario(**content(**changes)), path, message)
