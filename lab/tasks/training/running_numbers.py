"""Running numbers, such as batch norm's means and variances, for weights with which no step was ever made."""

from __future__ import annotations

import numpy as np

from lab.graph import data
from lab.nets.network import Network
from lab.tasks.training.own_memory import OwnMemory


class RunningNumbers:
    """Finds a network's running numbers for given weights: those of one batch of examples, in memory of its own.

    Layers that drop units drop the same ones every time, so that the numbers depend on the weights alone, not on how
    often somebody has asked.

    The mean of the weights over many steps is the case: the running numbers of the last step do not belong to it.
    Izmailov et al., "Averaging weights leads to wider optima and better generalization", 2018, section 3.2.
    """

    def __init__(self, network: Network, inputs: np.ndarray, seed: int) -> None:
        self._network = network
        self._memory = OwnMemory(network, {"update": network.running_numbers_of(data(inputs, "inputs"))}, seed)

    def __call__(self, weights: dict[str, np.ndarray], settings: dict[str, float]) -> dict[str, np.ndarray]:
        """The running numbers by name, for the parameters in `weights`."""
        # The batch's take the place of those that were there, whatever these are.
        self._memory.take(dict.fromkeys(self._network.running.members, 0.0) | weights, settings)
        self._memory.run("update")
        return {
            name: self._memory.view(tensor).copy()
            for name, tensor in self._network.running.members.items()
            if self._memory.knows(tensor)
        }
