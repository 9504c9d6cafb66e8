"""Cases of choosing at random, and of what was chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax

from .cases import CASES, Case, Inputs, Sizes
from .regularisation_cases import STEP, STREAM, philox


def _chances(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    return rng.dirichlet(np.ones(s["C"]), s["B"])


def _drawn(v: Inputs, s: Sizes) -> dict[str, Any]:
    level = (philox(np.arange(s["B"]))[0] >> np.uint64(8)).astype(float) / 2**24
    below = v["chances"].cumsum(1) <= level[:, None]
    return {"chosen": np.minimum(below.sum(1), s["C"] - 1)}


def _log_probability(v: Inputs, s: Sizes) -> dict[str, Any]:
    chosen = np.arange(s["B"]), v["labels"].astype(int)
    return {"logarithms": log_softmax(v["logits"], 1)[chosen], "probabilities": softmax(v["logits"], 1)}


def _log_probability_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    one_hot = np.eye(s["C"])[v["labels"].astype(int)]
    return {"d_logits": (one_hot - v["probabilities"]) * v["d_logarithms"][:, None]}


CASES["draw_columns"] = Case(_drawn, {"chances": _chances}, integers=lambda s: {"stream": STREAM}, step=STEP)
CASES["log_probability"] = Case(_log_probability)
CASES["log_probability_gradient"] = Case(_log_probability_gradient, {"probabilities": _chances})
CASES["weighted_total"] = Case(lambda v, s: {"total": np.array([v["x"] @ v["weights"]])})
