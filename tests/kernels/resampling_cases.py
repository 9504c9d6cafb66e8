"""Cases of group and local response normalisation, and of images of another size."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cases import CASES, Case, Inputs, Sizes, number, over


def _groups(s: dict[str, int]) -> dict[str, int]:
    s = {"S": 3, "C": 2, "K": 2} | s
    return s | {"B": min(s["B"], 3), "S": min(s["S"], 8), "K": 2, "C": 2 * min(s["C"], 9)}


def _normal(v: Inputs, s: Sizes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    grouped = v["x"].reshape(s["B"], s["S"], 2, -1)
    return grouped, grouped.mean((1, 3)), 1 / np.sqrt(grouped.var((1, 3)) + v.get("epsilon", [0])[0])


def _group_norm(v: Inputs, s: Sizes) -> dict[str, Any]:
    grouped, mean, scale = _normal(v, s)
    normal = (grouped - mean[:, None, :, None]) * scale[:, None, :, None]
    return {"y": v["gamma"] * normal.reshape(v["x"].shape) + v["beta"], "mean": mean, "scale": scale}


def _group_norm_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    grouped = v["x"].reshape(s["B"], s["S"], 2, -1)
    scale = v["scale"][:, None, :, None]
    normal = (grouped - v["mean"][:, None, :, None]) * scale
    g = (v["gamma"] * v["dy"]).reshape(grouped.shape)
    product = (g * normal).mean((1, 3), keepdims=True)
    dx = scale * (g - g.mean((1, 3), keepdims=True) - normal * product)
    d_gamma = (v["dy"] * normal.reshape(v["dy"].shape)).sum((0, 1))
    return {"dx": dx.reshape(v["x"].shape), "d_gamma": d_gamma, "d_beta": v["dy"].sum((0, 1))}


_grouped: dict[str, Any] = {"integers": lambda s: {"groups": 2}, "fix": _groups}
CASES["group_norm"] = Case(_group_norm, {"epsilon": number(1e-2)}, **_grouped)
CASES["group_norm_gradient"] = Case(_group_norm_gradient, {"scale": over("B", "K")}, **_grouped)


def _neighbours(s: Sizes) -> np.ndarray:
    """Which channel (column) is in whose (row) sum, of 4: two before, one behind."""
    distance = np.arange(s["C"]) - np.arange(s["C"])[:, None]
    return ((distance >= -2) & (distance <= 1)).astype(float)


def _local_response_norm(v: Inputs, s: Sizes) -> dict[str, Any]:
    strength = v["k"] + v["alpha"] * (v["x"] ** 2 @ _neighbours(s).T)
    return {"y": v["x"] * strength ** -v["beta"], "s": strength}


def _local_response_norm_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    back = (v["dy"] * v["y"] / v["s"]) @ _neighbours(s)
    return {"dx": v["dy"] * v["s"] ** -v["beta"] - 2 * v["alpha"] * v["beta"] * v["x"] * back}


_numbers: dict[str, Any] = {"alpha": number(0.3), "beta": number(0.75), "k": number(1.5), "s": over("B", "C")}
for _name, _expected in (
    ("local_response_norm", _local_response_norm),
    ("local_response_norm_gradient", _local_response_norm_gradient),
):
    CASES[_name] = Case(_expected, _numbers, integers=lambda s: {"size": 4})


def _hats(places: np.ndarray, extent: int) -> np.ndarray:
    """The share of each old pixel (column) in each new one (row): linear interpolation as a matrix."""
    return np.maximum(1 - np.abs(places[:, None] - np.arange(extent)), 0)


def _images(s: dict[str, int]) -> dict[str, int]:
    return {"H": 3, "W": 4, "C": 2, "I": 2, "J": 5} | {name: min(size, 6) for name, size in s.items()}


_places: dict[str, Any] = {
    "rows": lambda rng, s: rng.uniform(0, s["H"] - 1, s["I"]),
    "columns": lambda rng, s: rng.uniform(0, s["W"] - 1, s["J"]),
}
CASES["resample"] = Case(
    lambda v, s: {
        "y": np.einsum("ih,jw,bhwc->bijc", _hats(v["rows"], s["H"]), _hats(v["columns"], s["W"]), v["x"]),
    },
    _places,
    fix=_images,
)
CASES["resample_gradient"] = Case(
    lambda v, s: {
        "dx": np.einsum("ih,jw,bijc->bhwc", _hats(v["rows"], s["H"]), _hats(v["columns"], s["W"]), v["dy"]),
    },
    _places,
    fix=_images,
)
