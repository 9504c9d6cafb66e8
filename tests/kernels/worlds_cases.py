"""Cases of Bellman backups and of episodes, the latter lived through once more, state by state, in plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.temporal_differences import DOUBLE_Q_LEARNING, EXPECTED_SARSA, Q_LEARNING, SARSA

from .cases import CASES, Case, Inputs, Sizes, number
from .regularisation_cases import STEP, STREAM, philox

GAMMA, SLIP, NOISE, EPSILON = 0.75, 0.25, 0.5, 0.75

_numbers = {"gamma": number(GAMMA), "slip": number(SLIP)}


def _policy(rng: np.random.Generator, s: Sizes) -> np.ndarray:
    """Chances in sixteenths, which both real types have."""
    return rng.multinomial(16, np.full(4, 0.25), s["N"]) / 16


def _action_values(v: Inputs, s: Sizes) -> dict[str, Any]:
    worth = np.append(v["values"], 0)[v["following"].astype(int)]
    reward = v["rewards"][v["kinds"].astype(int)]
    return {"q": (reward + GAMMA * worth) @ [1 - SLIP, SLIP / 2, SLIP / 2]}


def _improved(v: Inputs, s: Sizes) -> dict[str, Any]:
    best = v["q"] == v["q"].max(axis=1, keepdims=True)
    return {"policy": best / best.sum(axis=1, keepdims=True)}


CASES["action_values"] = Case(_action_values, _numbers)
CASES["expected_value"] = Case(lambda v, s: {"values": (v["policy"] * v["q"]).sum(1)}, {"policy": _policy})
CASES["greedy_value"] = Case(lambda v, s: {"values": v["q"].max(1)})
CASES["improve_policy"] = Case(
    _improved, {"q": lambda rng, s: rng.integers(0, 3, [s["N"], 4])}, lambda s: {"every": 3}, step=3
)
CASES["note_change"] = Case(lambda v, s: {"changes": [np.abs(v["values"] - v["before"]).max(), v["changes"][0]]})


class _World:
    """The drawn world as an environment with `reset` and `step`, and the chance behind both."""

    def __init__(self, v: Inputs, s: Sizes) -> None:
        self.v, self.ends_at = v, s["N"]

    def words(self, index: int, stream: int = STREAM) -> list[int]:
        return [int(each[0]) for each in philox(np.array([index]), STEP, stream)]

    def shares(self, index: int) -> list[float]:
        return [(each >> 8) / 2**24 for each in self.words(index)]

    def reset(self) -> int:
        starts = self.v["starts"]
        return int(starts[int(self.shares(0)[2] * len(starts))])

    def step(self, s: int, a: int, level: float, t: int) -> tuple[int, float]:
        k = 0 if level < 1 - SLIP else 1 if level < 1 - SLIP / 2 else 2
        one, other, _, _ = self.words(t, STREAM + 1)
        normal = np.sqrt(-2 * np.log((one + 1) / 2**32)) * np.cos(2 * np.pi * other / 2**32)
        reward = self.v["rewards"][int(self.v["kinds"][s, a, k])] + NOISE * normal
        return int(self.v["following"][s, a, k]), reward


def _path(states: list[int], s: Sizes) -> list[int]:
    return states + [-1] * (s["T"] - len(states))


def _record(v: Inputs, s: Sizes, row: list[float]) -> np.ndarray:
    record = v["record"].copy()
    record[(STEP - 1) % s["W"]] = row
    return record


def _control(rule: int, bootstrap: int, epsilon_decay: float):
    def expected(v: Inputs, s: Sizes) -> dict[str, Any]:
        world, tables, visits = _World(v, s), v["tables"].copy(), v["visits"].copy()

        def epsilon(state: int) -> float:
            return min(1.0, EPSILON / (1 + visits[:, state].sum()) ** epsilon_decay)

        def act(state: int, explore: float, choice: float) -> int:
            q = tables[:, state].sum(0)
            allowed = range(4) if explore < epsilon(state) else np.flatnonzero(q >= q.max() - 1e-9)
            return int(allowed[int(choice * len(allowed))])

        def worth(state: int, action: int, updated: int) -> float:
            q = tables[0, state]
            if rule == Q_LEARNING:
                return q.max()
            if rule == SARSA:
                return q[action]
            if rule == DOUBLE_Q_LEARNING:
                return tables[1 - updated, state, tables[updated, state].argmax()]
            both = tables[:, state].sum(0)
            return epsilon(state) * both.mean() + (1 - epsilon(state)) * both.max()

        state = world.reset()
        action = act(state, *world.shares(0)[:2])
        states, total, limit = [state], 0.0, s["T"] - 1
        for t in range(limit):
            level, coin, _, _ = world.shares(2 * t + 1)
            behind, reward = world.step(state, action, level, t)
            total += reward
            explore, choice, _, _ = world.shares(2 * t + 2)
            ended = behind == world.ends_at
            updated = int(2 * coin) if rule == DOUBLE_Q_LEARNING else 0
            following = act(behind, explore, choice) if not ended and rule == SARSA else 0
            counts = not ended and (bootstrap or t + 1 < limit)
            target = reward + GAMMA * (worth(behind, following, updated) if counts else 0)
            visits[updated, state, action] += 1
            rate = 0.5 / np.sqrt(visits[updated, state, action])
            tables[updated, state, action] += rate * (target - tables[updated, state, action])
            states.append(behind)
            if ended:
                break
            action = following if rule == SARSA else act(behind, explore, choice)
            state = behind
        row = [total, len(states) - 1, float(states[-1] == world.ends_at)]
        path = _path(states, s)
        return {"tables": tables, "visits": visits, "path": path, "record": _record(v, s, row)}

    return expected


def _evaluation(v: Inputs, s: Sizes) -> dict[str, Any]:
    world = _World(v, s)
    state = world.reset()
    states, gains = [state], []
    for t in range(s["T"] - 1):
        level, choice, _, _ = world.shares(t + 1)
        action = int((v["policy"][state].cumsum() <= choice).sum())
        state, reward = world.step(state, action, level, t)
        states.append(state)
        gains.append(reward)
        if state == world.ends_at:
            break
    values, squares, counts = (v[name].copy() for name in ("values", "squares", "counts"))
    for each in dict.fromkeys(states[: len(gains)]):
        first = states.index(each)
        back = sum(GAMMA**n * gain for n, gain in enumerate(gains[first:]))
        counts[each] += 1
        before = values[each]
        values[each] += (back - before) / counts[each]
        squares[each] += (back - before) * (back - values[each])
    row = [sum(gains), len(gains), float(states[-1] == world.ends_at)]
    return {
        "values": values, "squares": squares, "counts": counts, "first": np.zeros(s["N"]), "path": _path(states, s),
        "record": _record(v, s, row), "gains": gains + [0.0] * (s["T"] - len(gains)),
    }  # fmt: skip


_lived: dict[str, Any] = {
    **_numbers, "noise": number(NOISE), "epsilon": number(EPSILON), "learning_rate": number(0.5), "decay": number(0.5),
    "visits": lambda rng, s: rng.integers(0, 9, [2, s["N"], 4]), "counts": lambda rng, s: rng.integers(0, 9, s["N"]),
    "first": number(0.0), "policy": _policy,
}  # fmt: skip


def control_case(rule: int, bootstrap: int, epsilon_decay: float = 0.0) -> Case:
    """Episodes that one of the methods learns from."""
    integers = {"rule": rule, "bootstrap": bootstrap, "stream": STREAM}
    drawn = {**_lived, "epsilon_decay": number(epsilon_decay)}
    return Case(_control(rule, bootstrap, epsilon_decay), drawn, lambda s: integers, step=STEP, tolerance=1e-4)


CASES["control_episode"] = control_case(EXPECTED_SARSA, 0, 0.25)
CASES["evaluation_episode"] = Case(_evaluation, _lived, lambda s: {"stream": STREAM}, step=STEP, tolerance=1e-4)
