"""Nets trained at several scales and rates: each is the net that `classify` would train, whatever came before it."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from tests.tasks.test_training import experiment

MODEL = [{"dense": 8}, "relu", {"dense": "classes"}]
COMMON = {"model": MODEL, "init": "he"}
GRID = {
    "task": "grid",
    "watch": ["trained", "best_loss", "loss"],
    "options": {"scales": [0.5, 1], "rates": [0.05, 0.2], "steps": 40},
    "train": {"batch": 16, "steps": 4},
    **COMMON,
}


def test_a_cell_is_what_training_at_that_rate_gives():
    grid = experiment(**GRID)
    grid.advance(4)
    alone = experiment(
        **COMMON, watch=["loss"], optimizer={"name": "sgd", "rate": 0.2}, train={"batch": 16, "steps": 40}
    )
    other = experiment(**{**GRID, "optimizer": {"name": "sgd", "rate": 0.7}})
    other.advance(4)
    alone.advance(40)
    assert other.measure()["loss"] == pytest.approx(alone.measure()["loss"], rel=1e-6)
    assert grid.measure()["loss"] != other.measure()["loss"]  # the first has momentum


def test_what_is_counted_as_trained():
    grid = experiment(
        **{**GRID, "options": {"scales": [1, 1e6], "rates": [0.2], "steps": 300}, "train": {"batch": 16, "steps": 2}}
    )
    assert grid.measure() == {}
    grid.advance(1)
    first = grid.measure()
    grid.advance(1)
    assert first["loss"] < np.log(3) / 2
    assert first["trained"] == 1
    assert grid.measure()["trained"] == 0.5
    assert grid.measure()["best_loss"] == first["loss"]


def test_goes_on_from_a_state():
    first, second = experiment(**GRID), experiment(**GRID)
    first.advance(2)
    second.restore(first.state())
    assert second.measure() == first.measure()
    first.advance(2)
    second.advance(2)
    assert second.measure() == first.measure()
    assert first.pictures()[0].values.shape == (2, 2)


def test_more_nets_than_cells_are_refused():
    with pytest.raises(InvalidValue, match="4 cells"):
        experiment(**{**GRID, "train": {"batch": 16, "steps": 5}})
