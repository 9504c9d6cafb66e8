"""Cases of batch and layer normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.kernels.cases import CASES, Case, Inputs, Make, Sizes, number, over

_inputs: dict[str, Make] = {
    "epsilon": number(1e-2),
    "variance": over("H"),
    "running_variance": over("H"),
    "momentum": number(0.9),
}


def _scale(v: Inputs) -> np.ndarray:
    return 1 / np.sqrt(v["variance"] + v["epsilon"])


def _batch_norm(v: Inputs, s: Sizes) -> dict[str, Any]:
    x = v["x"]
    mean, variance = x.mean(0), x.var(0)
    scale = 1 / np.sqrt(variance + v["epsilon"])
    return {"y": v["gamma"] * (x - mean) * scale + v["beta"], "mean": mean, "variance": variance, "scale": scale}


def _batch_norm_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    normal = (v["x"] - v["mean"]) * v["scale"]
    d_gamma, d_beta = (v["dy"] * normal).sum(0), v["dy"].sum(0)
    centred = v["dy"] - d_beta / s["B"] - normal * d_gamma / s["B"]
    return {"dx": v["gamma"] * v["scale"] * centred, "d_gamma": d_gamma, "d_beta": d_beta}


def _batch_norm_relu(v: Inputs, s: Sizes) -> dict[str, Any]:
    found = _batch_norm(v, s)
    return {**found, "y": np.maximum(found["y"], 0)}


def _batch_norm_relu_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    active = v["gamma"] * (v["x"] - v["mean"]) * v["scale"] + v["beta"] > 0
    return _batch_norm_gradient({**v, "dy": np.where(active, v["dy"], 0)}, s)


def _running(v: Inputs, s: Sizes) -> dict[str, Any]:
    keep = v["momentum"]
    return {
        "running_mean": keep * v["running_mean"] + (1 - keep) * v["mean"],
        "running_variance": keep * v["running_variance"] + (1 - keep) * v["variance"] * 5 / 4,
    }


def _evaluate_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    normal = (v["x"] - v["mean"]) * _scale(v)
    return {
        "dx": v["gamma"] * _scale(v) * v["dy"],
        "d_gamma": (v["dy"] * normal).sum(0),
        "d_beta": v["dy"].sum(0),
    }


def _layer_norm(v: Inputs, s: Sizes) -> dict[str, Any]:
    x = v["x"]
    mean = x.mean(1)
    scale = 1 / np.sqrt(x.var(1) + v["epsilon"])
    return {"y": v["gamma"] * (x - mean[:, None]) * scale[:, None] + v["beta"], "mean": mean, "scale": scale}


def _layer_norm_gradient(v: Inputs, s: Sizes) -> dict[str, Any]:
    normal = (v["x"] - v["mean"][:, None]) * v["scale"][:, None]
    g = v["gamma"] * v["dy"]
    centred = g - g.mean(1, keepdims=True) - normal * (g * normal).mean(1, keepdims=True)
    return {"dx": v["scale"][:, None] * centred, "d_gamma": (v["dy"] * normal).sum(0), "d_beta": v["dy"].sum(0)}


CASES["batch_norm"] = Case(_batch_norm, _inputs, tolerance=2e-4)
CASES["batch_norm_gradient"] = Case(_batch_norm_gradient, _inputs)
CASES["batch_norm_relu"] = Case(_batch_norm_relu, _inputs, tolerance=2e-4)
CASES["batch_norm_relu_gradient"] = Case(_batch_norm_relu_gradient, _inputs)
CASES["batch_norm_running"] = Case(_running, _inputs, integers=lambda s: {"examples": 5})
CASES["batch_norm_evaluate"] = Case(
    lambda v, s: {"y": v["gamma"] * (v["x"] - v["mean"]) * _scale(v) + v["beta"]}, _inputs
)
CASES["batch_norm_evaluate_gradient"] = Case(_evaluate_gradient, _inputs)
CASES["layer_norm"] = Case(_layer_norm, _inputs, tolerance=2e-4)
CASES["layer_norm_gradient"] = Case(_layer_norm_gradient, _inputs)
