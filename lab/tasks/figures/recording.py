"""What figures remember of a run: numbers of the network at every measurement, part of the replica's state.

Being part of the state, they go back with it, come back when a run is resumed, and are there on a branch.
"""

from __future__ import annotations

from array import array

import numpy as np

from lab.graph import Tensor, assign
from lab.graph.tensor import Storage

MOST = 512
"""Of how many moments at most; then half of those that stand closest are dropped."""
UNTHINNED = 128
"""The first so many are never dropped."""

State = dict[str, np.ndarray]


class Recording:
    """Tables of the recorded tensors, a row per snapshot.

    program: what the measuring program computes for it
    """

    def __init__(self) -> None:
        self.program: list[Tensor] = []
        self.kept = Storage("statistics")
        self._steps = array("q")
        self._rows: list[np.ndarray] = []

    def keep(self, name: str, tensor: Tensor) -> None:
        """Record a tensor from now on."""
        self.program.append(assign(tensor, self.kept.member(name, tensor.shape)))

    def record(self, kept: np.ndarray, step: int) -> None:
        """Keep what the measuring program has left in `self.kept` at a step."""
        if not self.program:
            return
        self._forget_from(step)
        self._steps.append(step)
        self._rows.append(kept.astype(np.float32))
        if len(self._steps) > MOST:
            kept_steps, kept_rows = thinned(np.array(self._steps), np.stack(self._rows))
            self._steps, self._rows = array("q", kept_steps.tolist()), list(kept_rows)

    def history(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps [moments] and values [moments, *shape] of a recorded tensor."""
        tensor = self.kept.members[name]
        stretch = slice(tensor.offset, tensor.offset + tensor.size)
        rows = np.stack([row[stretch] for row in self._rows]) if self._rows else np.zeros((0, tensor.size), np.float32)
        return np.array(self._steps, np.int64), rows.reshape(len(self._steps), *tensor.shape)

    def state(self) -> State:
        """Copies of everything recorded; nothing if nothing is to be recorded."""
        if not self.program:
            return {}
        rows = np.stack(self._rows) if self._rows else np.zeros((0, self.kept.whole.size), np.float32)
        return {"recorded steps": np.array(self._steps, np.int64), "recorded": rows}

    def restore(self, state: State) -> State:
        """Go back to what was recorded; returns what of the state is others'. Raises ValueError if it does not fit."""
        own = {name: numbers for name, numbers in state.items() if name.startswith("recorded")}
        wanted = {"recorded steps", "recorded"} if self.program else set()
        if set(own) != wanted or (wanted and own["recorded"].shape[1:] != (self.kept.whole.size,)):
            raise ValueError("this state has other recorded numbers")
        if wanted:
            self._steps, self._rows = array("q", own["recorded steps"].tolist()), list(own["recorded"])
        return {name: numbers for name, numbers in state.items() if name not in own}

    def _forget_from(self, step: int) -> None:
        while self._steps and self._steps[-1] >= step:
            self._steps.pop()
            self._rows.pop()


def thinned(steps: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fewer of these moments: steps [moments], rows [moments, numbers], which come back in the same order.

    Where they stand closest, of every four in a row the two stay that are furthest apart, so that what jumps still
    jumps and what stands out still stands out, whatever its period. The first ones and the last are left as they are.
    """
    reach = np.abs(np.where(np.isfinite(rows), rows, 0.0)).max(axis=0)
    scaled = rows / np.where(reach > 0, reach, 1.0)
    groups = (len(steps) - 1 - UNTHINNED) // 4
    places = UNTHINNED + np.arange(4 * groups).reshape(groups, 4)
    lengths = steps[places[:, 3]] - steps[places[:, 0]]
    spared = places[lengths > np.median(lengths)]
    places = places[lengths <= np.median(lengths)]
    # Where several pairs are as far apart, the one that lies further apart in time.
    pairs = np.array([(0, 3), (0, 2), (1, 3), (0, 1), (1, 2), (2, 3)])
    apart = np.stack([_distance(scaled[places[:, one]], scaled[places[:, other]]) for one, other in pairs], axis=1)
    chosen = np.take_along_axis(places, pairs[apart.argmax(axis=1)], axis=1)
    first, last = np.arange(UNTHINNED), np.arange(UNTHINNED + 4 * groups, len(steps))
    kept = np.sort(np.concatenate([first, spared.ravel(), chosen.ravel(), last]))
    return steps[kept], rows[kept]


def _distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far rows are apart, [rows]; that a number is one in only one of both is as much as a number can differ."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(one - other)
    broken = np.isfinite(one) != np.isfinite(other)
    return np.asarray((np.where(np.isfinite(apart), apart, 0.0) + 2.0 * broken).sum(axis=1))
