"""`{text: path}` and `plays`: texts, character by character."""

from __future__ import annotations

import functools
import lzma
from pathlib import Path

import numpy as np
from pydantic import Field

from lab.data.data import Split
from lab.data.files import found
from lab.data.options import Options, Share
from lab.data.registry import dataset, file_format
from lab.data.texts import as_split, characters_of
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


class Plays(TextOptions):
    """Eight plays by William Shakespeare, a million characters, 76 different ones; the last tenth is held back.

    They are in the public domain. Each character is an input, and the one that follows is its target.
    """


class TextFile(TextOptions):
    """A text in UTF-8, character by character; the last tenth is held back.

    Each character is an input, and the one that follows is its target.
    """

    text: str = Field(min_length=1)
    """path of the file, relative to the scenario's folder"""


@dataset("plays", Plays)
def plays(options: Plays, random: np.random.Generator) -> Split:
    """Symbols [n, 1] and the next ones [n]."""
    return _plays(options.characters, options.held_back)


@functools.lru_cache(maxsize=4)
def _plays(characters: int | None, held_back: float) -> Split:
    """Every replica of a session asks for them."""
    with lzma.open(BUNDLED) as stream:
        text = characters_of(stream, "name", characters)
    return as_split(text, held_back, "name", f"plays: {len(text):,} characters.")


@file_format("text", TextFile)
def text_file(options: TextFile, folder: Path) -> Split:
    """Symbols [n, 1] and the next ones [n]. Raises InvalidValue."""
    path = found("text", options.text, folder, 0 if options.characters else BYTES_PER_BYTE)
    with path.open("rb") as stream:
        characters = characters_of(stream, "text", options.characters)
    return as_split(characters, options.held_back, "text", f"{path.name}: {len(characters):,} characters.")
