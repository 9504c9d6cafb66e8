"""What can be counted in a text that a network has written: does it know words, does it copy, does it repeat itself?"""

from __future__ import annotations

import re

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


def longest_copy(sample: str, text: str) -> int:
    """The length of the longest stretch of the sample that occurs in the text as it is."""
    longest = 0
    for first in range(len(sample)):
        while first + longest < len(sample) and sample[first : first + longest + 1] in text:
            longest += 1
    return longest


def repetition(sample: str) -> float:
    """Which share of all stretches of 8 characters has occurred before in the same sample."""
    seen: set[str] = set()
    again = 0
    stretches = [sample[first : first + REPEATED] for first in range(len(sample) - REPEATED + 1)]
    for each in stretches:
        again += each in seen
        seen.add(each)
    return again / len(stretches) if stretches else 0.0
