"""Cases of the kernels in `kernels/signs.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.kernels.cases import CASES, Case, Inputs, Sizes


def _with_gaps(rng: np.random.Generator, sizes: Sizes) -> np.ndarray:
    """Some gradients are exactly 0, and so are all of some units'."""
    gradient = rng.standard_normal((sizes["D"], sizes["H"]))
    return gradient * (rng.random(gradient.shape) < 0.8) * (rng.random(sizes["H"]) < 0.8)


def _equal_signs(v: Inputs, s: Sizes) -> dict[str, Any]:
    up, down = (v["gradient"] > 0).sum(axis=0), (v["gradient"] < 0).sum(axis=0)
    moved = up + down > 0
    shares = np.maximum(up, down)[moved] / (up + down)[moved]
    return {"share": [shares.mean() if moved.any() else 0.0]}


CASES["equal_signs"] = Case(_equal_signs, {"gradient": _with_gaps})
