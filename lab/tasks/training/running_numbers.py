"""Running numbers, such as batch norm's means and variances, for weights with which no step was ever made."""

from __future__ import annotations

import numpy as np

from kernels.plan import STEP
from lab.graph import Layout, data
from lab.graph.running import bind
from lab.nets.network import Network


class RunningNumbers:
    """Finds a network's running numbers for given weights: those of one batch of examples, in memory of its own.

    Layers that drop units drop the same ones every time, so that the numbers depend on the weights alone, not on how
    often somebody has asked.

    The mean of the weights over many steps is the case: the running numbers of the last step do not belong to it.
    Izmailov et al., "Averaging weights leads to wider optima and better generalization", 2018, section 3.2.
    """

    def __init__(self, network: Network, inputs: np.ndarray, seed: int) -> None:
        self._network = network
        self._layout = Layout({"update": network.running_numbers_of(data(inputs, "inputs"))})
        self._memory = self._layout.memory(self._layout.shared_memory("float32"), seed)
        self._program = bind(self._layout.plans["update"], self._memory)

    def __call__(self, weights: dict[str, np.ndarray], settings: dict[str, float]) -> dict[str, np.ndarray]:
        """The running numbers by name, for the parameters in `weights`."""
        members = self._network.settings.storage.members
        for tensors, values in ((self._network.kept, weights), (members, settings)):
            for name, tensor in tensors.items():
                if name in values and self._layout.knows(tensor):
                    self._layout.view(self._memory, tensor)[...] = values[name]
        self._memory.state[STEP] = 0
        self._program.run()
        return {
            name: self._layout.view(self._memory, tensor).copy()
            for name, tensor in self._network.running.members.items()
            if self._layout.knows(tensor)
        }
