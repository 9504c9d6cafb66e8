"""Training on images that stay bytes: the same bits as on numbers, and every pool of images once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import lab.data
from lab.data import Split
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
    pixels = 6000 * 28 * 28
    assert pixels <= first.memory.shared.nbytes < pixels + 256


def test_checkpoints_hold_no_images():
    one = training(validation=0.3)
    numbers = sum(each.size for each in one.weights().values())
    assert sum(array.nbytes for array in one.state().values()) < 4 * (3 * numbers + 1000)
