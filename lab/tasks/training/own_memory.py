"""Programs over a network, in memory of their own: the network may have other weights there than where it trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kernels.plan import STEP
from lab.graph import Layout, Tensor
from lab.graph.running import bind
from lab.graph.tensor import Call
from lab.nets.network import Network

Numbers = Mapping[str, Any]
"""Weights and running numbers, or settings of layers, by name."""


class OwnMemory:
    """Runs programs on the CPU with a network's weights and settings, without touching the network's own memory.

    network:  whose layers the programs were built of
    programs: by name, calls and tensors to be computed
    seed:     what layers draw at random depends on it, and on the step alone
    dtype:    float32, or float64, in which everything is computed
    """

    def __init__(
        self, network: Network, programs: Mapping[str, Sequence[Tensor | Call]], seed: int = 0, dtype: str = "float32"
    ) -> None:
        self._network, self._seed, self._dtype = network, seed, dtype
        self._layout = Layout(programs)
        self._reserved: tuple[Any, dict[str, Any]] | None = None

    @property
    def _memory(self) -> Any:
        return self._reserve()[0]

    def _reserve(self) -> tuple[Any, dict[str, Any]]:
        """The memory, and the programs bound to it; taken when it is needed first."""
        if self._reserved is None:
            memory = self._layout.memory(self._layout.shared_memory(self._dtype), self._seed)
            self._reserved = memory, {name: bind(plan, memory) for name, plan in self._layout.plans.items()}
        return self._reserved

    def let_go(self) -> None:
        """Give the memory back until it is needed again; all that was put into it is gone then."""
        self._reserved = None

    def take(self, weights: Numbers, settings: Numbers) -> None:
        """Put in a network's weights with its running numbers, and its settings: each that a program reads.

        Raises KeyError for one that is not given, in whose place old numbers would be read.
        """
        for tensors, values in (
            (self._network.kept, weights),
            (self._network.settings.storage.members, settings),
        ):
            for name, tensor in tensors.items():
                if self._layout.uses(tensor):
                    self.put(tensor, values[name])

    def put(self, tensor: Tensor, value: Any) -> None:
        """Give a stored tensor other numbers; one that no program reads is passed over."""
        if self.knows(tensor):
            self.view(tensor)[...] = value

    def knows(self, tensor: Tensor) -> bool:
        """Whether it has a place here, since a program reads or computes it or another tensor of its storage."""
        return self._layout.knows(tensor)

    def run(self, program: str, step: int = 0) -> None:
        """Compute a program once; what it draws at random is what the step after `step` draws."""
        memory, programs = self._reserve()
        memory.state[STEP] = step
        programs[program].run()

    def view(self, tensor: Tensor) -> np.ndarray:
        """A stored tensor's numbers, until a program runs again."""
        return self._layout.view(self._memory, tensor)
