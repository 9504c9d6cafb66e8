"""`words`: predict the next word of a small made-up language."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from lab.data.data import Data
from lab.data.options import Points, Share
from lab.data.registry import dataset
from lab.errors import InvalidValue
from lab.validation import Real, Whole


class Words(Points):
    """Snippets of a made-up language, to predict the next word from those before; few words are frequent, most rare.

    The words follow Zipf's law exactly. Each belongs to a part of speech (its number modulo their number), and the
    part of speech of the next word depends on that of one of the words before, mostly of the last. So a network can
    learn the parts of speech, and a code by frequency (a Huffman tree) is shorter than one of equal length.
    """

    stratified: ClassVar[bool] = False  # words that occur once would all be kept out of the validation

    points: Whole = Field(default=5000, ge=2)
    """number of snippets in all"""
    vocabulary: Whole = Field(default=1000, ge=2, le=1_000_000)
    """number of different words; word 0 is the most frequent"""
    context: Whole = Field(default=2, ge=1, le=100)
    """number of words before the one that is to be predicted"""
    exponent: Real = Field(default=1.0, ge=0, le=5)
    """exponent of Zipf's law: word k is as frequent as 1 / (k + 1) to this power; 0: all are equally frequent"""
    parts: Whole = Field(default=8, ge=1, le=1000)
    """number of parts of speech, at most the number of words"""
    surprise: Share = 0.1
    """share of the words that do not depend on those before"""

    def width(self) -> int:
        """The context, the next word, and what choosing them takes."""
        return 2 * self.context + 4

    @model_validator(mode="after")
    def _enough_words(self) -> Self:
        if self.parts > self.vocabulary:
            message = f"{self.parts} is not allowed here: it must be at most {self.vocabulary}, the number of words."
            raise InvalidValue(("parts",), message)
        return self


@dataset("words", Words)
def words(options: Words, random: np.random.Generator) -> Data:
    """Inputs [points, context], the numbers of the words, oldest first; targets the number of the next word."""
    language = _Language(options, random)
    text = np.empty((options.points, options.context + 1), np.int64)
    text[:, 0] = language.word(random.random(options.points))
    for place in range(1, options.context + 1):
        # The last word decides half the time, the one before it a quarter, and so on.
        distance = np.minimum(random.geometric(0.5, options.points), place)
        before = text[np.arange(options.points), place - distance]
        follows = language.position_after(before, random.random(options.points))
        surprise = random.random(options.points) < options.surprise
        text[:, place] = language.word(np.where(surprise, random.random(options.points), follows))
    return Data(
        inputs=text[:, :-1],
        targets=text[:, -1],
        kind="classes",
        classes=tuple(_spelled(number) for number in range(options.vocabulary)),
        features=tuple(f"word {place - options.context}" for place in range(options.context)),
    )


class _Language:
    """All words on a circle of length 1, each on an arc as long as it is frequent, parts of speech side by side.

    The next word is found by going from anywhere in the part of speech of the word before a fixed way around the
    circle. Since that turns equally distributed positions into such, every word stays exactly as frequent as its arc
    is long, whatever the text so far.
    """

    WAY = 0.382  # not near a simple fraction, so that parts of speech do not just follow in turn

    def __init__(self, options: Words, random: np.random.Generator) -> None:
        frequency = 1.0 / np.arange(1, options.vocabulary + 1) ** options.exponent
        frequency /= frequency.sum()
        self.part = random.permutation(options.parts)[np.arange(options.vocabulary) % options.parts]
        self.order = np.argsort(self.part, kind="stable")
        self.upper = np.cumsum(frequency[self.order])
        self.length = np.bincount(self.part, weights=frequency)
        self.start = np.cumsum(self.length) - self.length

    def word(self, position: np.ndarray) -> np.ndarray:
        """The word at each position, from 0 to 1."""
        return self.order[np.minimum(np.searchsorted(self.upper, position, side="right"), len(self.order) - 1)]

    def position_after(self, word: np.ndarray, random: np.ndarray) -> np.ndarray:
        """A position for the word that follows each `word`; `random` from 0 to 1."""
        part = self.part[word]
        return (self.start[part] + random * self.length[part] + self.WAY) % 1.0


def _spelled(number: int) -> str:
    """A word that can be said, of its own for each number.

    >>> [_spelled(number) for number in (0, 1, 69, 70, 1000)]
    ['ba', 'be', 'zu', 'baba', 'foha']
    """
    syllables, number = "", number + 1
    while number:
        number, digit = divmod(number - 1, 70)
        syllables = "bdfghklmnprstz"[digit // 5] + "aeiou"[digit % 5] + syllables
    return syllables
