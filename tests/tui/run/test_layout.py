"""Where tiles stand: nothing is blank between them, and what decides is the largest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.pictures import Cells, Field, Images, Table
from lab.terminal.style import Style
from lab.tui.run.board import _places
from lab.tui.run.kept_shapes import KeptShape, common_shape
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


CLOTHES, PAIRS, CHECKS = KeptShape("images", (10, 14, 14), 2), KeptShape("images", (6, 14, 29)), KeptShape(
    "field", (1, 18, 18), 1
)  # fmt: skip


def drawn(kept, cells, width, height):
    """How the pictures of so many variants stand in a tile of this size, and the lines that they leave blank."""
    found = arrangement(cells, width, height - 1, drawn=lambda *room: kept.fit(*room, Style()))
    assert len(found) == cells
    fit = kept.fit(min(each.width for each in found), min(each.height for each in found), Style())
    return fit, height - 1 - kept.lines(fit) * len({each.y for each in found})


@pytest.mark.parametrize(("kept", "cells", "least"), [(CLOTHES, 2, 1.0), (PAIRS, 3, 0.9), (CHECKS, 4, 2.0)])
def test_a_tile_of_pictures_is_as_large_as_they_become_in_it(kept, cells, least):
    first, *others = _places(8, 132, 55, 14, kept, cells, Style())
    assert len(others) >= 5
    fit, blank = drawn(kept, cells, first.width, first.height)
    assert (fit.seen, fit.readable) == (kept.shape[0], True)
    assert fit.scale >= least
    assert blank <= first.height // 3
    before = _places(8, 132, 55, 14, None, cells, Style())[0]
    assert fit.scale > drawn(kept, cells, before.width, before.height)[0].scale


@given(SIZES, st.integers(1, 4), st.sampled_from([CLOTHES, PAIRS, CHECKS]))
def test_tiles_of_pictures_fill_the_board_too_and_the_first_is_the_largest(size, cells, kept):
    found, plain = (_places(9, *size, 14, each, cells, Style()) for each in (kept, None))
    assert len(plain) - 2 <= len(found) <= len(plain)
    assert all(found[0].width * found[0].height >= each.width * each.height for each in found)
    assert all(each.x + each.width <= size[0] and each.y + each.height <= size[1] for each in found)


def test_images_of_variants_have_a_common_shape_however_long_their_captions_are():
    ones = [np.ones((count, 14, 14), np.float32) for count in (3, 5)]
    short, long = Images("i", ones[0], ("a",)), Images("i", ones[1], ("a\nb",))
    assert common_shape([short, long]) == KeptShape("images", (5, 14, 14), 2)
    assert common_shape([short, Field("f", np.ones((14, 14)))]) is None
    assert common_shape([Field("f", np.ones((14, 64)))]) is None  # it is stretched
    maps = [Field("f", np.ones((side, side))) for side in (17, 18, 16)]
    assert common_shape(maps) == KeptShape("field", (1, 18, 18), 1)


def test_pictures_that_are_too_small_anyway_are_those_of_as_many_variants_as_before():
    kept = KeptShape("images", (6, 48, 48), 2, outlined=True)
    assert len(arrangement(2, 47, 6, drawn=lambda *room: kept.fit(*room, Style()))) == len(arrangement(2, 47, 6)) == 2


@pytest.mark.parametrize("picture", [
    Table("t", ("map", "mass"), (("saliency", "12 %"),) * 6),
    Cells("c", np.arange(12.0).reshape(3, 4), (("",) * 4,) * 3),
])  # fmt: skip
def test_a_tile_of_tables_or_of_cells_is_no_higher_than_they_are(picture):
    kept = common_shape([picture] * 2)
    first, *others = _places(5, 132, 55, 14, kept, 2, Style())
    before = _places(5, 132, 55, 14, None, 2, Style())[0]
    assert first.height < before.height or first.width < before.width
    assert drawn(kept, 2, first.width, first.height)[1] <= first.height // 2
    assert len(others) >= 2
