"""Which of the data's classes a generator makes, and how much of each: the counting of modes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kernels.nearest import count_near, nearest
from lab.data import Data
from lab.graph import Tensor, constant, data
from lab.graph.tensor import call

HIT = 0.1
"""Of a class that is hit, at least this part of its share in the data is made."""
NEAR = 0.99
"""Near is what is no further than this share of the examples are from their nearest neighbour."""


class Modes:
    """Samples beside examples, by who is nearest to whom.

    names:  the metrics that this gives
    counts: tensors to be kept: samples on the data by the class of the nearest example [classes], and how many examples
            have a sample near them [1]
    shares: the first over the number of samples [classes]
    """

    names = ("modes", "on_data", "coverage")

    def __init__(self, examples: Data, samples: Tensor) -> None:
        inputs = examples.numbers.reshape(examples.count, -1)
        self._samples, self._examples = samples.shape[0], examples.count
        self.data_shares = np.bincount(examples.targets, minlength=len(examples.classes)) / examples.count
        there, made = data(inputs, "examples"), samples.reshape(samples.shape[0], -1)
        limit = constant(squared_reach(inputs), "limit")
        kinds, none = data(examples.targets, "classes"), constant(np.zeros(samples.shape[0]))
        chosen, squares = call(nearest, made, there).results
        classes = call(count_near, squares, chosen, kinds, limit, shapes=[(len(examples.classes),)]).result
        chosen, squares = call(nearest, there, made).results
        covered = call(count_near, squares, chosen, none, limit, shapes=[(1,)]).result
        self.counts = {"classes made": classes, "examples covered": covered}
        self.shares = classes * (1 / self._samples)

    def told(self, kept: Mapping[str, np.ndarray]) -> dict[str, float]:
        """The metrics, from the numbers of `counts`."""
        shares = kept["classes made"] / self._samples
        hit = (self.data_shares > 0) & (shares >= HIT * self.data_shares) & (shares > 0)
        return {
            "modes": float(hit.sum()),
            "on_data": float(shares.sum()),
            "coverage": float(kept["examples covered"][0]) / self._examples,
        }


def squared_reach(inputs: np.ndarray) -> float:
    """The square of the distance within which `NEAR` of the points [n, features] have another one."""
    points = inputs.astype(np.float64)
    lengths = (points**2).sum(axis=1)
    apart = np.maximum(lengths[:, None] + lengths - 2 * points @ points.T, 0.0)
    np.fill_diagonal(apart, np.inf)
    return float(np.quantile(apart.min(axis=1), NEAR))
