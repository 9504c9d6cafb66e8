"""What a network answers to inputs that are not in its data: a grid of the plane, a chosen set of examples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.graph.tensor import Storage, Tensor, assign
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network
from lab.nets.sequence_states import SequenceStates
from lab.tasks.training.own_memory import OwnMemory


class Predictor:
    """A forward program for inputs of one shape, in memory of its own, fed with whatever weights are given.

    shape:  of the inputs: [examples, features], or of any other rank, examples first
    wanted: chooses what to keep, from the network's output and its layers, by name; by default the output alone
    training: whether the network is run as in training: with dropout, with the statistics of the batch
    sequence: filled while the network is built, before `wanted` is asked
    regions: how many boxes of each image are given beside it, for layers that cut them out
    """

    def __init__(
        self,
        network: Network,
        shape: tuple[int, ...],
        wanted: Callable[[Tensor, list[BuiltLayer]], dict[str, Tensor]] = lambda output, parts: {"output": output},
        training: bool = False,
        sequence: SequenceStates | None = None,
        regions: int = 0,
    ) -> None:
        inputs, kept = Storage("states"), Storage("statistics")
        self._x = inputs.member("inputs", shape)
        self._regions = inputs.member("regions", (shape[0], regions, 4)) if regions else None
        answer, parts = network.apply(self._x, training=training, sequence=sequence, regions=self._regions)
        self._y = wanted(answer, parts)
        places = {name: kept.member(name, tensor.shape) for name, tensor in self._y.items()}
        self._y = {name: assign(tensor, places[name]) for name, tensor in self._y.items()}
        self._network, self._step = network, 0
        self._memory = OwnMemory(network, {"predict": list(self._y.values())})

    def let_go(self) -> None:
        """Give its memory back until it is asked again."""
        self._memory.let_go()

    def again(self) -> None:
        """Compute once more what the last call asked, as when it is to be timed."""
        self._memory.run("predict", self._step)

    def __call__(
        self,
        inputs: np.ndarray,
        weights: dict[str, np.ndarray],
        settings: dict[str, float],
        step: int = 0,
        regions: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """What is wanted, by name, for inputs of that shape; random numbers are those of the step after `step`.

        Raises InvalidValue for symbols which the network does not know."""
        self._network.require_symbols(inputs)
        memory, self._step = self._memory, step
        memory.put(self._x, inputs)
        if self._regions is not None:
            memory.put(self._regions, regions)
        memory.take(weights, settings)
        memory.run("predict", step)
        return {name: memory.view(tensor).copy() for name, tensor in self._y.items()}
