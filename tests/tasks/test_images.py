"""Training on images that stay bytes: the same bits as on numbers, and every pool of images once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import lab.data
from lab.data import Split
from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks.training import evaluation
from lab.tasks.training.classify import count_correct
from lab.tasks.training.losses import FOR_CLASSES
from lab.tasks.training.training import Training

DATA = {"name": "shapes", "points": 300, "size": 16, "standardise": True, "seed": 1}


def training(split: Split | None = None, seed: int = 0, batch: int | str = 20, **data: object) -> Training:
    scenario = Scenario.model_validate(
        {
            "title": "Net",
            "task": "classify",
            "data": data if "name" in data else DATA | data,
            "model": [{"dense": 8}, "relu", {"dense": "classes"}],
            "optimizer": {"name": "sgd", "rate": 0.01},
            "train": {"batch": batch, "steps": 50},
            "watch": ["loss", "accuracy", "val_loss", "val_accuracy"],
        }
    )
    made = Training(scenario, seed, None, FOR_CLASSES["softmax"], count_correct, kind="classes", split=split)
    prepare(made.kernels())
    made.prepare()
    return made


@pytest.mark.parametrize("batch", [20, "all"])
def test_bytes_train_to_the_same_bits_as_numbers(batch):
    parts = lab.data.load(DATA | {"validation": 0.3}, 0)
    as_numbers = parts.changed(lambda data: dataclasses.replace(data, inputs=np.asarray(data.inputs)))
    assert as_numbers.train.inputs.dtype == np.float32
    one, other = training(parts, batch=batch), training(as_numbers, batch=batch)
    for each in (one, other):
        each.advance(12)
    assert one.measure() == other.measure()
    for name, values in one.weights().items():
        assert np.array_equal(values, other.weights()[name]), name


def test_images_evaluated_in_parts_give_what_all_at_once_give(monkeypatch):
    parts = lab.data.load(DATA | {"validation": 0.3}, 0)
    whole = training(parts)
    monkeypatch.setattr(evaluation, "AT_ONCE", 64)
    in_parts = training(parts)
    assert len(in_parts.layout.plans["measure"].rows) > 3 * len(whole.layout.plans["measure"].rows)
    assert in_parts.layout.arena < whole.layout.arena
    for each in (whole, in_parts):
        each.advance(5)
    expected = whole.measure()
    assert in_parts.measure() == pytest.approx(expected, rel=1e-6)
    assert 0 < expected["val_accuracy"] < 1


def test_replicas_with_other_seeds_share_one_pool():
    """Though each trains on other images of it."""
    first, second = (training(seed=seed, name="fashion-mnist", validation=0.3) for seed in (0, 1))
    assert not np.array_equal(first.split.train.targets, second.split.train.targets)
    assert first.memory.shared is second.memory.shared
    assert first.memory.shared.nbytes == 7000 * 28 * 28, "those held back are in the same pool"
    assert np.shares_memory(first.memory.shared, first.split.train.inputs.pool), "and nobody has a second copy"


def test_checkpoints_hold_no_images():
    one = training(validation=0.3)
    numbers = sum(each.size for each in one.weights().values())
    assert sum(array.nbytes for array in one.state().values()) < 4 * (3 * numbers + 1000)


# Images that are changed while they are trained on


def batches(steps: int = 2, seed: int = 0, **data: object) -> tuple[np.ndarray, np.ndarray]:
    """Inputs [steps, 20, …] and targets [steps, 20] of the first training steps."""
    from lab.graph import Layout
    from lab.graph.running import bind
    from lab.graph.tensor import Storage, assign
    from lab.tasks.training.data import TrainingData

    x, y = TrainingData(lab.data.load(DATA | data, 0), seed).batch(20)
    kept = Storage("statistics")
    results = [assign(x, kept.member("x", x.shape)), assign(y, kept.member("y", y.shape))]
    layout = Layout({"batch": results})
    memory = layout.memory(layout.shared_memory("float32"), seed)
    prepare(layout.plans["batch"].kernels)
    program, found = bind(layout.plans["batch"], memory), []
    for _ in range(steps):
        program.run()
        found.append([layout.view(memory, each).copy() for each in results])
    inputs, targets = zip(*found, strict=True)
    return np.stack(inputs), np.stack(targets)


def test_a_flip_mirrors_about_half_of_the_images_and_changes_nothing_else():
    plain, targets = batches(steps=10)
    flipped, same_targets = batches(steps=10, augment={"flip": True})
    assert np.array_equal(targets, same_targets)
    mirrored = [np.array_equal(one, other[:, ::-1]) for one, other in zip(_all(flipped), _all(plain), strict=True)]
    same = [np.array_equal(one, other) for one, other in zip(_all(flipped), _all(plain), strict=True)]
    assert sum(mirrored) + sum(same) == 200
    assert 70 < sum(mirrored) < 130


def _all(images: np.ndarray) -> np.ndarray:
    return images.reshape(-1, *images.shape[2:])


def test_a_crop_shifts_by_whole_pixels_and_what_comes_in_is_black():
    plain, _ = batches()
    shifted, _ = batches(augment={"crop": 2})
    pixels = lab.data.load(DATA, 0).train.inputs
    black = pixels.levels[:, 0].astype(np.float32)  # type: ignore[union-attr]
    found = set()
    for one, other in zip(_all(shifted), _all(plain), strict=True):
        padded = np.tile(black, (20, 20, 1))
        padded[2:18, 2:18] = other
        places = [(a, b) for a in range(5) for b in range(5) if np.allclose(padded[a : a + 16, b : b + 16], one)]
        assert len(places) == 1
        found.add(places[0])
    assert len(found) > 12


def test_changes_are_new_in_each_step_and_the_same_for_a_seed():
    augment = {"rotate": 20, "translate": 0.1, "brightness": 0.2, "colour_noise": 0.1, "lens": 0.2}
    first, _ = batches(steps=30, augment=augment)
    again, _ = batches(steps=30, augment=augment)
    other, _ = batches(steps=30, seed=1, augment=augment)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    # 300 images and steps of 20: step 16 begins a new epoch, whose images are changed in another way.
    images = _all(first)
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)


def test_colours_are_changed_before_they_are_prepared():
    """So that nothing is brighter than white, whatever the scenario prepares."""
    pixels = lab.data.load(DATA, 0).train.inputs
    low, high = pixels.levels[:, 0], pixels.levels[:, 255]  # type: ignore[union-attr]
    brighter, _ = batches(steps=5, augment={"brightness": 1, "colour_noise": 0.5})
    images = _all(brighter)
    assert (images >= low - 1e-5).all()
    assert (images <= high + 1e-5).all()
    assert (np.abs(images - high) < 1e-5).any()


def test_what_is_measured_is_never_changed():
    one, other = training(batch="all", validation=0.3), training(batch="all", validation=0.3, augment={"rotate": 90})
    assert one.measure() == other.measure()
    for each in (one, other):
        each.advance(2)
    assert one.measure() != other.measure()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"augment": {}}, "it is not said how"),
        ({"augment": {"flop": True}}, "flop"),
        ({"augment": {"rotate": 200}}, "must be at most 180"),
        ({"augment": {"flip": True}, "standardise": False, "whiten": True}, "augment and whiten exclude each other"),
    ],
)
def test_changes_that_cannot_be_are_refused(data, said):
    with pytest.raises(InvalidValue, match=said):
        lab.data.load(DATA | data, 0)
