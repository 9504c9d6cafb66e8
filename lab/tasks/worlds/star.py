"""Baird's star of seven states, and methods that learn its values: the experiment behind `off-policy`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kernels.metrics import halt_if_not_finite
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign, constant, scope
from lab.graph import functions as f
from lab.graph.tensor import Call, call
from lab.pictures import Bars, Diagram, Picture
from lab.scenario import Scenario
from lab.tasks.generative.measured_experiment import MeasuredExperiment

STATES, WEIGHTS = 7, 8
FEATURES = np.zeros((STATES, WEIGHTS))
"""What the value of each state is made of."""
FEATURES[np.arange(6), np.arange(6)] = 2
FEATURES[:6, 7] = 1
FEATURES[6, 6:] = 1, 2
FIRST = np.array([1.0, 1, 1, 1, 1, 1, 10, 1])
TERMS = (*(f"2 w{number} + w8" for number in range(1, 7)), "w7 + 2 w8")
MOVES = 11
"""The stream of the random numbers that moves are drawn from."""


class Star(MeasuredExperiment):
    """One replica; see `lab.tasks.task.Experiment`."""

    real_name = "float64"

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario, seed, folder, options)
        if scenario.data is not None or scenario.model:
            raise InvalidValue(("data" if scenario.data is not None else "model",), "is not used by this task.")
        stored = Storage("states")
        self.w, self.second = stored.member("weights", (1, WEIGHTS)), stored.member("second weights", (1, WEIGHTS))
        self.state_now = stored.member("state", (1,))
        self.metrics = tuple(scenario.watch)
        with scope(options.method):
            step = self._expected() if options.method == "expected" else self._sampled()
        with scope("measure"):
            values = self.values_of(constant(FEATURES, "features"), self.w)
            measuring = self.kept({"values": values, "weights": f.identity(self.w)})
        self.lay_out({"step": step, "measure": measuring})

    # Building

    def setting(self, name: str) -> Tensor:
        """A number of the options that may be changed while this runs, [1]."""
        return self.adjustable.number(f"options.{name}", self.options, name)

    @staticmethod
    def values_of(features: Tensor, weights: Tensor) -> Tensor:
        """The values [n] of states with these features [n, 8]. weights: [1, 8]"""
        return f.sum(features * f.broadcast(weights, features.shape), "rows")

    def _sampled(self) -> list[Tensor | Call]:
        """A move, and what is learned from it."""
        solid, gamma, rate = (self.setting(name) for name in ("target_solid", "gamma", "rate"))
        acts = self.options.behaviour_solid
        chances = np.array([[(1 - acts) / 6] * 6 + [acts]])
        behind = f.draw(constant(chances, "chances"), MOVES)
        # Where one comes to tells what was done: the solid action alone leads to the seventh state.
        was_solid = self.row(np.eye(STATES)[:, 6:], behind)
        ratio = was_solid * (solid * (1 / acts)) + (1.0 - was_solid) * ((1.0 - solid) * (1 / (1 - acts)))
        here, there = self.row(FEATURES, self.state_now), self.row(FEATURES, behind)
        error = gamma * self.values_of(there, self.w) - self.values_of(here, self.w)
        much = f.broadcast((rate * ratio * error).reshape(1, 1), here.shape)
        wide_gamma = f.broadcast(gamma.reshape(1, 1), here.shape)
        updates = []
        if self.options.method == "semi-gradient":
            change = much * here
        elif self.options.method == "residual-gradient":
            change = much * (here - wide_gamma * there)
        else:
            guess = self.values_of(here, self.second)
            back = f.broadcast((rate * ratio * guess).reshape(1, 1), here.shape)
            change = much * here - back * wide_gamma * there
            second = f.broadcast((self.setting("second_rate") * (ratio * error - guess)).reshape(1, 1), here.shape)
            updates.append(assign(self.second + second * here, self.second))
        updates.append(assign(self.w + change, self.w))
        return [call(halt_if_not_finite, error), *updates, assign(f.identity(behind), self.state_now)]

    def _expected(self) -> list[Tensor | Call]:
        """All states at once, and all that may follow, each as often as the policy that is learned about says."""
        solid, gamma, rate = (self.setting(name) for name in ("target_solid", "gamma", "rate"))
        features = constant(FEATURES, "features")
        values = self.values_of(features, self.w)
        behind = solid * values[6:] + (1.0 - solid) * f.mean(values[:6])
        errors = f.broadcast(gamma * behind, values.shape) - values
        much = f.broadcast(errors.reshape(STATES, 1), features.shape) * features
        change = f.sum(much, "columns") * f.broadcast(rate * (1 / STATES), (WEIGHTS,))
        return [call(halt_if_not_finite, f.mean(errors)), assign(self.w + change.reshape(1, WEIGHTS), self.w)]

    @staticmethod
    def row(table: np.ndarray, number: Tensor) -> Tensor:
        """The row of a table [rows, columns] whose number is in a tensor [1]: [1, columns]; [1] of one column."""
        found = f.embedding(constant(table, "table"), number)
        return found.reshape(*((1,) if table.shape[1] == 1 else (1, table.shape[1])))

    # Running

    def prepare(self) -> None:
        super().prepare()
        self.put(self.w, FIRST)
        self.put(self.state_now, np.random.default_rng(self.seed).integers(STATES))

    def told(self, kept: Mapping[str, np.ndarray]) -> dict[str, float]:
        values = kept["values"]
        now = self.settings()
        solid, gamma = (now.get(f"options.{name}", getattr(self.options, name)) for name in ("target_solid", "gamma"))
        behind = solid * values[6] + (1 - solid) * values[:6].mean()
        return {
            "value_error": float(np.sqrt((values**2).mean())),
            "bellman_error": float(np.sqrt(((gamma * behind - values) ** 2).mean())),
            "largest_weight": float(np.abs(kept["weights"]).max()),
        }

    def pictures(self) -> list[Picture]:
        self.run_beside("measure")
        values, weights = (self.read(self.measured.members[name]).ravel() for name in ("values", "weights"))
        nodes = tuple((f"state {number + 1}", terms, f"{values[number]:.4g}", "") for number, terms in enumerate(TERMS))
        edges = tuple((f"state {number + 1}", "state 7") for number in range(6))
        bars = {f"w{number + 1}": float(each) for number, each in enumerate(weights)}
        return [
            Diagram("Seven states and what they are worth", nodes, edges, name="star"),
            Bars("Weights", bars, name="weights"),
        ]
