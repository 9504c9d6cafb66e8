"""Symbols of a text: characters, or words and what stands between them; from text to numbers and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

UNKNOWN = "<unknown>"
"""The symbol for all words that are not in a vocabulary."""
_TOKEN = re.compile(r"\w+(?:['’-]\w+)*|\n|[^\w\s]")
_CLOSING = frozenset(".,;:!?)]}…”’\n")
_OPENING = frozenset("([{“‘\n")


@dataclass(frozen=True)
class Vocabulary:
    """The symbols of a text by number. They are words if one of them is longer than a character."""

    symbols: tuple[str, ...]

    @property
    def of_words(self) -> bool:
        """Whether the symbols are words and punctuation, not characters."""
        return UNKNOWN in self.symbols

    def spell(self, numbers: Iterable[int]) -> str:
        """The text that symbols with these numbers make."""
        return self.spelled(numbers)[0]

    def spelled(self, numbers: Iterable[int]) -> tuple[str, np.ndarray]:
        """The same text, and where in it each symbol ends, [n]: the place behind its last character.

        Words have a space between them, but for one before punctuation and behind an opening bracket."""
        parts: list[str] = []
        ends: list[int] = []
        before, end = "\n", 0
        for number in numbers:
            symbol = self.symbols[int(number)]
            if self.of_words and symbol not in _CLOSING and before not in _OPENING:
                parts.append(" ")
                end += 1
            parts.append(symbol)
            end += len(symbol)
            ends.append(end)
            before = symbol
        return "".join(parts), np.array(ends, np.int64)

    def numbers(self, text: str) -> np.ndarray:
        """The numbers of a text's symbols. Raises KeyError with the first one that has none."""
        known = {each: number for number, each in enumerate(self.symbols)}
        return np.array([known[each] for each in (words_of(text) if self.of_words else text)], np.int64)


def words_of(text: str) -> list[str]:
    """Words, as they stand there, marks of punctuation and ends of lines, in their order; other white space is left
    out."""
    return _TOKEN.findall(text)


def most_frequent(words: Sequence[str], most: int) -> tuple[str, ...]:
    """A vocabulary of at most so many symbols: `UNKNOWN`, which counts, and the most frequent words, in alphabetical
    order. Of equally frequent ones those that come first are taken.
    """
    counted = Counter(words)
    counted.pop(UNKNOWN, None)
    return UNKNOWN, *sorted(word for word, _ in counted.most_common(most - 1))
