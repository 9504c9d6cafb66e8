"""A network that ends in a writer, one symbol at a time: what is read is looked at once, then each step is a run."""

from __future__ import annotations

import numpy as np

from lab.graph import Storage, assign
from lab.graph import functions as f
from lab.graph.tensor import constant
from lab.nets.network import Network
from lab.nets.sequence_states import SequenceStates
from lab.tasks.training.own_memory import Numbers, OwnMemory


class StepwiseWriter:
    """`width` texts for each of `count` sequences of so many symbols, in memory of its own; see `beam_search.Decoder`.

    Raises InvalidValue if the last layer is no writer.
    """

    def __init__(self, network: Network, count: int, width: int, read: int) -> None:
        stored, kept = Storage("states"), Storage("statistics")
        rows = count * width
        self._width = width
        self._symbols = stored.member("symbols", (rows, read))
        self._word = stored.member("word", (rows, 1))
        mask = f.minimum(self._symbols, constant(1.0))
        begun = SequenceStates(mask=mask, length=1)
        network.apply(self._symbols, training=False, sequence=begun)
        own = {name: each for name, each in begun.last.items() if "writer" in name}
        self._kept = {
            name: stored.member(name, each.shape) for name, each in own.items() if not name.endswith(".begun")
        }
        self._state = next(name for name in self._kept if name.endswith(".h"))
        own[self._state] = next(each for name, each in own.items() if name.endswith(".begun"))
        begin = [assign(own[name], each) for name, each in self._kept.items()]
        going = SequenceStates(first=self._kept, mask=mask, words=self._word)
        output, _ = network.apply(self._symbols, training=False, sequence=going)
        self._logits = assign(output, kept.member("logits", output.shape))
        self._after = assign(going.last[self._state], kept.member("state", self._kept[self._state].shape))
        self._memory = OwnMemory(network, {"begin": begin, "step": [self._logits, self._after]})

    def begin(self, numbers: Numbers, read: np.ndarray) -> None:
        """Take these weights and settings, and read symbols [count, read]."""
        self._memory.take(numbers, numbers)
        self._memory.put(self._symbols, np.repeat(read, self._width, axis=0))
        self._memory.run("begin")

    def step(self, symbols: np.ndarray) -> np.ndarray:
        """Read one symbol of each text, [rows]; the logits of the next ones, [rows, symbols]."""
        self._memory.put(self._word, symbols[:, None])
        self._memory.run("step")
        self._memory.put(self._kept[self._state], self._memory.view(self._after))
        return self._memory.view(self._logits)[:, 0].copy()

    def keep(self, rows: np.ndarray) -> None:
        """Go on with these rows, each of a text that reads the same."""
        state = self._memory.view(self._kept[self._state])
        state[...] = state[rows]
