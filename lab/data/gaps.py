"""Missing values, NaN in the inputs of a table, are filled in from the training examples alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from lab.data.data import Data, Split


def fillers(train: Data, by: Literal["mean", "median"]) -> np.ndarray:
    """Each feature's mean or median over the training examples that have it, float64 [features]; 0 if none has."""
    inputs = np.asarray(train.inputs)
    known = ~np.isnan(inputs)
    if by == "mean" and known.all():
        return np.asarray(inputs.mean(axis=0, dtype=np.float64))
    values = np.zeros(inputs.shape[1])
    for feature in np.flatnonzero(known.any(axis=0)):
        column = inputs[known[:, feature], feature]
        values[feature] = column.mean() if by == "mean" else np.median(column)
    return values


def filled(parts: Split, values: np.ndarray | None) -> Split:
    """All parts without gaps. values: for each feature"""
    given = [part for part in (parts.train, parts.validation, parts.test) if part is not None]
    if values is None or not any(part.exact and np.isnan(part.inputs).any() for part in given):
        return parts

    def full(data: Data) -> Data:
        return replace(data, inputs=without_gaps(np.asarray(data.inputs), values))

    return parts.changed(full)


def without_gaps(inputs: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Inputs [n, features] with a value for each feature in the place of NaN."""
    return np.where(np.isnan(inputs), values, inputs)
