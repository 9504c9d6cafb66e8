"""Missing values, NaN in the inputs of a table, are filled in from the training examples alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from lab.data.data import Data, Split


def filled(parts: Split, by: Literal["mean", "median"]) -> Split:
    """All parts without gaps: each feature's mean or median over the training examples that have it; 0 if none has."""
    given = [part for part in (parts.train, parts.validation, parts.test) if part is not None]
    if not any(part.exact and np.isnan(part.inputs).any() for part in given):
        return parts
    known = ~np.isnan(parts.train.inputs)
    values = np.zeros(parts.train.inputs.shape[1])
    for feature in np.flatnonzero(known.any(axis=0)):
        column = parts.train.inputs[known[:, feature], feature]
        values[feature] = column.mean() if by == "mean" else np.median(column)

    def full(data: Data) -> Data:
        return replace(data, inputs=np.where(np.isnan(data.inputs), values, data.inputs))

    return parts.changed(full)
