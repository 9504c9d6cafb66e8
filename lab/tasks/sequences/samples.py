"""What can be counted in a text that a network has written: does it know words, does it copy, does it repeat itself?"""

from __future__ import annotations

import re

import numpy as np

WORD = re.compile(r"[^\W\d_]+")
REPEATED = 8


def words_of(text: str) -> frozenset[str]:
    """The different words of a text, in small letters."""
    return frozenset(WORD.findall(text.lower()))


def real_words(sample: str, known: frozenset[str]) -> float:
    """Which share of the sample's words, each as often as it occurs, is known; words at its ends may be cut and do not
    count. 0 where there are none."""
    words = WORD.findall(sample.lower())[1:-1]
    return sum(each in known for each in words) / len(words) if words else 0.0


class Copies:
    """A text in which stretches of samples are looked for: its places are kept in the order of the three characters
    that begin there."""

    def __init__(self, text: str) -> None:
        self._whole, self._text = text, _codes(text)
        self._begin = _beginnings(self._text)
        self._order = self._begin.argsort(kind="stable")
        self._begin = self._begin[self._order]

    def longest(self, sample: str) -> int:
        """The length of the longest stretch of the sample that occurs in the text as it is."""
        codes = _codes(sample)
        begin = _beginnings(codes)
        lows, highs = (np.searchsorted(self._begin, begin, side) for side in ("left", "right"))
        longest = 0
        for first, (low, high) in enumerate(zip(lows.tolist(), highs.tolist(), strict=True)):
            places, length = self._order[low:high], 0
            while len(places) and first + length < len(codes):
                places = places[places + length < len(self._text)]
                places = places[self._text[places + length] == codes[first + length]]
                length += bool(len(places))
            longest = max(longest, length)
        if longest >= 3:
            return longest
        pairs = {sample[first : first + 2] for first in range(len(sample) - 1)}
        return 2 if any(each in self._whole for each in pairs) else int(any(each in self._whole for each in sample))


def _codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.int64)


def _beginnings(codes: np.ndarray) -> np.ndarray:
    """A number for what stands at each place, [n]: its own character and, as far as there are any, the next two."""
    padded = np.append(codes, [0, 0])
    return (padded[:-2] << 42) | (padded[1:-1] << 21) | padded[2:]


def repetition(sample: str) -> float:
    """Which share of all stretches of 8 characters has occurred before in the same sample."""
    seen: set[str] = set()
    again = 0
    stretches = [sample[first : first + REPEATED] for first in range(len(sample) - REPEATED + 1)]
    for each in stretches:
        again += each in seen
        seen.add(each)
    return again / len(stretches) if stretches else 0.0
