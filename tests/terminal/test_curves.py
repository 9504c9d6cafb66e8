import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.terminal import curves
from lab.terminal.capabilities import NO_COLOURS, TRUE_COLOURS
from lab.terminal.style import Style

LOOKS = [Style(), Style(colours=16), Style(colours=NO_COLOURS), Style(colours=NO_COLOURS, unicode=False)]
number = st.floats(allow_nan=True, allow_infinity=True)


def line(y, index=0, name="good"):
    return curves.Line(name, np.arange(len(y)) * 20, np.array(y, dtype=float), index)


def plain(lines):
    return "\n".join(each.plain for each in lines)


@settings(max_examples=80)
@given(
    st.lists(st.lists(number, max_size=60), max_size=4),
    st.integers(1, 120),
    st.integers(1, 40),
    st.sampled_from(LOOKS),
    st.booleans(),
)
def test_any_curves_fill_exactly_the_size(ys, width, height, style, log_y):
    drawn = curves.draw(
        [line(y, index, f"variant {index}") for index, y in enumerate(ys)],
        width, height, style, title="loss", x_label="step", y_label="mean", log_y=log_y,
    )  # fmt: skip
    assert len(drawn) == height
    assert {each.cell_len for each in drawn} == {width}
    if not style.unicode:
        assert plain(drawn).isascii()


def test_the_plot_names_its_curves_and_its_axis():
    text = plain(curves.draw([line([1, 2]), line([2, 1], 1, "hot")], 60, 12, Style(), title="loss", x_label="step"))
    assert "loss" in text
    assert "a good  b hot" in text
    assert "step" in text


def test_a_peak_reaches_the_top_however_many_points_there_are():
    y = np.zeros(100_000)
    y[4321] = 1.0
    drawn = curves.draw([curves.Line("spike", np.arange(100_000), y, 0)], 60, 15, Style(), title="loss")
    first = drawn[2].plain.split("┤")[-1] if "┤" in drawn[2].plain else drawn[2].plain.split("│")[-1]
    assert first.strip()


def test_a_gap_is_empty_and_named():
    text = plain(curves.draw([line([1.0, 1, 1, math.nan, math.nan], name="hot")], 60, 12, Style(), title="loss"))
    assert "hot: NaN from 60 on" in text


def test_every_curve_ends_with_its_letter():
    text = plain(curves.draw([line([0.0, 0]), line([5.0, 5], 1, "hot")], 50, 12, Style(), legend=False))
    assert text.count("a") == 1
    assert text.count("b") == 1


def test_curves_that_end_in_one_place_all_show_their_letter_there():
    lines = [line([0.0, 1.0], index, f"variant {index}") for index in range(4)]
    text = plain(curves.draw(lines, 50, 12, Style(), legend=False))
    assert "dcba" in text


def test_without_colours_the_letters_stand_along_the_curves():
    style = Style(colours=NO_COLOURS)
    text = plain(curves.draw([line([0.0] * 50), line([5.0] * 50, 1, "hot")], 70, 12, style, legend=False))
    assert text.count("a") >= 3
    assert text.count("b") >= 3
    assert all(not span.style.color for each in curves.draw([line([1, 2])], 40, 9, style) for span in each.spans)


def test_a_variant_keeps_its_colour_when_others_are_missing():
    style = Style(colours=TRUE_COLOURS)
    drawn = curves.draw([line([1.0, 2.0], 3, "leaky")], 40, 10, style, legend=False)
    used = {span.style.color for each in drawn for span in each.spans if span.style.color}
    assert used == {style.text_style(style.colour(3)).color}
    assert "d" in plain(drawn)


@pytest.mark.parametrize("palette", ["default", "safe"])
def test_palettes_have_eight_different_colours(palette):
    style = Style(palette=palette)
    assert len({style.colour(index).rgb for index in range(8)}) == 8
    assert len({style.colour(index).name for index in range(8)}) == 8


def test_the_axis_shows_the_whole_run_from_the_start():
    text = plain(curves.draw([line([1.0, 0.9])], 60, 12, Style(), x_range=(0, 2000), x_label="step"))
    assert "2000" in text


def test_titles_cannot_move_the_cursor():
    drawn = curves.draw([line([1, 2], name="a\x1b[2Jb\nc")], 60, 12, Style(), title="x\x1b[31m\ty")
    assert all(each.plain.isprintable() for each in drawn)
