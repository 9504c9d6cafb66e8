"""Cases of the pole on a cart, lived through in plain Python, and of the batches that deep Q-learning draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cases import CASES, Case, Inputs, Sizes, number
from .regularisation_cases import STEP, STREAM, philox

UNTIL, LIMIT, EPSILON = 4 * STEP, 3, 0.5


def pushed(state: np.ndarray, right: int) -> np.ndarray:
    """One step, as gymnasium writes it."""
    x, x_dot, theta, theta_dot = state
    force = 10.0 if right else -10.0
    temp = (force + 0.05 * theta_dot**2 * np.sin(theta)) / 1.1
    theta_acc = (9.8 * np.sin(theta) - np.cos(theta) * temp) / (0.5 * (4 / 3 - 0.1 * np.cos(theta) ** 2 / 1.1))
    x_acc = temp - 0.05 * theta_acc * np.cos(theta) / 1.1
    return np.array([x + 0.02 * x_dot, x_dot + 0.02 * x_acc, theta + 0.02 * theta_dot, theta_dot + 0.02 * theta_acc])


def ended(state: np.ndarray) -> bool:
    return abs(state[0]) > 2.4 or abs(state[2]) > 12 * 2 * np.pi / 360


def _words(index: int, step: int, stream: int) -> np.ndarray:
    return np.array([int(each[0]) for each in philox(np.array([index]), step, stream)])


def start(number: int, stream: int) -> np.ndarray:
    return ((_words(0, number, stream) >> 8) / 2**24 - 0.5) * 0.1


def _states(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    """Some near an end, some not; in eighths."""
    return rng.integers(-20, 21, (s.get("E", 1), 4)) / [8, 8, 128, 8]


def _begun(v: Inputs, s: Sizes) -> dict[str, Any]:
    return {"states": [start(e, STREAM) for e in range(s["E"])], "ages": np.zeros(s["E"])}


def _lived(bootstrap: int):
    def expected(v: Inputs, s: Sizes) -> dict[str, Any]:
        out = {name: v[name].copy() for name in ("states", "ages", "memory", "record", "episodes")}
        explore, choice = (_words(0, STEP, STREAM)[:2] >> 8) / 2**24
        right = int(2 * choice) if explore < 1 - (1 - EPSILON) * STEP / UNTIL else int(v["q"][0, 1] > v["q"][0, 0])
        before, after = v["states"][0], pushed(v["states"][0], right)
        age = v["ages"][0] + 1
        over = ended(after) or age >= LIMIT
        goes_on = not ended(after) and (bool(bootstrap) or age < LIMIT)
        out["memory"][(STEP - 1) % s["M"]] = [*before, right, 1, *after, goes_on]
        out["states"][0], out["ages"][0] = after, age
        if over:
            count = int(v["episodes"][0])
            out["record"][count % s["W"]] = [age, ended(after)]
            out["episodes"][0] = count + 1
            out["states"][0], out["ages"][0] = start(count + 1, STREAM + 1), 0
        return out

    return expected


def live_case(bootstrap: int, age: int) -> Case:
    """One step of an episode of a certain age."""
    inputs = {
        "states": _states, "ages": number(float(age)), "epsilon": number(EPSILON), "episodes": number(5.0),
    }  # fmt: skip
    integers = {"limit": LIMIT, "bootstrap": bootstrap, "until": UNTIL, "stream": STREAM}
    return Case(_lived(bootstrap), inputs, lambda s: integers, step=STEP)


def _greedily(v: Inputs, s: Sizes) -> dict[str, Any]:
    out = {name: v[name].copy() for name in ("states", "ages", "outcomes", "trace")}
    for e in range(s["E"]):
        age = int(v["ages"][e])
        if age < 0:
            continue
        after = pushed(v["states"][e], int(v["q"][e, 1] > v["q"][e, 0]))
        out["states"][e], out["outcomes"][e] = after, [age + 1, ended(after)]
        out["ages"][e] = -1 if ended(after) or age + 1 == s["T"] - 1 else age + 1
        if e == 0:
            out["trace"][age] = [*v["states"][0], v["q"][0].max()]
            out["trace"][age + 1, :4] = after
    return out


def _drawn(v: Inputs, s: Sizes) -> dict[str, Any]:
    rows = [int(_words(b, STEP, STREAM)[0]) * min(STEP, s["M"]) >> 32 for b in range(s["B"])]
    found = v["memory"][rows]
    return {
        "states": found[:, :4], "moves": np.eye(2)[found[:, 4].astype(int)], "rewards": found[:, 5],
        "following": found[:, 6:10], "continues": found[:, 10],
    }  # fmt: skip


def _memory(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    memory = rng.standard_normal((s["M"], 11))
    memory[:, [4, 10]] = rng.integers(0, 2, (s["M"], 2))
    return memory


CASES["begin_episodes"] = Case(_begun, {}, lambda s: {"stream": STREAM})
CASES["live_one_step"] = live_case(0, LIMIT - 1)
CASES["live_greedily"] = Case(
    _greedily, {"states": _states, "ages": lambda rng, s: rng.integers(-1, s["T"] - 1, s["E"])},
    fix=lambda s: s | {"T": s["T"] + 1},
)  # fmt: skip
CASES["draw_transitions"] = Case(_drawn, {"memory": _memory}, lambda s: {"stream": STREAM}, step=STEP)
CASES["value_targets"] = Case(lambda v, s: {"targets": v["rewards"] + v["gamma"] * v["continues"] * v["q"].max(1)})
CASES["follow"] = Case(
    lambda v, s: {"target": v["source"] if (STEP - 1) % 2 == 0 else v["target"]}, {}, lambda s: {"every": 2}, step=STEP
)
