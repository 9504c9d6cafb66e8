"""What a known world is worth, exactly: by linear systems, not by the kernels that the lessons are about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.tasks.worlds.gridworld import Gridworld

SWEEPS = 20_000
TIE = 1e-9


@dataclass(frozen=True)
class Model:
    """A world with its numbers: `chances` [states, actions, states] (what is missing to 1 ends the episode), and the
    expected reward of each action, `rewards` [states, actions].

    >>> model.values(policy)         # [states]: the value of each state under a policy [states, actions]
    """

    chances: np.ndarray
    rewards: np.ndarray
    gamma: float

    @classmethod
    def of(cls, world: Gridworld, rewards: np.ndarray, slip: float, gamma: float) -> Model:
        """rewards: by the number of the reward, [kinds]."""
        share = np.array([1 - slip, slip / 2, slip / 2])
        full = np.zeros((world.count, 4, world.count + 1))
        states, actions, _ = np.indices(world.following.shape)
        np.add.at(full, (states, actions, world.following), np.broadcast_to(share, world.following.shape))
        return cls(full[:, :, :-1], (rewards[world.kinds] * share).sum(axis=2), gamma)

    def action_values(self, values: np.ndarray) -> np.ndarray:
        """What each action is worth, [states, actions], if states are worth `values`."""
        return self.rewards + self.gamma * (self.chances @ values)

    def values(self, policy: np.ndarray) -> np.ndarray:
        """The values of a policy: the solution of V = r + gamma P V. NaN where there is none: in a state from which the
        policy may go on for ever, without a discount."""
        chances, rewards = np.einsum("sa,sat->st", policy, self.chances), (policy * self.rewards).sum(axis=1)
        found = np.full(len(rewards), np.nan)
        known = _end(chances) if self.gamma == 1 else np.ones(len(rewards), bool)
        inside = np.eye(int(known.sum())) - self.gamma * chances[np.ix_(known, known)]
        found[known] = np.linalg.solve(inside, rewards[known])
        return found

    def best_values(self) -> np.ndarray:
        """The values of the best policy: value iteration up to rounding, then the linear system of what is greedy."""
        values = np.zeros(len(self.rewards))
        for _ in range(SWEEPS):
            before, values = values, self.action_values(values).max(axis=1)
            if np.abs(values - before).max() <= 1e-12 * max(1.0, np.abs(values).max()):
                break
        exact = self.values(greedy(self.action_values(values)))
        return exact if np.isfinite(exact).all() else values


def greedy(q: np.ndarray) -> np.ndarray:
    """The policy that takes the best actions, equally good ones with equal chances: [states, actions]."""
    best = q >= q.max(axis=1, keepdims=True) - TIE
    shares: np.ndarray = best / best.sum(axis=1, keepdims=True)
    return shares


def _end(chances: np.ndarray) -> np.ndarray:
    """From which states an episode ends sooner or later, whatever happens, [states] bool. chances: [states, states]"""
    never = ~_leads_to(chances.sum(axis=1) < 1 - 1e-12, chances)
    return ~_leads_to(never, chances)


def _leads_to(there: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """From which states one may get to some, [states] bool. there: [states] bool;  chances: [states, states]"""
    while True:
        wider = there | (chances @ there > 0)
        if (wider == there).all():
            return wider
        there = wider
