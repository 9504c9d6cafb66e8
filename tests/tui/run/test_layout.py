"""Where tiles stand: nothing is blank between them, and what decides is the largest."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.tui.run.layout import GAP, places
from lab.tui.run.multiples import arrangement

SIZES = st.tuples(st.integers(10, 240), st.integers(3, 70))


@example(2, (95, 9))
@given(st.integers(1, 12), SIZES)
def test_tiles_fill_the_board_do_not_overlap_and_the_first_is_the_largest(wanted, size):
    width, height = size
    found = places(wanted, width, height)
    assert 1 <= len(found) <= wanted
    cells = [(x, y) for each in found for x in range(each.x, each.x + each.width)
             for y in range(each.y, each.y + each.height)]  # fmt: skip
    assert len(cells) == len(set(cells))
    assert all(0 <= x < width and 0 <= y < height for x, y in cells)
    columns = max(sum(each.y == row for each in found) for row in {each.y for each in found})
    assert len(cells) >= (width - GAP * max(1, columns) * 2) * height or len(found) == 1
    assert all(found[0].width * found[0].height >= each.width * each.height for each in found)


def test_more_room_shows_more_plots():
    shown = [len(places(8, *size)) for size in ((45, 20), (80, 16), (118, 31), (200, 51))]
    assert shown == sorted(shown)
    assert shown == [2, 3, 4, 8]


@given(st.integers(1, 12), SIZES)
def test_pictures_side_by_side_stay_inside_of_their_tile(number, size):
    found = arrangement(number, *size)
    assert 1 <= len(found) <= number
    assert all(each.x + each.width <= size[0] and each.y + each.height <= size[1] for each in found)


@pytest.mark.parametrize(("number", "across"), [(2, 2), (3, 3), (4, 2), (6, 3)])
def test_pictures_side_by_side_are_equally_large(number, across):
    found = arrangement(number, 75, 31)
    assert len(found) == number
    assert max(each.width for each in found) - min(each.width for each in found) <= 1
    assert sum(each.y == 0 for each in found) == across


def test_maps_that_keep_their_shape_stand_beside_each_other_where_they_are_larger_so():
    kept = arrangement(3, 38, 17, wider=False)
    assert len({each.y for each in kept}) == 2
    assert {each.height for each in kept} <= {8, 9}
    assert max(each.width for each in kept) - min(each.width for each in kept) <= 1
