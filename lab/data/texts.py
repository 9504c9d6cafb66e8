"""Texts as sequences of symbols: each different character, or each of the most frequent words, has a number."""

from __future__ import annotations

import codecs
from typing import IO

import numpy as np

from lab.data.data import Data, Split
from lab.data.vocabularies import most_frequent, words_of
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


def as_split(
    characters: np.ndarray, held_back: float, key: str, name: str, words: bool = False, vocabulary: int = 0
) -> Split:
    """Each symbol as the input and the one that follows as the target; the end of the text is held back.

    words: whether words are the symbols, of which the `vocabulary` most frequent of the part to train on are known
    Raises InvalidValue for texts that there is nothing to be learned from.
    """
    noun = "word" if words else "character"
    tokens = words_of(characters.tobytes().decode("utf-32-le")) if words else []
    count = len(tokens) if words else len(characters)
    if count < 2:
        raise InvalidValue((key,), f"has {count} {noun}s: there is nothing to be predicted.")
    cut = count - round(held_back * count)
    if words:
        classes = most_frequent(tokens[:cut], vocabulary)
        known = {each: number for number, each in enumerate(classes)}
        numbers = np.array([known.get(each, 0) for each in tokens], np.int64)
    else:
        distinct = np.flatnonzero(np.bincount(characters))
        known_numbers = np.zeros(distinct[-1] + 1, np.int64)
        known_numbers[distinct] = np.arange(len(distinct))
        numbers = known_numbers[characters]
        classes = tuple(chr(each) for each in distinct.tolist())
        if len(classes) > MOST_SYMBOLS:
            raise InvalidValue(
                (key,), f"has {len(classes):,} different characters; at most {MOST_SYMBOLS:,} can be symbols."
            )
    if numbers.min() == numbers.max():
        alone = classes[int(numbers[0])]
        raise InvalidValue((key,), f"consists of {alone!r} alone: there is nothing to be learned.")
    if held_back > 0 and not 2 <= cut <= count - 2:
        raise InvalidValue(("held_back",), f"{held_back:g} of {count:,} {noun}s leaves too few for one of the parts.")
    story = f"{name}: {count:,} {noun}s" + (f", {np.mean(numbers == 0):.1%} of them unknown." if words else ".")

    def part(symbols: np.ndarray) -> Data:
        return Data(
            inputs=symbols[:-1, None], targets=symbols[1:], kind="classes", classes=classes, features=(noun,),
            story=(story,),
        )  # fmt: skip

    return Split(part(numbers[:cut]), part(numbers[cut:]) if held_back > 0 else None)
