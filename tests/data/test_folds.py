"""Folds: every example is held back exactly once, every class in every fold."""

from __future__ import annotations

import numpy as np
import pytest

import lab.data
from lab.errors import InvalidValue


def fold(number: int, folds: int = 5, **options):
    return lab.data.load({"name": "spiral", "points": 60, "folds": folds, "fold": number, **options}, seed=3)


def test_folds_partition_the_examples():
    parts = [fold(number) for number in range(5)]
    rows = np.concatenate([part.validation.inputs for part in parts])
    whole = lab.data.load({"name": "spiral", "points": 60}, seed=3).train
    assert sorted(map(tuple, rows)) == sorted(map(tuple, whole.inputs))
    for part in parts:
        assert part.train.count == 48
        assert np.bincount(part.validation.targets).tolist() == [4, 4, 4]


@pytest.mark.parametrize("options", [{"fold": 5}, {"validation": 0.2}, {"folds": 61}])
def test_folds_that_make_no_sense_are_refused(options):
    with pytest.raises(InvalidValue):
        lab.data.load({"name": "spiral", "points": 60, "folds": 5, **options}, seed=0)
