"""`{text: path}` and `plays`: texts, character by character or word by word."""

from __future__ import annotations

import functools
import lzma
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from lab.data.data import Split
from lab.data.files import found
from lab.data.options import Options, Share
from lab.data.registry import dataset, file_format
from lab.data.texts import MOST_SYMBOLS, as_split, characters_of
from lab.errors import InvalidValue
from lab.validation import Whole

BUNDLED = Path(__file__).parents[1] / "bundled" / "plays" / "plays.txt.xz"
BYTES_PER_BYTE = 24
"""Memory that a byte of a file takes: its character in Unicode, its number as input and as target."""


class TextOptions(Options):
    """What texts take."""

    characters: Whole | None = Field(default=None, ge=2, le=10**9)
    """read only so many characters, from the beginning"""
    held_back: Share = 0.1
    """the end of the text that is held back as the validation, as a share of it"""

    @model_validator(mode="after")
    def _in_one_piece(self) -> Self:
        for name, usual in (("validation", 0), ("folds", None), ("examples", None), ("copies", 1)):
            if getattr(self, name) != usual:
                message = (
                    "would tear the text apart; `held_back` holds back its end, `characters` reads only its beginning."
                )
                raise InvalidValue((name,), message)
        return self


class Prose(TextOptions):
    """What texts take that have words."""

    tokens: Literal["characters", "words"] = "characters"
    """what a symbol is: a character; or a word, a mark of punctuation or the end of a line"""
    vocabulary: Whole = Field(default=2000, ge=2, le=MOST_SYMBOLS)
    """with `tokens: words`: so many of the most frequent ones are known, all others are one word, <unknown>"""


class Plays(Prose):
    """Eight plays by William Shakespeare, a million characters, 76 different ones; the last tenth is held back.

    They are in the public domain. Each character (or word) is an input, and the one that follows is its target.
    """


class TextFile(Prose):
    """A text in UTF-8, character by character or word by word; the last tenth is held back.

    Each character (or word) is an input, and the one that follows is its target.
    """

    text: str = Field(min_length=1)
    """path of the file, relative to the scenario's folder"""


class Countdown(TextOptions):
    """A made-up text: a letter, a count down, then the letter again as a capital, such as `c987654321C`, over and over.

    Each capital can be told only by who remembers the letter before the count; all else follows from the character
    before, but for the letters, which are drawn.
    """

    blocks: Whole = Field(default=2000, ge=2, le=10**7)
    """how often a letter is drawn"""
    count: Whole = Field(default=9, ge=1, le=9)
    """the digit from which is counted down"""
    letters: Whole = Field(default=4, ge=2, le=26)
    """number of different letters"""


@dataset("countdown", Countdown)
def countdown(options: Countdown, random: np.random.Generator) -> Split:
    """Symbols [n, 1] and the next ones [n]."""
    drawn = ord("a") + random.integers(0, options.letters, (options.blocks, 1))
    digits = np.broadcast_to(ord("0") + np.arange(options.count, 0, -1), (options.blocks, options.count))
    text = np.hstack([drawn, digits, drawn - 32]).astype(np.uint32).ravel()[: options.characters]
    return as_split(text, options.held_back, "name", "countdown")


@dataset("plays", Plays)
def plays(options: Plays, random: np.random.Generator) -> Split:
    """Symbols [n, 1] and the next ones [n]."""
    return _plays(options.characters, options.held_back, options.tokens == "words", options.vocabulary)


@functools.lru_cache(maxsize=4)
def _plays(characters: int | None, held_back: float, words: bool, vocabulary: int) -> Split:
    """Every replica of a session asks for them."""
    with lzma.open(BUNDLED) as stream:
        text = characters_of(stream, "name", characters)
    return as_split(text, held_back, "name", "plays", words, vocabulary)


@file_format("text", TextFile)
def text_file(options: TextFile, folder: Path) -> Split:
    """Symbols [n, 1] and the next ones [n]. Raises InvalidValue."""
    path = found("text", options.text, folder, 0 if options.characters else BYTES_PER_BYTE)
    with path.open("rb") as stream:
        characters = characters_of(stream, "text", options.characters)
    words = options.tokens == "words"
    return as_split(characters, options.held_back, "text", path.name, words, options.vocabulary)
