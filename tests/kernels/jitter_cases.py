"""Cases of images that are shifted round at random, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.kernels.cases import CASES, Case, Inputs, Sizes
from tests.kernels.regularisation_cases import STEP, STREAM, philox

MOST = 2


def shifts(images: int, most: int = MOST, step: int = STEP) -> np.ndarray:
    """Down and along, for each image, [images, 2]."""
    words = philox(np.arange(2 * images), step)[0] // 2**8 / 2**24
    return (np.floor(words * (2 * most + 1)).astype(int) - most).reshape(-1, 2)


def shifted(images: np.ndarray, sign: int = 1, **changes: int) -> np.ndarray:
    """Each image by its own shift, or back."""
    amounts = sign * shifts(len(images), **changes)
    return np.stack([np.roll(image, amount, (0, 1)) for image, amount in zip(images, amounts, strict=True)])


def _integers(s: Sizes) -> dict[str, int]:
    return {"most": MOST, "stream": STREAM}


def _forth(v: Inputs, s: Sizes) -> dict[str, Any]:
    return {"rolled": shifted(v["x"])}


def _back(v: Inputs, s: Sizes) -> dict[str, Any]:
    return {"x": shifted(v["rolled"], -1)}


CASES["roll_at_random"] = Case(_forth, integers=_integers, step=STEP)
CASES["roll_back"] = Case(_back, integers=_integers, step=STEP)
