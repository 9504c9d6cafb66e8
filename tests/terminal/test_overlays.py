"""Boxes and lines on top of images: where they are drawn, and that they are told apart without colours."""

from __future__ import annotations

import numpy as np
import pytest

from lab.pictures import Images, picture_from_json, picture_to_json
from lab.terminal.pictures import render
from lab.terminal.style import Style

PLAIN = Style(colours=0, unicode=False)


def picture(boxes=(), lines=(), size=(8, 12), outlines=("truth", "answer")):
    return Images(
        "Image",
        np.zeros((1, *size)),
        outlines=outlines,
        boxes=np.array(boxes, np.float32).reshape(-1, 6),
        lines=np.array(lines, np.float32).reshape(-1, 6),
    )


def drawn(shown, style=PLAIN, width=24, height=10):
    return [each.plain for each in render(shown, width, height, style)]


def test_a_box_ends_where_its_pixels_do():
    """Without colours a pixel is two characters wide and one line high."""
    lines = drawn(picture([(0, 0, 2, 1, 5, 4)]))
    assert [each.rstrip() for each in lines[1:6]] == ["", "    +----+", "    |    |", "    +----+", ""]
    assert "- truth" in lines[-1]


def test_outlines_are_told_apart_without_colours():
    lines = drawn(picture([(0, 0, 0, 0, 4, 4), (0, 1, 6, 0, 10, 4)]))
    assert lines[1].rstrip() == "+------+    #======#"
    assert lines[2].rstrip() == "|      |    !      !"
    assert lines[-1].rstrip() == "- truth  = answer"
    unicode = drawn(picture([(0, 0, 0, 0, 4, 4), (0, 1, 6, 0, 10, 4)]), Style(colours=0))
    assert unicode[1].rstrip() == "┌──────┐    ┏╍╍╍╍╍╍┓"


def test_what_lies_outside_of_the_image_is_left_out():
    lines = drawn(picture([(0, 0, -3, -2, 3, 3)]))
    assert [each.rstrip() for each in lines[1:5]] == ["     |", "     |", "-----+", ""]
    for box in ([50, 50, 60, 60], [-9, -9, -2, -2], [np.nan, 0, 3, 3]):
        assert "".join(drawn(picture([(0, 0, *box)]))[1:-1]).strip() == ""


@pytest.mark.parametrize("box", [(2, 2, 2, 2), (2, 2, 2, 6), (3, 3, 1, 1)])
def test_a_box_without_area_or_with_its_corners_exchanged_is_still_seen(box):
    assert "".join(drawn(picture([(0, 0, *box)]))[1:-1]).strip()


def test_points_and_lines():
    lines = drawn(picture(lines=[(0, 1, 1, 1, 1, 5), (0, 0, 9, 2, 9, 2)]))
    assert lines[3].rstrip()[18] == "o"
    assert all(each[2:4].strip() for each in lines[2:6])
    assert lines[-1].rstrip() == "o truth  x answer"


def test_each_image_has_its_own():
    both = Images("Two", np.zeros((2, 4, 4)), outlines=("truth",), boxes=np.array([[1, 0, 0, 0, 4, 4]], np.float32))
    lines = drawn(both, width=17, height=6)
    assert lines[1][:8].strip() == ""
    assert lines[1][9:17] == "+------+"


def test_they_are_kept():
    shown = picture([(0, 0, 2, 1, 5, 4)], [(0, 1, 1, 1, 1, 5)])
    kept = picture_from_json(picture_to_json(shown))
    assert drawn(kept) == drawn(shown)
    assert kept.outlines == ("truth", "answer")


def test_pictures_kept_before_there_were_outlines_are_read():
    old = picture_to_json(Images("Old", np.zeros((1, 2, 2))))
    for name in ("outlines", "boxes", "lines"):
        del old[name]
    assert picture_from_json(old).boxes.shape == (0, 6)
