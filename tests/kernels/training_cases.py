"""Cases of optimizers, regularisation and metrics."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.kernels.cases import CASES, Case, Inputs, Sizes, number, over

_numbers = {
    "rate": number(0.1),
    "momentum": number(0.9),
    "decay": number(0.95),
    "beta_1": number(0.9),
    "beta_2": number(0.99),
    "epsilon": number(1e-4),
    "strength": number(0.3),
    "second": over("n"),
}


def _velocity(v: Inputs, push: Any) -> Any:
    return v["momentum"] * v["velocity"] + push


def _momentum(v: Inputs, s: Sizes) -> dict[str, Any]:
    velocity = _velocity(v, v["gradient"])
    return {"velocity": velocity, "parameters": v["parameters"] - v["rate"] * velocity}


def _nesterov(v: Inputs, s: Sizes) -> dict[str, Any]:
    velocity = _velocity(v, -v["rate"] * v["gradient"])
    step = -v["momentum"] * v["velocity"] + (1 + v["momentum"]) * velocity
    return {"velocity": velocity, "parameters": v["parameters"] + step}


def _look_ahead_step(v: Inputs, s: Sizes) -> dict[str, Any]:
    velocity = _velocity(v, -v["rate"] * v["gradient"])
    before = v["parameters"] - v["momentum"] * v["velocity"]
    return {"velocity": velocity, "parameters": before + velocity}


def _adaptive(v: Inputs, keep: Any, take: Any) -> dict[str, Any]:
    second = keep * v["second"] + take * v["gradient"] ** 2
    step = v["rate"] * v["gradient"] / (np.sqrt(second) + v["epsilon"])
    return {"second": second, "parameters": v["parameters"] - step}


def adam_after(v: Inputs, steps: int) -> dict[str, Any]:
    """What Adam makes of its numbers in the last of so many steps."""
    first = v["beta_1"] * v["first"] + (1 - v["beta_1"]) * v["gradient"]
    second = v["beta_2"] * v["second"] + (1 - v["beta_2"]) * v["gradient"] ** 2
    m, r = first / (1 - v["beta_1"] ** steps), second / (1 - v["beta_2"] ** steps)
    return {
        "first": first,
        "second": second,
        "parameters": v["parameters"] - v["rate"] * m / (np.sqrt(r) + v["epsilon"]),
    }


CASES["sgd"] = Case(lambda v, s: {"parameters": v["parameters"] - v["rate"] * v["gradient"]}, _numbers)
CASES["momentum_step"] = Case(_momentum, _numbers)
CASES["nesterov_step"] = Case(_nesterov, _numbers)
CASES["look_ahead"] = Case(lambda v, s: {"parameters": v["parameters"] + v["momentum"] * v["velocity"]}, _numbers)
CASES["look_ahead_step"] = Case(_look_ahead_step, _numbers)
CASES["adagrad"] = Case(lambda v, s: _adaptive(v, 1, 1), _numbers)
CASES["rmsprop"] = Case(lambda v, s: _adaptive(v, v["decay"], 1 - v["decay"]), _numbers)
CASES["adam"] = Case(lambda v, s: adam_after(v, 3), _numbers, integers=lambda s: {"corrected": 1}, step=3)
CASES["decay_weights"] = Case(lambda v, s: {"parameters": v["parameters"] * (1 - v["rate"] * v["strength"])}, _numbers)
CASES["add_l2"] = Case(lambda v, s: {"gradient": v["gradient"] + v["strength"] * v["parameters"]}, _numbers)
CASES["add_l1"] = Case(
    lambda v, s: {"gradient": v["gradient"] + v["strength"] * np.sign(v["parameters"])},
    {**_numbers, "parameters": lambda rng, s: rng.integers(-1, 2, s["n"])},
)
CASES["clip_by_value"] = Case(lambda v, s: {"gradient": np.clip(v["gradient"], -0.75, 0.75)}, {"limit": number(0.75)})
CASES["clip_by_norm"] = Case(
    lambda v, s: {"gradient": v["gradient"] * np.minimum(1, v["limit"] / v["norm"])},
    {"norm": lambda rng, s: rng.uniform(0.5, 2, 1), "limit": number(1.0)},
)


# Metrics
def _outcomes(v: Inputs, s: Sizes) -> dict[str, Any]:
    said, true = v["logits"] > 0, v["targets"] > 0
    return {
        "hits": (said & true).sum(0),
        "false_alarms": (said & ~true).sum(0),
        "misses": (~said & true).sum(0),
    }


def _histogram(v: Inputs, s: Sizes) -> dict[str, Any]:
    low, high = v["low"][0], v["high"][0]
    counts, _ = np.histogram(v["x"], bins=s["K"], range=(low, high))
    return {"counts": counts, "outside": [(v["x"] < low).sum(), (v["x"] > high).sum(), 0]}


def _dead(v: Inputs, s: Sizes) -> dict[str, Any]:
    dead = (v["y"] == 0).all(0)
    return {"dead": dead, "share": dead.mean()}


def _confusions(v: Inputs, s: Sizes) -> dict[str, Any]:
    counts = np.zeros((s["C"], s["C"]))
    np.add.at(counts, (v["labels"].astype(int), v["scores"].argmax(axis=1)), 1)
    return {"counts": counts}


CASES["count_confusions"] = Case(_confusions)
CASES["count_correct"] = Case(
    lambda v, s: {"count": (v["scores"].argmax(1) == v["labels"]).sum()},
    {"scores": lambda rng, s: rng.integers(-2, 3, [s["B"], s["C"]])},
)
CASES["count_label_outcomes"] = Case(_outcomes, {"targets": lambda rng, s: rng.integers(0, 2, [s["B"], s["L"]])})
CASES["dead_units"] = Case(
    _dead, {"y": lambda rng, s: rng.standard_normal([s["N"], s["H"]]) * (rng.random([s["N"], s["H"]]) > 0.9)}
)
CASES["mean_and_deviation"] = Case(
    lambda v, s: {"mean": v["x"].mean(), "deviation": v["x"].std()},
    {"x": lambda rng, s: 3 + rng.standard_normal(s["n"])},
)
CASES["saturation"] = Case(
    lambda v, s: {"share": ((v["y"] < v["low"]) | (v["y"] > v["high"])).mean()},
    {"low": number(-0.5), "high": number(0.8)},
)
CASES["histogram"] = Case(
    _histogram,
    # No number lies on or very near the edge of a bin, where rounding would decide.
    {
        "x": lambda rng, s: rng.integers(-9, 10, s["n"]) / 4 + 0.01,
        "low": number(-2.0),
        "high": number(1.5),
    },
)
CASES["norm"] = Case(lambda v, s: {"y": np.linalg.norm(v["x"])})
CASES["difference_norm"] = Case(lambda v, s: {"y": np.linalg.norm(v["a"] - v["b"])})
_broken = {
    "x": lambda rng, s: np.where(
        rng.random(s["n"]) < 0.3, rng.choice([np.nan, np.inf, -np.inf], s["n"]), rng.standard_normal(s["n"])
    )
}
CASES["halt_if_not_finite"] = Case(lambda v, s: {"flag": not np.isfinite(v["x"]).all()}, _broken)
