"""Pictures of networks that tell images apart: which are wrong, what is taken for what, how images are changed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tasks.test_images import DATA
from tests.tasks.test_training import experiment

COLOURS = ("red", "green", "blue", "yellow", "purple", "white")


def shown(name, **data):
    block = {k: v for k, v in DATA.items() if k != "seed"} | {"answer": "colour"} | data
    return experiment(
        model=[{"dense": "classes"}],
        data=block,
        watch=["loss", "val_loss"] if "validation" in data else ["loss"],
        options={"pictures": [name]},
    )


def answering(net, rule):
    """Gives the network's only layer weights with which it says what `rule` says of the mean of each channel."""
    weight = np.zeros((16 * 16, 3, 6))
    bias = np.zeros(6)
    rule(weight, bias)
    net.put(net.network.kept["dense1.weight"], weight.reshape(-1, 6).astype(np.float32))
    net.put(net.network.kept["dense1.bias"], bias.astype(np.float32))


def reddish_or_white(weight, bias):
    """White where the red channel is bright, else red."""
    weight[:, 0, 5] = 1.0


@pytest.mark.parametrize("data", [{"validation": 0.4}, {}])
def test_confusion_counts_what_each_class_is_taken_for(data):
    net = shown("confusion", **data)
    answering(net, reddish_or_white)
    (table,) = net.pictures()
    assert [row[1:] for row in table.rows] == [("",) * 7] * 6
    net.measure()
    (table,) = net.pictures()
    part = net.split.validation if data else net.split.train
    said = np.where(part.numbers[..., 0].sum(axis=(1, 2)) > 0, 5, 0)
    assert table.columns == ("is, answered", "red", "gre", "blu", "yel", "pur", "whi", "right")
    for number, row in enumerate(table.rows):
        counts = np.bincount(said[part.targets == number], minlength=6)
        assert row[0] == COLOURS[number]
        assert row[1:7] == tuple(str(each) if each else "·" for each in counts)
        assert row[7] == f"{100 * counts[number] / counts.sum():.0f} %"
    assert ("held back" in table.title) == bool(data)


def test_mistakes_are_the_images_that_are_wrong_the_surest_first():
    net = shown("mistakes", validation=0.4)
    answering(net, reddish_or_white)
    (images,) = net.pictures()
    held = net.split.validation
    score = held.numbers[..., 0].sum(axis=(1, 2))
    said = np.where(score > 0, 5, 0)
    truth = np.where(held.targets == 5, score, 0.0)
    margin = np.where(said == 5, score, 0.0) - truth
    wrong = np.flatnonzero(said != held.targets)
    order = wrong[np.argsort(-margin[wrong])][:12]
    assert len(images.images) == 12
    np.testing.assert_allclose(images.images, held.inputs.pool[held.inputs.rows[order]] / 255, atol=1e-6)
    assert list(images.captions) == [f"{COLOURS[said[row]]},\n{COLOURS[held.targets[row]]}" for row in order]
    assert "held back" in images.title
    assert "trained on" in shown("mistakes").pictures()[0].title
    answering(net, lambda weight, bias: None)
    assert net.pictures()[0].title == images.title  # by which a screen knows it again


def test_augmented_shows_images_as_they_are_and_as_a_step_changes_them():
    net = shown("augmented", augment={"flip": True})
    (images,) = net.pictures()
    rows = images.images.reshape(3, 6, 16, 16, 3)
    pool = net.split.train.inputs.pool / 255
    mirrored = 0
    for row in rows:
        assert any(np.allclose(row[0], each, atol=1e-6) for each in pool)
        for version in row[1:]:
            flipped = np.allclose(version, row[0][:, ::-1], atol=1e-5)
            assert flipped or np.allclose(version, row[0], atol=1e-5)
            mirrored += flipped
    assert 0 < mirrored < 15
    net.advance(1)
    assert not np.array_equal(net.pictures()[0].images, images.images)
    assert images.captions[:2] == ("as it is", "changed")


def test_pictures_of_images_are_not_shown_of_other_data():
    net = experiment(options={"pictures": ["mistakes", "confusion", "augmented"]})
    assert net.pictures() == []
