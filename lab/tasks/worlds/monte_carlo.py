"""Monte-Carlo prediction: the returns that were seen from a state are averaged. A step is an episode."""

from __future__ import annotations

import numpy as np

from kernels.temporal_differences import evaluation_episode
from lab.graph import Tensor
from lab.graph.tensor import Call, call
from lab.pictures import Picture
from lab.tasks.worlds.experiment import WorldExperiment
from lab.tasks.worlds.planning import first_policy

EPISODES_SHOWN = 100
"""Of so many episodes returns and lengths are averaged."""
STREAM = 31
"""Of the random numbers of episodes; the next one is that of the noise in rewards."""


class MonteCarlo(WorldExperiment):
    """See `WorldExperiment`. Keeps mean, number and spread of the returns that were seen from each state."""

    measured = (
        "value", "true_value", "best_value", "error", "gamma", "return", "length", "terminated", "standard_errors",
    )  # fmt: skip

    def build_programs(self) -> dict[str, list[Tensor | Call]]:
        states, keep = self.world.count, self.stored.member
        self.values, self.squares, self.counts = (keep(name, (states,)) for name in ("values", "squares", "counts"))
        self.policy = keep("policy", (states, 4))
        self.record = keep("record", (EPISODES_SHOWN, 3))
        self.path = keep("path", (self.options.time_limit + 1,))
        rows = self.reward_rows()
        lived = call(
            evaluation_episode, *self.lived_in, self.policy,
            updates=[self.values, self.squares, self.counts, keep("first", (states,)), self.record],
            shapes=[self.path.shape, self.path.shape], stream=STREAM,
        )  # fmt: skip
        lived.results[1].target = self.path
        return {"step": [*rows, lived]}

    def prepare(self) -> None:
        """Take the memory."""
        super().prepare()
        self.put(self.policy, first_policy(self))
        self.put(self.path, -1)

    def found(self) -> dict[str, float]:
        values, counts = self.read(self.values), self.read(self.counts)
        exact = self.model().values(self.read(self.policy))
        seen = counts > 0
        return {
            "value": self.at_start(np.where(seen, values, np.nan)),
            "true_value": self.at_start(exact),
            "best_value": self.at_start(self.best_values()),
            "error": float(np.abs(values - exact)[seen].max()) if seen.any() else np.nan,
            "gamma": self.number("gamma"),
            **told_of_episodes(self.read(self.record), self.step),
            "standard_errors": self._standard_errors(values - exact, counts),
        }

    def _standard_errors(self, away: np.ndarray, counts: np.ndarray) -> float:
        often = counts > 1
        error = np.sqrt(self.read(self.squares)[often] / (counts[often] - 1) / counts[often])
        known = error > 0
        return float(np.sqrt(np.mean((away[often][known] / error[known]) ** 2))) if known.any() else np.nan

    def pictures(self) -> list[Picture]:
        values = np.where(self.read(self.counts) > 0, self.read(self.values), np.nan)
        return [
            self.shown.values(values, self.read(self.policy), self.rewards()),
            self.shown.episode(self.read(self.path), self.rewards()),
        ]


def told_of_episodes(record: np.ndarray, episodes: int) -> dict[str, float]:
    """What is measured of the last episodes, nothing before the first one. record: [episodes, 3]: return, length,
    whether it ended by itself"""
    if not episodes:
        return {}
    means = record[: min(episodes, len(record))].mean(axis=0)
    return dict(zip(("return", "length", "terminated"), means.tolist(), strict=True))
