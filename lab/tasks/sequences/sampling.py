"""A network that writes: fed with what it has written, one symbol at a time, several texts side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lab.graph import Layout, assign
from lab.graph.running import bind
from lab.graph.tensor import Storage
from lab.nets.network import Network
from lab.nets.sequence_states import SequenceStates


@dataclass(frozen=True)
class Choice:
    """How the next symbol is chosen from the logits.

    temperature: by which logits are divided before the softmax; None: the likeliest symbol is taken (argmax)
    top:         only among so many likeliest ones; None: among all
    """

    temperature: float | None = 1.0
    top: int | None = None

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """From logits [symbols] to what is drawn from, [symbols]."""
        if self.temperature is None:
            return (np.arange(len(logits)) == int(logits.argmax())).astype(np.float64)
        scaled = logits.astype(np.float64) / self.temperature
        if self.top is not None and self.top < len(scaled):
            scaled = np.where(scaled >= np.sort(scaled)[-self.top], scaled, -np.inf)
        mass = np.exp(scaled - scaled.max())
        chances: np.ndarray = mass / mass.sum()
        return chances

    @property
    def words(self) -> str:
        """How it is drawn, for the title of what was drawn."""
        if self.temperature is None:
            return "by argmax"
        among = "" if self.top is None else f" among the {self.top} likeliest"
        return f"at temperature {self}{among}"

    def __str__(self) -> str:
        return "argmax" if self.temperature is None else f"{self.temperature:g}"


class Writer:
    """One step of a network, for `count` texts side by side, in memory of its own.

    states: the names of the recurrent states, with their widths, that go from step to step
    """

    def __init__(self, network: Network, count: int, states: dict[str, int]) -> None:
        stored, kept = Storage("states"), Storage("statistics")
        self._symbols = stored.member("symbols", (count, 1))
        self._states = {name: stored.member(name, (count, width)) for name, width in states.items()}
        sequence = SequenceStates(self._states)
        output, _ = network.apply(self._symbols, training=False, sequence=sequence)
        self._logits = assign(output, kept.member("logits", output.shape)).reshape(count, -1)
        self._last = {name: assign(sequence.last[name], kept.member(name, (count, states[name]))) for name in states}
        self._network, self.count = network, count
        self._layout = Layout({"write": [self._logits, *self._last.values()]})
        self._memory = self._layout.memory(self._layout.shared_memory("float32"), 0)
        self._program = bind(self._layout.plans["write"], self._memory)

    def begin(self, numbers: Mapping[str, np.ndarray | float]) -> None:
        """Take these weights and settings, by name, and forget all states."""
        for name, tensor in {**self._network.kept, **self._network.settings.storage.members}.items():
            if self._layout.knows(tensor):
                self._layout.view(self._memory, tensor)[...] = numbers[name]
        for tensor in self._states.values():
            self._layout.view(self._memory, tensor)[...] = 0

    def step(self, symbols: np.ndarray) -> np.ndarray:
        """Read one symbol of each text, [count]; the logits of the next ones, [count, symbols]."""
        view = self._layout.view
        view(self._memory, self._symbols)[:, 0] = symbols
        self._program.run()
        for name, tensor in self._states.items():
            view(self._memory, tensor)[...] = view(self._memory, self._last[name])
        return view(self._memory, self._logits).copy()

    def write(
        self,
        numbers: Mapping[str, np.ndarray | float],
        primer: np.ndarray,
        length: int,
        choices: Sequence[Choice],
        random: Callable[[], float],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Texts that go on from a primer, one for each way to choose, [count, length], and the chances of the symbol
        behind the primer, [count, symbols].

        numbers: weights and settings by name;  random: gives the next number from 0 to 1
        """
        self.begin(numbers)
        for symbol in primer:
            logits = self.step(np.full(self.count, symbol))
        written = np.zeros((self.count, length), np.int64)
        first = np.stack([each.probabilities(row) for each, row in zip(choices, logits, strict=True)])
        for place in range(length):
            for number, (choice, row) in enumerate(zip(choices, logits, strict=True)):
                chances = choice.probabilities(row)
                written[number, place] = min(int(np.searchsorted(chances.cumsum(), random())), len(chances) - 1)
            if place < length - 1:
                logits = self.step(written[:, place])
        return written, first
