"""Cases of Newton's step, schedules, Adam's errata, sine and cosine, and the record of a path."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.kernels.cases import CASES, Case, Inputs, Sizes, number, over, y_of

_rates = {"before": number(0.5), "decay": number(0.25), "factor": number(0.5), "low": number(0.125)}
BEGIN, SPAN, STEP, PERIOD = 4, 10, 12, 6
T = STEP - 1 - BEGIN
_integers = {"begin": BEGIN, "span": SPAN}


def _schedule(factor: float) -> Any:
    return lambda v, s: {"rate": v["before"] * factor}


for _name, _factor, _more in (
    ("exponential_decay", np.exp(-0.25 * T), {}),
    ("inverse_decay", 1 / (1 + 0.25 * T), {}),
    ("step_decay", 0.5 ** (T // 3), {"every": 3}),
    ("cosine_decay", 0.125 + 0.875 * (1 + np.cos(np.pi * T / SPAN)) / 2, {}),
    ("cosine_restarts", 0.125 + 0.875 * (1 + np.cos(np.pi * (T % PERIOD) / PERIOD)) / 2, {"period": PERIOD}),
    ("triangle_wave", 0.125 + 0.875 * (1 - abs(1 - 2 * (T % PERIOD) / PERIOD)), {"period": PERIOD}),
    ("warm_up", (T + 1) / SPAN, {}),
):
    CASES[_name] = Case(_schedule(float(_factor)), _rates, lambda s, more=_more: _integers | more, step=STEP)


def _newton(v: Inputs, s: Sizes) -> dict[str, Any]:
    hessian = v["hessian"].swapaxes(0, 1) + v["damping"] * np.eye(s["n"])
    direction = np.linalg.solve(hessian, v["gradient"][..., None])[..., 0]
    reduced = hessian.copy()
    # What elimination leaves behind: the upper triangle, rows exchanged for the largest pivots.
    for matrix in reduced:
        for k in range(s["n"]):
            best = k + np.abs(matrix[k:, k]).argmax()
            matrix[[k, best], k:] = matrix[[best, k], k:]
            matrix[k + 1 :] -= np.outer(matrix[k + 1 :, k] / matrix[k, k], matrix[k])
    return {
        "hessian": np.triu(reduced).swapaxes(0, 1),
        "direction": direction,
        "scale": np.abs(hessian).max(axis=1),
        "parameters": v["parameters"] - v["rate"] * direction,
    }


CASES["newton_step"] = Case(
    _newton,
    {
        "hessian": lambda rng, s: (
            rng.standard_normal([s["n"], s["W"], s["n"]]) + 3 * s["n"] * np.eye(s["n"])[::-1, None]
        ),
        "rate": number(0.5),
        "damping": number(0.25),
    },
    tolerance=2e-4,
)


def _one_plus_beta(v: Inputs, s: Sizes) -> dict[str, Any]:
    first = v["beta_1"] * v["first"] + (1 + v["beta_1"]) * v["gradient"]
    return _adam(v, first, 3)


def _step_from_zero(v: Inputs, s: Sizes) -> dict[str, Any]:
    first = v["beta_1"] * v["first"] + (1 - v["beta_1"]) * v["gradient"]
    return _adam(v, first, 2)


def _adam(v: Inputs, first: Any, t: int) -> dict[str, Any]:
    second = v["beta_2"] * v["second"] + (1 - v["beta_2"]) * v["gradient"] ** 2
    m, r = first / (1 - v["beta_1"] ** t), second / (1 - v["beta_2"] ** t)
    step = v["rate"] * m / (np.sqrt(r) + v["epsilon"])
    return {"first": first, "second": second, "parameters": v["parameters"] - step}


_numbers = {
    "rate": number(0.1), "beta_1": number(0.875), "beta_2": number(0.984375), "epsilon": number(1e-4),
    "second": over("n"),
}  # fmt: skip
CASES["adam_one_plus_beta"] = Case(_one_plus_beta, _numbers, lambda s: {"corrected": 1}, step=3)
CASES["adam_step_from_zero"] = Case(_step_from_zero, _numbers, step=3)
CASES["sine"] = Case(y_of(np.sin, "x"))
CASES["cosine"] = Case(y_of(np.cos, "x"))


def _record(v: Inputs, s: Sizes) -> dict[str, Any]:
    """The second of the three steps of a stretch, whose rows hold what was found before."""
    path, point = v["path"].copy(), v["point"]
    for w in range(s["W"]):
        x, y = point[w, 0], point[w, -1]
        for row, better in ((7, x < path[7, w, 0]), (8, x > path[8, w, 0]), (9, y < path[9, w, 1]),
                            (10, y > path[10, w, 1])):  # fmt: skip
            if better:
                path[row, w] = x, y, 7
    return {"path": path}


CASES["record_path"] = Case(
    _record, integers=lambda s: {"first": 2, "stride": 3}, fix=lambda s: {**s, "T": max(s["T"], 11)}, step=7
)
