"""Which seeds are meant by `3`, by `0:10`, or by `1,2,7`."""

from __future__ import annotations

from lab.errors import BadInput
from lab.validation import shown


def parse_seeds(text: str | None, first: int, *further: int, option: str = "--seeds") -> tuple[int, ...]:
    """The seeds that a text means: `3` is three, counted from the scenario's first; `5:8` is 5, 6, 7; `1,2,7` are
    these three, each once; nothing is all of the scenario's own, `first` and `further`. Raises BadInput.

    >>> parse_seeds("3", 10), parse_seeds("5:8", 0), parse_seeds(None, 4, 5), parse_seeds("1,2,7", 0)
    ((10, 11, 12), (5, 6, 7), (4, 5), (1, 2, 7))
    """
    if text is None:
        return (first, *further)
    if "," in text:
        return _listed(text, option)
    begin, colon, end = text.partition(":")
    try:
        low, high = (int(begin), int(end)) if colon else (first, first + int(begin))
    except ValueError:
        raise BadInput(f"{option} takes a number (3), a range (0:10) or a list (1,2,7), not {shown(text)}.") from None
    if low < 0 or high > 2**32:
        raise BadInput(f"{option}: seeds are from 0 to {2**32 - 1}, not {shown(text)}.")
    if high <= low:
        raise BadInput(f"{option} {text} names no seed.")
    if high - low > 100_000:
        raise BadInput(f"{option} {text} names {high - low:,} seeds; at most 100,000 are possible.")
    return tuple(range(low, high))


def _listed(text: str, option: str) -> tuple[int, ...]:
    try:
        seeds = tuple(dict.fromkeys(int(each) for each in text.split(",")))
    except ValueError:
        raise BadInput(f"{option} takes a number (3), a range (0:10) or a list (1,2,7), not {shown(text)}.") from None
    if min(seeds) < 0 or max(seeds) >= 2**32:
        raise BadInput(f"{option}: seeds are from 0 to {2**32 - 1}, not {shown(text)}.")
    return seeds
