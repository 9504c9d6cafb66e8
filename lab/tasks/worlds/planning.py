"""Methods that know the world: policy evaluation, value iteration and policy iteration. A step is a sweep.

All states are backed up from the values of the sweep before (Sutton and Barto, sections 4.1 to 4.4).
"""

from __future__ import annotations

import numpy as np

from kernels.arrays import copy
from kernels.dynamic_programming import expected_value, greedy_value, improve_policy, note_change
from lab.graph import Tensor, assign
from lab.graph.tensor import Call, call
from lab.pictures import Picture
from lab.tasks.worlds.exact import greedy
from lab.tasks.worlds.experiment import WorldExperiment

ROUNDING = 1e-9
"""Changes below this part of the largest value say nothing of how they shrink."""


class Planning(WorldExperiment):
    """See `WorldExperiment`. Keeps V, and the policy that is evaluated."""

    measured = (
        "value", "true_value", "best_value", "error", "residual", "change", "contraction", "gamma", "optimal_actions",
    )  # fmt: skip

    def build_programs(self) -> dict[str, list[Tensor | Call]]:
        if self.options.method == "policy-iteration":  # its sweeps are not all the same
            self.metrics = tuple(name for name in self.metrics if name != "contraction")
        states = self.world.count
        self.values = self.stored.member("values", (states,))
        self.policy = self.stored.member("policy", (states, 4))
        self.changes = self.stored.member("changes", (2,))
        step = self.reward_rows()
        before = call(copy, self.values).result
        after = assign(self._backup(before), self.values)
        step += [after, call(note_change, after, before, updates=[self.changes])]
        if self.options.method == "policy-iteration":
            q = self.backed_up(self.values)
            step.append(call(improve_policy, q, updates=[self.policy], every=self.options.evaluation_sweeps))
        # What the values would be after one more sweep, and what actions are worth.
        self.q = self.stored.member("q", (states, 4))
        measure = [*self.reward_rows(), assign(self.backed_up(self.values), self.q)]
        return {"step": step, "measure": measure}

    def _backup(self, values: Tensor) -> Tensor:
        q = self.backed_up(values)
        if self.options.method == "value-iteration":
            return call(greedy_value, q, shapes=[values.shape]).result
        return call(expected_value, q, self.policy, shapes=[values.shape]).result

    def prepare(self) -> None:
        """Take the memory; all values are 0 at first."""
        super().prepare()
        self.put(self.policy, self._first_policy())
        self.put(self.changes, np.nan)

    def _first_policy(self) -> np.ndarray:
        return first_policy(self)

    @property
    def evaluates(self) -> bool:
        """Whether the policy stays what it is."""
        return bool(self.options.method == "policy-evaluation")

    def found(self) -> dict[str, float]:
        values, q, policy = self.read(self.values), self.read(self.q), self.read(self.policy)
        model, best = self.model(), self.best_values()
        acting = policy if self.options.method != "value-iteration" else greedy(q)
        exact = model.values(policy) if self.evaluates else best
        after = (policy * q).sum(axis=1) if self.evaluates else q.max(axis=1)
        change, before = self.read(self.changes).tolist()
        told = change > ROUNDING * max(1.0, float(np.abs(values).max()))
        found = {
            "value": self.at_start(values),
            "true_value": self.at_start(model.values(acting)),
            "best_value": self.at_start(best),
            "error": float(np.abs(values - exact).max()),
            "residual": float(np.abs(after - values).max()),
            "gamma": self.number("gamma"),
            "optimal_actions": optimal_share(acting, model.action_values(best)),
        }
        if self.step:
            found["change"] = change
        if told and before > 0:
            found["contraction"] = change / before
        return found

    def _factor(self) -> float:
        """By what the value behind an outcome is multiplied."""
        return self.number("gamma") * (-1 if self.options.backup_sign == "minus" else 1)

    def pictures(self) -> list[Picture]:
        self.run_beside("measure")
        values, q = self.read(self.values), self.read(self.q)
        acting = greedy(q) if self.options.method == "value-iteration" else self.read(self.policy)
        return [
            self.shown.values(values, acting, self.rewards()),
            self.shown.q_values(q, acting if self.evaluates else greedy(q), self.rewards()),
            self.shown.backup(values, self.rewards(), self.number("slip"), self._factor()),
        ]


def first_policy(experiment: WorldExperiment) -> np.ndarray:
    """The policy that the options name, [states, 4]."""
    chosen, world = experiment.options.policy, experiment.world
    if isinstance(chosen, list):
        return world.policy(chosen)
    if chosen == "optimal":
        return greedy(experiment.model().action_values(experiment.best_values()))
    return np.full((world.count, 4), 0.25)


def optimal_share(acting: np.ndarray, best: np.ndarray) -> float:
    """The share of the states in which all that a policy does, [states, 4], is best by the exact Q, [states, 4]."""
    loss = best.max(axis=1, keepdims=True) - best
    return float((np.where(acting > 0, loss, 0.0).max(axis=1) < 1e-6).mean())
