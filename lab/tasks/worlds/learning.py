"""Methods that learn Q from experience: Q-learning, Sarsa and their kin. A step is an episode."""

from __future__ import annotations

import numpy as np

from kernels.temporal_differences import DOUBLE_Q_LEARNING, EXPECTED_SARSA, Q_LEARNING, SARSA, control_episode
from lab.graph import Tensor
from lab.graph.tensor import Call, call
from lab.pictures import Picture
from lab.tasks.worlds.exact import greedy
from lab.tasks.worlds.experiment import WorldExperiment
from lab.tasks.worlds.monte_carlo import EPISODES_SHOWN, STREAM, told_of_episodes
from lab.tasks.worlds.planning import optimal_share

RULES = {
    "q-learning": Q_LEARNING,
    "sarsa": SARSA,
    "expected-sarsa": EXPECTED_SARSA,
    "double-q-learning": DOUBLE_Q_LEARNING,
}


class Learning(WorldExperiment):
    """See `WorldExperiment`. Keeps Q, in two tables where the method needs them: Q is then the mean of both."""

    measured = (
        "value", "true_value", "best_value", "error", "residual", "gamma", "optimal_actions", "overestimation",
        "explored", "return", "length", "terminated",
    )  # fmt: skip

    def build_programs(self) -> dict[str, list[Tensor | Call]]:
        states, keep = self.world.count, self.stored.member
        self.rule = RULES[self.options.method]
        self.tables, self.visits = keep("tables", (2, states, 4)), keep("visits", (2, states, 4))
        self.record = keep("record", (EPISODES_SHOWN, 3))
        self.path = keep("path", (self.options.time_limit + 1,))
        rows = self.reward_rows()
        lived = call(
            control_episode, *self.lived_in,
            *(self.setting(name) for name in ("learning_rate", "learning_rate_decay", "epsilon", "epsilon_decay")),
            updates=[self.tables, self.visits, self.record], shapes=[self.path.shape],
            rule=self.rule, bootstrap=int(self.options.time_limit_is == "truncation"), stream=STREAM,
        )  # fmt: skip
        lived.result.target = self.path
        return {"step": [*rows, lived]}

    def prepare(self) -> None:
        """Take the memory; all actions are worth `initial` at first."""
        super().prepare()
        first = np.zeros(self.tables.shape)
        first[: 2 if self.rule == DOUBLE_Q_LEARNING else 1] = self.options.initial
        self.put(self.tables, first)
        self.put(self.path, -1)

    def q(self) -> np.ndarray:
        """What each action is thought to be worth, [states, 4]."""
        tables = self.read(self.tables)
        return tables.mean(axis=0) if self.rule == DOUBLE_Q_LEARNING else tables[0]

    def found(self) -> dict[str, float]:
        q, model, best = self.q(), self.model(), self.best_values()
        acting = greedy(q)
        real = model.values(acting)
        return {
            "value": self.at_start(q.max(axis=1)),
            "true_value": self.at_start(real),
            "best_value": self.at_start(best),
            "error": float(np.abs(q - model.action_values(best)).max()),
            "residual": float(np.abs(model.action_values(q.max(axis=1)) - q).max()),
            "gamma": self.number("gamma"),
            "optimal_actions": optimal_share(acting, model.action_values(best)),
            "overestimation": float((q.max(axis=1) - real).mean()),
            "explored": float((self.read(self.visits).sum(axis=0) > 0).mean()),
            **told_of_episodes(self.read(self.record), self.step),
        }

    def pictures(self) -> list[Picture]:
        q = self.q()
        return [
            self.shown.values(q.max(axis=1), greedy(q), self.rewards()),
            self.shown.q_values(q, greedy(q), self.rewards()),
            self.shown.episode(self.read(self.path), self.rewards()),
        ]
