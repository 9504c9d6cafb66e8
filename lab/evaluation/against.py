"""Two networks on the same examples, compared pair by pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.errors import BadInput
from lab.evaluation.judgement import SEED, Judgement, interval

FLIPS = 10_000


@dataclass(frozen=True)
class Comparison:
    """One network against another.

    test:       the name of the paired test;  p: the chance of a difference as large if both were equally good
    what:       what is compared: accuracy, mean absolute error, or, of images, what is missing to the best of each
    difference: the first one's minus the second one's, with its 95 % interval from bootstrap samples of the rows
    only_first, only_second: of classes, how many examples only the one and only the other gets right
    """

    test: str
    p: float
    what: str
    difference: float
    interval: tuple[float, float] | None
    only_first: int | None = None
    only_second: int | None = None


def compared(first: Judgement, second: Judgement) -> Comparison:
    """Of classes and labels McNemar's exact test; of values a permutation test of the absolute errors, of masks and
    objects one of what is missing in each image to a mean IoU, or an average precision, of 1.

    Raises BadInput if they are not of the same examples.
    """
    same = len(first) == len(second) and first.made.kind == second.made.kind
    if not same or not np.array_equal(first.places, second.places) or not np.allclose(first.targets, second.targets):
        raise BadInput(
            "the two networks were not judged on the same rows, so they cannot be compared pair by pair: give the same "
            "rows to both with --data FILE."
        )
    chance = np.random.Generator(np.random.Philox(SEED))
    if first.made.kind != "values" and first.unit == "rows":
        only_first = int((first.right & ~second.right).sum())
        only_second = int((second.right & ~first.right).sum())
        gained = first.right.astype(np.float64) - second.right
        p = _two_sided_binomial(only_first, only_second)
        told = interval(_means(gained, chance, first.samples))
        what = "accuracy" if first.made.kind == "classes" else "share of rows with all labels right"
        return Comparison("McNemar's exact test", p, what, float(gained.mean()), told, only_first, only_second)
    worse = first.errors - second.errors
    told = interval(_means(worse, chance, first.samples))
    p = _sign_flips(worse, chance)
    what, of = (first.missing_to_best,) * 2 if first.missing_to_best else ("mean absolute error", "absolute errors")
    name = f"permutation test of the {of} ({FLIPS:,} random exchanges of each pair)"
    return Comparison(name, p, what, float(worse.mean()), told)


def _two_sided_binomial(one: int, two: int) -> float:
    """The chance that so many fair coins fall at least as unevenly."""
    from scipy.stats import binomtest

    return float(binomtest(one, one + two).pvalue) if one + two else 1.0


def _sign_flips(differences: np.ndarray, chance: np.random.Generator) -> float:
    observed, count = abs(differences.sum()), 0
    for _ in range(FLIPS):
        signs = chance.integers(0, 2, len(differences)) * 2 - 1
        count += abs((signs * differences).sum()) >= observed * (1 - 1e-12)
    return (count + 1) / (FLIPS + 1)


def _means(values: np.ndarray, chance: np.random.Generator, samples: int) -> list[float]:
    return [float(values[chance.integers(0, len(values), len(values))].mean()) for _ in range(samples)]
