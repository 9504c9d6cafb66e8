"""A program over a network in training, in memory of its own: the network may have other weights there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kernels.plan import STEP
from lab.graph import Layout, Tensor
from lab.graph.running import bind
from lab.graph.tensor import Call
from lab.tasks.training.inspection import Inspection


class OwnMemory:
    """Runs a program on the CPU with a network's weights and settings, without touching the network's own memory.

    Layers that draw at random draw the same each time.

    program: calls, and tensors to be computed
    dtype:   float32, or float64, in which everything is computed
    """

    def __init__(self, inspection: Inspection, program: Sequence[Tensor | Call], dtype: str = "float32") -> None:
        self._inspection = inspection
        self._layout = Layout({"program": program})
        self._memory = self._layout.memory(self._layout.shared_memory(dtype), inspection.seed)
        self._program = bind(self._layout.plans["program"], self._memory)

    def take_weights(self) -> dict[str, np.ndarray]:
        """Put in weights and settings as the network has them now; returns the weights by name."""
        weights, settings = self._inspection.weights(), self._inspection.settings()
        for name, tensor in self._inspection.network.kept.items():
            self.put(tensor, weights[name])
        for name, tensor in self._inspection.network.settings.storage.members.items():
            if name in settings:
                self.put(tensor, settings[name])
        return weights

    def put(self, tensor: Tensor, value: Any) -> None:
        """Give a stored tensor other numbers; one that the program does not read is passed over."""
        if self._layout.knows(tensor):
            self._layout.view(self._memory, tensor)[...] = value

    def run(self) -> None:
        """Compute the program once."""
        self._memory.state[STEP] = 0
        self._program.run()

    def view(self, tensor: Tensor) -> np.ndarray:
        """A stored tensor's numbers, until the program runs again."""
        return self._layout.view(self._memory, tensor)
