"""Cases of noise, of taking turns, and of who is nearest to whom."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import distance

from tests.kernels.cases import CASES, Case, Inputs, Sizes, number
from tests.kernels.regularisation_cases import STEP, STREAM, philox
from tests.kernels.training_cases import adam_after


def normal(size: int, step: int = STEP, stream: int = STREAM) -> np.ndarray:
    """Box and Muller's transform of two words for each number, as in every step of seed 0."""
    first, second, *_ = (each.astype(np.float64) for each in philox(np.arange(size), step, stream))
    return np.sqrt(-2 * np.log((first + 1) / 2**32)) * np.cos(2 * np.pi * second / 2**32)


def _grid(*names: str) -> Any:
    """Points of a coarse grid, of which some are equally near, and at distances that both real types have exactly."""
    return lambda rng, s: rng.integers(-3, 4, [s[name] for name in names]) / 2


def _nearest(v: Inputs, s: Sizes) -> dict[str, Any]:
    squares = distance.cdist(v["points"], v["others"], "sqeuclidean")
    return {"chosen": squares.argmin(axis=1), "squares": squares.min(axis=1)}


def _near(v: Inputs, s: Sizes) -> dict[str, Any]:
    labels = v["labels"].astype(int)[v["chosen"].astype(int)]
    return {"counts": np.bincount(labels[v["squares"] <= v["limit"]], minlength=s["C"])}


def _centred(v: Inputs, s: Sizes) -> dict[str, Any]:
    centres = v["centres"].copy()
    for k in {*v["chosen"].astype(int).tolist()}:
        centres[k] = v["points"][v["chosen"] == k].mean(axis=0)
    return {"centres": centres}


CASES["draw_normal"] = Case(lambda v, s: {"x": normal(s["n"])}, integers=lambda s: {"stream": STREAM}, step=STEP)
CASES["nearest"] = Case(_nearest, {"points": _grid("n", "D"), "others": _grid("m", "D")})
CASES["centre_on_chosen"] = Case(
    _centred, {"points": _grid("n", "D"), "chosen": lambda rng, s: rng.integers(0, max(1, s["K"] - 1), s["n"])}
)
CASES["count_near"] = Case(_near, {"squares": _grid("n"), "limit": number(0.5)})
CASES["take_turns"] = Case(
    lambda v, s: {"turns": v["turns"] + 1}, {"late": number(3), "every": number(4)}, lambda s: {"rows": 1}, step=11
)
CASES["adam_in_turns"] = Case(
    lambda v, s: adam_after(v, 5),
    {**CASES["adam"].inputs, "turns": number(5)},
    step=11,
)
CASES["first_steps"] = Case(lambda v, s: {}, {"count": number(4)}, lambda s: {"rows": 1}, step=3)
CASES["begin_as"] = Case(
    lambda v, s: {"target": np.where(v["turns"] == 1, v["source"], v["target"])},
    {"turns": lambda rng, s: rng.integers(1, 3, 1)},
)
