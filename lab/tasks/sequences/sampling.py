"""A network that writes: fed with what it has written, one symbol at a time, several texts side by side."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lab.nets.network import Network
from lab.tasks.sequences.reading import Reader


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


class Writer(Reader):
    """One step of a network after another, for `count` texts side by side: each symbol that is drawn is read next."""

    def __init__(self, network: Network, count: int, states: dict[str, int]) -> None:
        super().__init__(network, count, 1, states)

    def step(self, symbols: np.ndarray) -> np.ndarray:
        """Read one symbol of each text, [count]; the logits of the next ones, [count, symbols]."""
        return self.read(symbols[:, None])[:, 0]

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

    def go_on(
        self, numbers: Mapping[str, np.ndarray | float], primer: np.ndarray, choice: Choice, random: Callable[[], float]
    ) -> Iterator[int]:
        """The symbols of a text that goes on from a primer, without end, each read as soon as the next is asked for."""
        logits = self._behind(numbers, primer)
        while True:
            symbol = choice.draw(logits[0], random)
            yield symbol
            logits = self.step(np.full(self.count, symbol))

    def _behind(self, numbers: Mapping[str, np.ndarray | float], primer: np.ndarray) -> np.ndarray:
        """Begin anew with these numbers and read a primer; the logits of what comes next, [count, symbols]."""
        self.begin(numbers)
        for symbol in primer:
            logits = self.step(np.full(self.count, symbol))
        return logits
