"""Cases of dropout, gates, limits on weights and their distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from tests.kernels.cases import CASES, Case, Inputs, Sizes, number

STREAM, STEP = 5, 3
LOW = np.uint64(0xFFFFFFFF)


def philox(index: np.ndarray, step: int = STEP, stream: int = STREAM) -> list[np.ndarray]:
    """Philox4x32-10 for seed 0, written as in the paper: four arrays of 32-bit words."""
    half = np.uint64(32)
    counter = [index.astype(np.uint64), np.zeros_like(index, np.uint64), np.full_like(index, step, np.uint64)]
    counter.append(np.zeros_like(index, np.uint64))
    key = [0, stream]
    for _ in range(10):
        p, q = np.uint64(0xD2511F53) * counter[0], np.uint64(0xCD9E8D57) * counter[2]
        counter = [
            (q >> half) ^ counter[1] ^ np.uint64(key[0]),
            q & LOW,
            (p >> half) ^ counter[3] ^ np.uint64(key[1]),
            p & LOW,
        ]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return counter


def kept(size: int, rate: float, step: int = STEP) -> np.ndarray:
    """Which of so many numbers a mask of stream 5 keeps."""
    quarter = size // 4
    words = np.concatenate([*philox(np.arange(quarter), step), philox(np.arange(4 * quarter, size), step)[0]])
    return words >= np.uint64(rate * 2**32)


def _dropout(v: Inputs, s: Sizes) -> dict[str, Any]:
    rate = float(v["rate"][0])
    return {"y": np.where(kept(s["n"], rate), v["x"] / (1 - rate), 0)}


def _limited(v: Inputs, s: Sizes) -> dict[str, Any]:
    norms = np.linalg.norm(v["weight"], axis=0)
    return {"norms": norms, "weight": v["weight"] * np.minimum(1, 1.5 / norms)}


def _gate(rng: np.random.Generator, sizes: Sizes) -> np.ndarray:
    return rng.integers(0, 2, 1)


CASES["dropout"] = Case(
    _dropout, {"rate": number(0.25)}, integers=lambda s: {"stream": STREAM, "inverted": 1}, step=STEP
)
CASES["open_gate"] = Case(
    lambda v, s: {"gate": philox(np.zeros(1))[0] // 2**8 / 2**24 < v["chance"]},
    {"chance": lambda rng, s: rng.random(1)},
    integers=lambda s: {"stream": STREAM},
    step=STEP,
)
CASES["enter_block"] = Case(lambda v, s: {"y": v["x"]}, {"gate": number(1.0)}, integers=lambda s: {"rows": 1})
CASES["leave_block"] = Case(lambda v, s: {"y": v["x"] + v["gate"] * v["inner"]}, {"gate": _gate})
CASES["enter_block_gradient"] = Case(lambda v, s: {"dx": v["gate"] * v["d_inner"]}, {"gate": _gate})
CASES["clear_if_shut"] = Case(lambda v, s: {"gradient": v["gate"] * v["gradient"]}, {"gate": _gate})
CASES["limit_norms"] = Case(_limited, {"limit": number(1.5)})
CASES["kurtosis"] = Case(lambda v, s: {"y": stats.kurtosis(v["x"], fisher=False) if s["n"] > 1 else 0}, tolerance=1e-4)
