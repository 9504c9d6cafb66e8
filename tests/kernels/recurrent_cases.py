"""Cases of recurrent kernels, with sequences of unequal lengths. `tests/graph/test_recurrent.py` has loops over single
sequences and finite differences beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, log_softmax, softmax

from .cases import CASES, Case, Inputs, Sizes

Results = dict[str, Any]


def _mask(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    return (np.arange(s["T"]) < rng.integers(0, s["T"] + 1, (s["B"], 1))).astype(float)


def _gates(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    return rng.uniform(0.05, 0.95, (s["B"], s["T"], s["G"]))


def _steps(v: Inputs) -> Any:
    """For each time: its number, the mask as a column, and what the inputs add."""
    for t in range(v["mask"].shape[1]):
        rows = v["rows"][v["symbols"][:, t].astype(int)] if "rows" in v else None
        yield t, v["mask"][:, t : t + 1] > 0, rows


def _rnn(rectified: bool) -> Any:
    def expected(v: Inputs, s: Sizes) -> Results:
        h, states, before = v["h_first"], [], []
        for _, on, x in _steps(v):
            before.append(h)
            sums = h @ v["weight"]
            a = sums + x + v["bias"]
            h = np.where(on, np.maximum(a, 0) if rectified else np.tanh(a), h)
            states.append(h)
        return {"states": np.stack(states, 1), "h": h, "before": np.stack(before, 1), "sums": sums}

    return expected


def _rnn_gradient(rectified: bool) -> Any:
    def expected(v: Inputs, s: Sizes) -> Results:
        d_h, d_rows = v["d_last"], []
        for t, on, _ in reversed(list(_steps(v))):
            d_h = d_h + v["d_states"][:, t]
            y = v["states"][:, t]
            d = np.where(on, d_h * ((y > 0) if rectified else 1 - y**2), 0)
            back = d @ v["weight"].T
            d_h = np.where(on, back, d_h + back)
            d_rows.insert(0, d)
        return {"d_rows": np.stack(d_rows, 1), "d_h": d_h, "d_sums": d, "back": back, "transposed": v["weight"].T}

    return expected


def _lstm(v: Inputs, s: Sizes) -> Results:
    h, c = v["h_first"], v["c_first"]
    kept: dict[str, list[np.ndarray]] = {name: [] for name in ("states", "before", "cells", "squashed", "gates")}
    for _, on, x in _steps(v):
        sums = h @ v["weight"]
        i, f, o, g = np.split(sums + x + v["bias"], 4, axis=1)
        i, f, o, g = expit(i), expit(f), expit(o), np.tanh(g)
        kept["before"].append(h)
        kept["cells"].append(c)
        kept["gates"].append(np.hstack([i, f, o, g]))
        c = np.where(on, f * c + i * g, c)
        kept["squashed"].append(np.where(on, np.tanh(c), 0))
        h = np.where(on, o * np.tanh(c), h)
        kept["states"].append(h)
    return {**{name: np.stack(each, 1) for name, each in kept.items()}, "h": h, "c": c, "sums": sums}


def _lstm_gradient(v: Inputs, s: Sizes) -> Results:
    d_h, d_c, d_rows = v["d_last"], v["d_last_cell"], []
    for t, on, _ in reversed(list(_steps(v))):
        i, f, o, g = np.split(v["gates"][:, t], 4, axis=1)
        y, c = v["squashed"][:, t], v["cells"][:, t]
        d_h = d_h + v["d_states"][:, t]
        inner = d_c + d_h * o * (1 - y**2)
        d = np.hstack([inner * g * i * (1 - i), inner * c * f * (1 - f), d_h * y * o * (1 - o), inner * i * (1 - g**2)])
        d = np.where(on, d, 0)
        back = d @ v["weight"].T
        d_h, d_c = np.where(on, back, d_h + back), np.where(on, inner * f, d_c)
        d_rows.insert(0, d)
    found = {"d_rows": np.stack(d_rows, 1), "d_h": d_h, "d_c": d_c, "d_sums": d}
    return {**found, "back": back, "transposed": v["weight"].T}


def _gru(v: Inputs, s: Sizes) -> Results:
    h = v["h_first"]
    kept: dict[str, list[np.ndarray]] = {name: [] for name in ("states", "before", "gates", "candidates")}
    for _, on, x in _steps(v):
        sums = h @ v["weight"]
        s_r, s_z, s_n = np.split(sums, 3, axis=1)
        x_r, x_z, x_n = np.split(x + v["bias"], 3, axis=1)
        r, z, inner = expit(s_r + x_r), expit(s_z + x_z), s_n + v["candidate_bias"]
        n = np.tanh(x_n + r * inner)
        kept["before"].append(h)
        kept["gates"].append(np.hstack([r, z, n]))
        kept["candidates"].append(inner)
        h = np.where(on, (1 - z) * n + z * h, h)
        kept["states"].append(h)
    return {**{name: np.stack(each, 1) for name, each in kept.items()}, "h": h, "sums": sums}


def _gru_gradient(v: Inputs, s: Sizes) -> Results:
    d_h, d_rows, d_products = v["d_last"], [], []
    for t, on, _ in reversed(list(_steps(v))):
        r, z, n = np.split(v["gates"][:, t], 3, axis=1)
        d_h = d_h + v["d_states"][:, t]
        d_n = d_h * (1 - z) * (1 - n**2)
        d_z = d_h * (v["before"][:, t] - n) * z * (1 - z)
        d_r = d_n * v["candidates"][:, t] * r * (1 - r)
        d_rows.insert(0, np.where(on, np.hstack([d_r, d_z, d_n]), 0))
        d = np.where(on, np.hstack([d_r, d_z, d_n * r]), 0)
        d_products.insert(0, d)
        back = d @ v["weight"].T
        d_h = np.where(on, d_h * z, d_h) + back
    found = {"d_rows": np.stack(d_rows, 1), "d_products": np.stack(d_products, 1), "d_h": d_h, "d_sums": d}
    found["d_candidate_bias"] = found["d_products"][..., 2 * s["H"] :].sum((0, 1))
    return {**found, "back": back, "transposed": v["weight"].T}


_inputs = {"mask": _mask}
_back = {"to_states": 1, "to_last": 1}
CASES["rnn"] = Case(_rnn(False), _inputs, integers=lambda s: {"looked_up": 1, "rectified": 0}, tolerance=1e-4)
CASES["rnn_gradient"] = Case(
    _rnn_gradient(False),
    {**_inputs, "states": lambda rng, s: rng.uniform(-1, 1, (s["B"], s["T"], s["H"]))},
    integers=lambda s: {"rectified": 0, **_back},
    tolerance=1e-4,
)
CASES["lstm"] = Case(_lstm, _inputs, lambda s: {"looked_up": 1}, fix=lambda s: {**s, "G": 4 * s["H"]}, tolerance=1e-4)
CASES["lstm_gradient"] = Case(
    _lstm_gradient,
    {**_inputs, "gates": _gates},
    lambda s: {**_back, "to_cell": 1},
    fix=lambda s: {**s, "G": 4 * s["H"]},
    tolerance=1e-4,
)
CASES["gru"] = Case(_gru, _inputs, lambda s: {"looked_up": 1}, fix=lambda s: {**s, "G": 3 * s["H"]}, tolerance=1e-4)
CASES["gru_gradient"] = Case(
    _gru_gradient, {**_inputs, "gates": _gates}, lambda s: _back, fix=lambda s: {**s, "G": 3 * s["H"]}, tolerance=1e-4
)


def _zero_or_one(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    return rng.integers(0, 2, s["B"])


def _masked_cross_entropy(v: Inputs, s: Sizes) -> Results:
    costs = -log_softmax(v["logits"], 1)[np.arange(s["B"]), v["labels"].astype(int)]
    count = v["mask"].sum()
    return {"loss": (costs * v["mask"]).sum() / max(count, 1), "probabilities": softmax(v["logits"], 1), "count": count}


def _masked_cross_entropy_gradient(v: Inputs, s: Sizes) -> Results:
    wrong = v["probabilities"] - np.eye(s["C"])[v["labels"].astype(int)]
    return {"d_logits": wrong * v["mask"][:, None] * v["d_loss"] / max(v["count"][0], 1)}


def _count_right_steps(v: Inputs, s: Sizes) -> Results:
    wrong = ((v["logits"].argmax(1) != v["labels"]) & (v["mask"] > 0)).reshape(-1, 3)
    return {"right": v["mask"].sum() - wrong.sum(), "whole": (~wrong.any(1)).sum()}


CASES["masked_cross_entropy"] = Case(_masked_cross_entropy, {"mask": _zero_or_one})
CASES["masked_cross_entropy_gradient"] = Case(
    _masked_cross_entropy_gradient, {"mask": _zero_or_one, "count": lambda rng, s: np.array([float(s["B"])])}
)
CASES["count_right_steps"] = Case(
    _count_right_steps, {"mask": _zero_or_one}, lambda s: {"steps": 3}, fix=lambda s: {**s, "B": 3 * s["B"]}
)


def _windows(v: Inputs, s: Sizes) -> Results:
    stretch = (s["N"] - 1) // s["B"]
    first = 6 % (stretch // s["T"]) * s["T"]
    places = np.arange(s["B"])[:, None] * stretch + first + np.arange(s["T"])
    return {"symbols": v["text"][places], "following": v["text"][places + 1]}


CASES["read_windows"] = Case(_windows, fix=lambda s: {**s, "N": 3 * s["B"] * s["T"] + s["N"]}, step=7)
CASES["carried_state"] = Case(
    lambda v, s: {"state": v["kept"] if (7 - 1) % s["n"] else np.zeros(s["n"])},
    integers=lambda s: {"period": s["n"]},
    step=7,
)
