"""Texts as sequences of symbols: each different character has a number."""

from __future__ import annotations

import codecs
from typing import IO

import numpy as np

from lab.data.data import Data, Split
from lab.errors import InvalidValue

WINDOW = 1 << 20
"""Bytes of a file that are read at once."""
MOST_SYMBOLS = 5000
"""Different characters up to which a text is taken: each has a unit of the network."""


def characters_of(stream: IO[bytes], key: str, most: int | None = None) -> np.ndarray:
    """The characters of a text in UTF-8, as their numbers in Unicode, [n] uint32; lines end in a line feed.

    key: where in the data block the text is named;  most: read only so many
    Raises InvalidValue, with the offset of the first byte that is no UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    parts: list[np.ndarray] = []
    count, offset = 0, 0
    while most is None or count < most:
        window = stream.read(WINDOW)
        pending = len(decoder.getstate()[0])
        try:
            decoded = decoder.decode(window, final=not window)
        except UnicodeDecodeError as error:
            place = offset - pending + error.start
            message = f"is no text in UTF-8: the byte at offset {place:,} is 0x{error.object[error.start]:02x}."
            raise InvalidValue((key,), message) from None
        offset += len(window)
        part = np.frombuffer(decoded.encode("utf-32-le"), np.uint32)
        parts.append(part)
        count += len(part)
        if not window:
            break
    text = np.concatenate(parts) if parts else np.zeros(0, np.uint32)
    # A carriage return before a line feed is a line end of another system, and no character of the text.
    if len(text) and text[0] == 0xFEFF:
        text = text[1:]
    ends = np.flatnonzero((text[:-1] == 13) & (text[1:] == 10))
    text = np.delete(text, ends) if len(ends) else text
    return text if most is None else text[:most]


def as_split(characters: np.ndarray, held_back: float, key: str, story: str) -> Split:
    """Each character as the input and the one that follows as the target; the end of the text is held back.

    Raises InvalidValue for texts that there is nothing to be learned from.
    """
    if len(characters) < 2:
        raise InvalidValue((key,), f"has {len(characters)} characters: there is nothing to be predicted.")
    distinct = np.flatnonzero(np.bincount(characters))
    numbers = np.zeros(distinct[-1] + 1, np.int64)
    numbers[distinct] = np.arange(len(distinct))
    numbers = numbers[characters]
    if len(distinct) == 1:
        raise InvalidValue((key,), f"consists of {chr(int(distinct[0]))!r} alone: there is nothing to be learned.")
    if len(distinct) > MOST_SYMBOLS:
        raise InvalidValue(
            (key,), f"has {len(distinct):,} different characters; at most {MOST_SYMBOLS:,} can be symbols."
        )
    classes = tuple(chr(each) for each in distinct.tolist())
    cut = len(numbers) - round(held_back * len(numbers))
    if held_back > 0 and not 2 <= cut <= len(numbers) - 2:
        raise InvalidValue(
            ("held_back",), f"{held_back:g} of {len(numbers):,} characters leaves too few for one of the parts."
        )

    def part(symbols: np.ndarray) -> Data:
        return Data(
            inputs=symbols[:-1, None], targets=symbols[1:], kind="classes", classes=classes, features=("character",),
            story=(story,),
        )  # fmt: skip

    return Split(part(numbers[:cut]), part(numbers[cut:]) if held_back > 0 else None)


def text_of(symbols: np.ndarray, classes: tuple[str, ...]) -> str:
    """The characters with these numbers."""
    return "".join(classes[int(each)] for each in symbols)


def symbols_of(text: str, classes: tuple[str, ...]) -> np.ndarray:
    """The numbers of characters. Raises KeyError with the first one that has none."""
    numbers = {each: number for number, each in enumerate(classes)}
    return np.array([numbers[each] for each in text], np.int64)
