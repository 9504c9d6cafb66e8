"""A network that writes: fed with what it has written, one symbol at a time, several texts side by side.

A recurrent network carries a state from symbol to symbol, so that one step of it is enough for each. What looks at
other steps itself, such as attention, has none, and reads all that it may look at anew.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lab.graph import Storage, assign
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network
from lab.nets.sequence_states import SequenceStates
from lab.tasks.sequences.reading import Reader
from lab.tasks.training.own_memory import Numbers, OwnMemory


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

    def draw(self, logits: np.ndarray, random: Callable[[], float]) -> int:
        """The number of the symbol that is chosen from logits [symbols]."""
        chances = self.probabilities(logits)
        return min(int(np.searchsorted(chances.cumsum(), random())), len(chances) - 1)

    @property
    def words(self) -> str:
        """How it is drawn, for the title of what was drawn."""
        if self.temperature is None:
            return "by argmax"
        among = "" if self.top is None else f" among the {self.top} likeliest"
        return f"at temperature {self}{among}"

    def __str__(self) -> str:
        return "argmax" if self.temperature is None else f"{self.temperature:g}"


def drawn_from(logits: np.ndarray, random: np.ndarray) -> np.ndarray:
    """A symbol for each row of logits [n, symbols], drawn at temperature 1 with random numbers from 0 to 1, [n]."""
    chances = np.exp(logits - logits.max(axis=1, keepdims=True)).cumsum(axis=1)
    return np.minimum((chances < random[:, None] * chances[:, -1:]).sum(axis=1), logits.shape[1] - 1)


class Writer(ABC):
    """`count` texts side by side: each symbol that is drawn is read next."""

    count: int

    @abstractmethod
    def begin(self, numbers: Numbers) -> None:
        """Take these weights and settings, by name, and forget what was read."""

    @abstractmethod
    def step(self, symbols: np.ndarray) -> np.ndarray:
        """Read one symbol of each text, [count]; the logits of the next ones, [count, symbols]."""

    def write(
        self,
        numbers: Numbers,
        primer: np.ndarray,
        length: int,
        choices: Sequence[Choice],
        random: Callable[[], float],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Texts that go on from a primer, one for each way to choose, [count, length], and the chances of the symbol
        behind the primer, [count, symbols].

        numbers: weights and settings by name;  random: gives the next number from 0 to 1
        """
        logits = self._behind(numbers, primer)
        written = np.zeros((self.count, length), np.int64)
        first = np.stack([each.probabilities(row) for each, row in zip(choices, logits, strict=True)])
        for place in range(length):
            same = functools.partial(float, random())  # one number for all, so that only the ways to choose differ
            for number, (choice, row) in enumerate(zip(choices, logits, strict=True)):
                written[number, place] = choice.draw(row, same)
            if place < length - 1:
                logits = self.step(written[:, place])
        return written, first

    def go_on(self, numbers: Numbers, primer: np.ndarray, choice: Choice, random: Callable[[], float]) -> Iterator[int]:
        """The symbols of a text that goes on from a primer, without end, each read as soon as the next is asked for."""
        logits = self._behind(numbers, primer)
        while True:
            symbol = choice.draw(logits[0], random)
            yield symbol
            logits = self.step(np.full(self.count, symbol))

    def _behind(self, numbers: Numbers, primer: np.ndarray) -> np.ndarray:
        """Begin anew with these numbers and read a primer; the logits of what comes next, [count, symbols]."""
        self.begin(numbers)
        for symbol in primer:
            logits = self.step(np.full(self.count, symbol))
        return logits


class StepWriter(Writer):
    """A network that carries all it knows of a text in the states of its recurrent layers.

    states: their names, with their widths
    """

    def __init__(self, network: Network, count: int, states: dict[str, int]) -> None:
        self.count = count
        self._reader = Reader(network, count, 1, states)

    def begin(self, numbers: Numbers) -> None:
        self._reader.begin(numbers)

    def step(self, symbols: np.ndarray) -> np.ndarray:
        return self._reader.read(symbols[:, None])[:, 0]


class WindowWriter(Writer):
    """A network without states that looks at the last `window` symbols of a text: it reads them anew for each symbol.

    hides: whether what is behind the last symbol must be hidden from the network as padding, since it would look at it
    """

    def __init__(self, network: Network, count: int, window: int, hides: bool) -> None:
        self.count, self._window = count, window
        stored, kept = Storage("states"), Storage("statistics")
        self._symbols = stored.member("symbols", (count, window))
        self._mask = stored.member("mask", (count, window)) if hides else None
        output, _ = network.apply(self._symbols, training=False, sequence=SequenceStates(mask=self._mask))
        self._logits = assign(output, kept.member("logits", output.shape))
        self._memory = OwnMemory(network, {"read": [self._logits]})
        self._read = np.zeros((count, 0), np.int64)

    def begin(self, numbers: Numbers) -> None:
        self._memory.take(numbers, numbers)
        self._read = self._read[:, :0]

    def step(self, symbols: np.ndarray) -> np.ndarray:
        self._read = np.concatenate([self._read, symbols[:, None]], axis=1)[:, -self._window :]
        known = self._read.shape[1]
        behind = ((0, 0), (0, self._window - known))
        self._memory.put(self._symbols, np.pad(self._read, behind))
        if self._mask is not None:
            self._memory.put(self._mask, np.pad(np.ones_like(self._read), behind))
        self._memory.run("read")
        return self._memory.view(self._logits)[:, known - 1].copy()


def writer_of(network: Network, parts: Sequence[BuiltLayer], count: int, states: dict[str, int], window: int) -> Writer:
    """The writer for a network.

    parts:  its layers, as they were built
    states: names and widths of its recurrent states
    window: so many symbols it reads at a time, where it has no states but looks at other steps
    """
    if looks_back(parts):
        return WindowWriter(network, count, window, hides=bool(looking_ahead(parts)))
    return StepWriter(network, count, states)


def looks_back(parts: Sequence[BuiltLayer]) -> bool:
    """Whether a network looks at steps before the one at which it is, otherwise than by a state."""
    return any(part.layer.other_steps()[0] for part in parts)


def looking_ahead(parts: Sequence[BuiltLayer]) -> list[str]:
    """The names of layers that look at later steps."""
    return [part.name for part in parts if part.layer.other_steps()[1]]
