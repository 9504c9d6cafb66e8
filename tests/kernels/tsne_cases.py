"""Cases of t-SNE, of PCA's directions and of nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.spatial import distance

from tests.kernels.cases import CASES, Case, Inputs, Sizes, number


def _several(**least: int) -> Any:
    return lambda s: s | {name: max(s[name], size) for name, size in least.items()}


def _student(points: np.ndarray) -> np.ndarray:
    w = 1 / (1 + distance.cdist(points, points, "sqeuclidean"))
    np.fill_diagonal(w, 0)
    return w


def _symmetric(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    points = rng.standard_normal((s["n"], 3))
    return distance.cdist(points, points, "sqeuclidean")


def chances_of(squares: np.ndarray, perplexity: float) -> np.ndarray:
    """Each row by the root of its entropy minus what it should be."""
    found = np.zeros_like(squares)
    for i, row in enumerate(squares):
        others = np.delete(row, i) - np.delete(row, i).min()

        def shares(b: float, others: np.ndarray = others) -> np.ndarray:
            made = np.exp(-b * others)
            return made / made.sum()

        def off(log_b: float, shares: Any = shares) -> float:
            p = shares(np.exp(log_b))
            p = p[p > 0]
            return float(-(p * np.log(p)).sum() - np.log(perplexity))

        found[i] = np.insert(shares(np.exp(brentq(off, -25, 25, xtol=1e-13))), i, 0)
    return found


def _joint(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    chances = rng.uniform(0.1, 1, (s["n"], s["n"]))
    np.fill_diagonal(chances, 0)
    return (chances + chances.T) / chances.sum() / 2


def _gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    points, w = v["points"], _student(v["points"])
    force = (v["exaggeration"][0] * v["joint"] - w / v["whole"][0]) * w
    return {"gradient": 4 * (force[:, :, None] * (points[:, None] - points)).sum(axis=1)}


def _divergence(v: Inputs, s: Sizes) -> dict[str, Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        each = v["joint"] * np.log(v["joint"] * v["whole"][0] / _student(v["points"]))
    return {"rows": np.where(v["joint"] > 0, np.nan_to_num(each), 0).sum(axis=1)}


def _moved(v: Inputs, s: Sizes) -> dict[str, Any]:
    turns = v["velocity"] * v["gradient"] >= 0
    gains = np.maximum(np.where(turns, v["gains"] * 0.8, v["gains"] + 0.2), 0.01)
    velocity = v["momentum"] * v["velocity"] - v["rate"] * gains * v["gradient"]
    return {"gains": gains, "velocity": velocity, "points": v["points"] + velocity}


def _orthonormal(v: Inputs, s: Sizes) -> dict[str, Any]:
    q, r = np.linalg.qr(v["a"])
    return {"q": q * np.sign(np.diag(r))}


def _agrees(v: Inputs, s: Sizes) -> dict[str, Any]:
    apart = distance.cdist(v["points"], v["points"], "sqeuclidean")
    np.fill_diagonal(apart, np.inf)
    return {"right": v["labels"][apart.argmin(axis=1)] == v["labels"]}


CASES["squared_distances"] = Case(lambda v, s: {"squares": distance.cdist(v["points"], v["points"], "sqeuclidean")})
CASES["neighbour_chances"] = Case(
    lambda v, s: {"chances": chances_of(v["squares"], v["perplexity"][0])},
    {"squares": _symmetric, "perplexity": number(2.5)},
    fix=_several(n=5),
    tolerance=2e-4,
)
CASES["joint_chances"] = Case(lambda v, s: {"joint": (v["chances"] + v["chances"].T) / (2 * s["n"])})
CASES["student_sums"] = Case(lambda v, s: {"sums": _student(v["points"]).sum(axis=1)}, fix=_several(n=2))
_JOINT = {"joint": _joint, "whole": number(7.5), "exaggeration": number(3)}
CASES["tsne_gradient"] = Case(_gradient, _JOINT, fix=_several(n=3))
CASES["tsne_divergence"] = Case(
    _divergence, {name: make for name, make in _JOINT.items() if name != "exaggeration"}, fix=_several(n=3)
)
CASES["delta_bar_delta"] = Case(
    _moved,
    {
        "rate": number(0.5),
        "momentum": number(0.8),
        "gains": lambda rng, s: rng.choice([0.011, 0.6, 1.5], s["n"]),
    },
)
CASES["early_or_late"] = Case(
    lambda v, s: {"value": v["late"]}, {"early": number(1), "late": number(2), "count": number(4)}, step=5
)
CASES["orthonormal"] = Case(_orthonormal, fix=lambda s: s | {"D": s["D"] + s["K"]}, tolerance=2e-4)
CASES["neighbour_agrees"] = Case(
    _agrees,
    {
        "points": lambda rng, s: rng.integers(-3, 4, (s["n"], s["D"])) / 2,
        "labels": lambda rng, s: rng.integers(0, 3, s["n"]),
    },
    fix=_several(n=2),
)
