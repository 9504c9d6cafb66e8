"""Pictures of a world: values with arrows, Q, one Bellman backup written out, and the last episode."""

from __future__ import annotations

import numpy as np

from lab.pictures import Cells, Picture, Table
from lab.tasks.worlds.gridworld import ACTIONS, SHOWN_ARROWS, Gridworld

MOST_ARROWS = 2
"""So many equally good actions are shown as arrows; more as a point."""


class WorldPictures:
    """What is drawn of one world. rewards, below: by the number of the reward, as they are now."""

    def __init__(self, world: Gridworld) -> None:
        self.world = world

    def values(self, values: np.ndarray, policy: np.ndarray, rewards: np.ndarray) -> Picture:
        """values [states], NaN for one that is not known; policy [states, actions], the chance of each action."""
        shown = self.world.on_map(values).astype(np.float32)
        return Cells("Values and policy", shown, self._marks(policy, rewards), diverging=True, name="values")

    def q_values(self, q: np.ndarray, policy: np.ndarray, rewards: np.ndarray) -> Picture:
        """q, policy: [states, actions]. A cell's colour is that of its best action."""
        return Cells(
            "Action values", self.world.on_map(q.max(axis=1)).astype(np.float32), self._marks(policy, rewards),
            self.world.on_map(q).astype(np.float32), diverging=True, name="q_values",
        )  # fmt: skip

    def episode(self, path: np.ndarray, rewards: np.ndarray) -> Picture:
        """path: the states of the last episode in order, the number of states for the end, and below 0 behind it."""
        lived = path[path >= 0].astype(int)
        states = lived[lived < self.world.count]
        visits = np.bincount(states, minlength=self.world.count).astype(np.float64)
        steps = len(lived) - 1
        ended = len(lived) > 0 and lived[-1] == self.world.count
        how = "terminated" if ended else "truncated: cut off by the time limit"
        note = f"{steps} {'step' if steps == 1 else 'steps'}, {how}" if len(lived) else "none yet"
        marks = self._marks(np.zeros((self.world.count, 4)), rewards)
        return Cells(
            "Visits in the last episode", self.world.on_map(visits).astype(np.float32), marks, low=0.0, note=note,
            name="episode",
        )  # fmt: skip

    def backup(self, values: np.ndarray, rewards: np.ndarray, slip: float, gamma: float) -> Picture:
        """What each action is worth in the first state at S, as a sum over its outcomes."""
        state = int(self.world.origin[0])
        rows = []
        for action, name in enumerate(ACTIONS):
            parts, total = [], 0.0
            for outcome, chance in enumerate((1 - slip, slip / 2, slip / 2)):
                there = int(self.world.following[state, action, outcome])
                reward = float(rewards[self.world.kinds[state, action, outcome]])
                worth = float(values[there]) if there < self.world.count else 0.0
                total += chance * (reward + gamma * worth)
                if chance > 0:
                    share = f"{chance:.4g} · " if chance < 1 else ""
                    parts.append(f"{share}({reward:.4g} + {gamma:.4g} · {worth:.4g})")
            rows.append((f"{SHOWN_ARROWS[action]} {name}", f"{total:.5g}", " + ".join(parts)))
        row, column = self.world.places[state].tolist()
        title = f"One backup, of row {row + 1}, column {column + 1}"
        head = ("action", "Q", "sum of chance · (reward + γ · value behind)")
        return Table(title, head, tuple(rows), name="backup")

    def _marks(self, policy: np.ndarray, rewards: np.ndarray) -> tuple[tuple[str, ...], ...]:
        """Arrows where one acts; letters with what they give elsewhere."""
        arrows = {
            tuple(place): _arrows(chances) for place, chances in zip(self.world.places.tolist(), policy, strict=True)
        }
        rows, columns = self.world.shape
        return tuple(
            tuple(self._mark((row, column), arrows, rewards) for column in range(columns)) for row in range(rows)
        )

    def _mark(self, place: tuple[int, int], arrows: dict[tuple[int, ...], str], rewards: np.ndarray) -> str:
        letter = self.world.at(place)
        if place in arrows:
            return letter + arrows[place] if letter.isalpha() else arrows[place] or "·"
        if letter not in self.world.letters:
            return ""
        gain = float(rewards[self.world.letters.index(letter) + 1] - rewards[0])
        return f"{letter} {gain:+.4g}"


def _arrows(chances: np.ndarray) -> str:
    taken = np.flatnonzero(chances > 0)
    if len(taken) > MOST_ARROWS:
        return "·"
    return "".join(SHOWN_ARROWS[each] for each in taken)
