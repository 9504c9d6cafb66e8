"""Where the tiles of a board stand: the first one large, the others around it, and nothing left blank between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

MOST = 9
"""So many tiles on one board can still be taken in."""
GAP = 2
"""Columns between tiles; below each other they touch, as each has a title."""
_COMFORTABLE, _TIGHT = ((44, 10), (36, 9)), ((36, 8), (30, 7))
"""The least size of the first tile and of the others; the second pair where there is room for only one otherwise."""
_SHARES = (0.5, 0.55, 0.6, 0.65)
_SMALLER = (0.3, 0.35, 0.4, 0.45)
"""The same for a first tile that cannot fill more."""
_FEWER = 2
"""So many tiles may be left for another page where that makes the first one's pictures larger."""
_DRAWN, _ANOTHER = 2.0, 0.06
"""What it is worth that its pictures cover all of the board, and that there is one tile more."""
Filling = Callable[[int, int], tuple[float, float]]
"""Of a tile of so many columns and lines the share that its pictures take, with what is written around them, and the
share that they take themselves."""


class Place(NamedTuple):
    """Where a tile stands on its board, in characters."""

    x: int
    y: int
    width: int
    height: int


def places(wanted: int, width: int, height: int, low: int = 0, filling: Filling | None = None) -> list[Place]:
    """Places for as many of the wanted tiles as can be read, the first one first; together they fill the board.

    low: the height that the first one has at least, if it has company
    filling: how much of its place the first one fills, if its pictures keep their shape; None: all of it
    """
    if wanted <= 0 or width <= 0 or height <= 0:
        return []
    whole = Place(0, 0, width, height)
    for least in (_COMFORTABLE, _TIGHT):
        for number in range(min(wanted, MOST), 1, -1):
            found = [each for each in _around(whole, number) if _readable(each, *least) and each[0].height >= low]
            if found:
                return max(found, key=_worth) if filling is None else _best_filled(whole, number, least, low, filling)
    return [whole]


def grid(number: int, across: int, place: Place, wider: bool = True) -> list[Place]:
    """So many tiles in rows of `across`, which fill the place; those of the last row are wider if they are fewer, or
    leave the rest free."""
    down = -(-number // across)
    found = []
    for row, (top, high) in enumerate(_divided(place.height, down, 0)):
        here = min(across, number - row * across)
        columns = _divided(place.width, here if wider else across, GAP)[:here]
        found += [Place(place.x + left, place.y + top, wide, high) for left, wide in columns]
    return found


def _divided(length: int, parts: int, gap: int) -> list[tuple[int, int]]:
    """Begin and length of each of so many parts, as equal as whole characters allow."""
    room = length - gap * (parts - 1)
    ends = [round(room * each / parts) for each in range(parts + 1)]
    return [(ends[each] + gap * each, ends[each + 1] - ends[each]) for each in range(parts)]


def _around(whole: Place, number: int, shares: Sequence[float] = _SHARES) -> Iterator[list[Place]]:
    """The first tile at the left or on top, the others in rows beside or below it."""
    for share in shares:
        wide, high = math.ceil(share * (whole.width - GAP)), math.ceil(share * whole.height)
        beside = Place(wide + GAP, 0, whole.width - GAP - wide, whole.height)
        below = Place(0, high, whole.width, whole.height - high)
        for across in range(1, number):
            yield [Place(0, 0, wide, whole.height), *grid(number - 1, across, beside)]
            yield [Place(0, 0, whole.width, high), *grid(number - 1, across, below)]


def _readable(found: list[Place], first: tuple[int, int], others: tuple[int, int]) -> bool:
    least = (first, *[others] * (len(found) - 1))
    return all(each.width >= wide and each.height >= high for each, (wide, high) in zip(found, least, strict=True))


def _worth(found: list[Place]) -> tuple[float, float]:
    """The first tile should be large, no tile a mere strip."""
    first, *others = found
    share = first.width * first.height / sum(each.width * each.height for each in found)
    return min(_shape(each) for each in others) + _shape(first) + share, share


def _best_filled(
    whole: Place, most: int, least: tuple[tuple[int, int], tuple[int, int]], low: int, filling: Filling
) -> list[Place]:
    """So many tiles, or a few less, of which the first is as large as what it shows becomes."""
    found = [
        each
        for number in range(most, max(1, most - _FEWER - 1), -1)
        for each in _around(whole, number, (*_SMALLER, *_SHARES))
        if _readable(each, *least) and each[0].height >= low and _first_is_largest(each)
    ]
    return max(found, key=lambda each: _worth_filled(each, filling))


def _worth_filled(found: list[Place], filling: Filling) -> tuple[float, float]:
    """What they are worth where the first does not become better by being larger, but by what is drawn in it."""
    first, *others = found
    filled, drawn = filling(first.width, first.height)
    share = first.width * first.height / sum(each.width * each.height for each in found)
    worth = min(_shape(each) for each in others) + filled + _DRAWN * drawn * share + _ANOTHER * len(found)
    return worth, share


def _first_is_largest(found: list[Place]) -> bool:
    return all(found[0].width * found[0].height >= each.width * each.height for each in found)


def _shape(place: Place) -> float:
    """1 for what is as wide as a plot should be, less for what is much wider or higher."""
    ratio = place.width / (2.0 * place.height)
    return min(ratio / 1.2, 2.6 / ratio, 1.0)
