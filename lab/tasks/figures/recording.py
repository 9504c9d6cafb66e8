"""What figures remember of a run: numbers of the network at every measurement, part of the replica's state.

Being part of the state, they go back with it, come back when a run is resumed, and are there on a branch.
"""

from __future__ import annotations

from array import array

import numpy as np

from lab.graph import Tensor, assign
from lab.graph.tensor import Storage

MOST = 512
"""Of how many moments at most; of more, those are dropped that stand closest together."""

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
            closest = int(np.argmin(np.array(self._steps[2:]) - np.array(self._steps[:-2]))) + 1
            del self._steps[closest], self._rows[closest]

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

    def restore(self, state: State) -> None:
        """Go back to `state`. Raises ValueError if it is of something else."""
        wanted = {"recorded steps", "recorded"} if self.program else set()
        if set(state) != wanted or (wanted and state["recorded"].shape[1:] != (self.kept.whole.size,)):
            raise ValueError("this state has other recorded numbers")
        if wanted:
            self._steps, self._rows = array("q", state["recorded steps"].tolist()), list(state["recorded"])

    def _forget_from(self, step: int) -> None:
        while self._steps and self._steps[-1] >= step:
            self._steps.pop()
            self._rows.pop()
