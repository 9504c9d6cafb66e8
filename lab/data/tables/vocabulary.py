"""What the words, and the tokens, of a cell are."""

from __future__ import annotations

import re
from typing import Literal

Split = Literal["word", "character"]

_WORD = re.compile(r"\b\w\w+\b")
TOKEN = re.compile(r"\w+(?:['’]\w+)*")
"""A word, with apostrophes in it."""
_APOSTROPHE = "’"


def words_in(cell: str) -> list[str]:
    """The words of a text in small letters: letters, digits and underscores in a row, two at least.

    >>> words_in("Très bon - I'd come again!")
    ['très', 'bon', 'come', 'again']
    """
    return _WORD.findall(cell.lower())


def tokens_in(cell: str, split: Split = "word") -> list[str]:
    """The tokens of a text in small letters, in their order: words, of which apostrophes are a part, without signs
    between them; or all characters, blanks too.

    >>> tokens_in("It isn't good - not at all!")
    ['it', "isn't", 'good', 'not', 'at', 'all']
    >>> tokens_in("Ab c", "character")
    ['a', 'b', ' ', 'c']
    """
    small = cell.lower()
    if split == "character":
        return list(small)
    return [word.replace(_APOSTROPHE, "'") for word in TOKEN.findall(small)]
