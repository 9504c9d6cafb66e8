"""What the words of a cell are."""

from __future__ import annotations

import re

_WORD = re.compile(r"\b\w\w+\b")


def words_in(cell: str) -> list[str]:
    """The words of a text in small letters: letters, digits and underscores in a row, two at least.

    >>> words_in("Très bon - I'd come again!")
    ['très', 'bon', 'come', 'again']
    """
    return _WORD.findall(cell.lower())
