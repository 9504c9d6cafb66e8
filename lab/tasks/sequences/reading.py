"""A trained network reads: many symbols at once, and what there is to look at while it does."""

from __future__ import annotations

import numpy as np

from lab.graph import Storage, assign
from lab.nets.network import Network
from lab.nets.sequence_states import SequenceStates
from lab.tasks.training.own_memory import Numbers, OwnMemory


class Reader:
    """`length` steps of a network over `count` texts side by side, in memory of its own.

    states: the names of the recurrent states, with their widths, that go from one stretch to the next
    looks:  whether what the layers show of each step is kept, see `SequenceStates.seen`
    """

    def __init__(self, network: Network, count: int, length: int, states: dict[str, int], looks: bool = False) -> None:
        stored, kept = Storage("states"), Storage("statistics")
        self._symbols = stored.member("symbols", (count, length))
        self._states = {name: stored.member(name, (count, width)) for name, width in states.items()}
        sequence = SequenceStates(self._states)
        output, _ = network.apply(self._symbols, training=False, sequence=sequence)
        self._logits = assign(output, kept.member("logits", output.shape))
        self._last = {name: assign(sequence.last[name], kept.member(name, (count, states[name]))) for name in states}
        seen = sequence.seen if looks else {}
        self._seen = {name: assign(each, kept.member(f"seen {name}", each.shape)) for name, each in seen.items()}
        self.count = count
        self._memory = OwnMemory(network, {"read": [self._logits, *self._last.values(), *self._seen.values()]})

    def begin(self, numbers: Numbers) -> None:
        """Take these weights and settings, and forget all states."""
        self._memory.take(numbers, numbers)
        for tensor in self._states.values():
            self._memory.put(tensor, 0.0)

    def read(self, symbols: np.ndarray) -> np.ndarray:
        """Read the next symbols of each text, [count, length]; the logits behind each, [count, length, symbols]."""
        self._memory.put(self._symbols, symbols)
        self._memory.run("read")
        for name, tensor in self._states.items():
            self._memory.put(tensor, self._memory.view(self._last[name]))
        return self._memory.view(self._logits).copy()

    def seen(self) -> dict[str, np.ndarray]:
        """What the layers show of the stretch that was read last, by name, [count, length, …]."""
        return {name: self._memory.view(tensor).copy() for name, tensor in self._seen.items()}


def mean_cost(reader: Reader, numbers: Numbers, text: np.ndarray, length: int) -> float:
    """Mean of -log P(next symbol), in nats, of a text [n] that is read once from its beginning, its state carried.

    reader: of one text, `length` symbols at a time
    """
    reader.begin(numbers)
    total, steps = 0.0, len(text) - 1
    for first in range(0, steps, length):
        here = min(length, steps - first)
        symbols = np.zeros(length, np.int64)
        symbols[:here] = text[first : first + here]
        logits = reader.read(symbols[None])[0, :here].astype(np.float64)
        total += costs(logits, text[first + 1 : first + here + 1]).sum()
    return total / steps


def costs(logits: np.ndarray, symbols: np.ndarray) -> np.ndarray:
    """-log P of these symbols [n], in nats, from logits [n, symbols]."""
    highest = logits.max(axis=1)
    mass = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    found: np.ndarray = mass - logits[np.arange(len(symbols)), symbols]
    return found
