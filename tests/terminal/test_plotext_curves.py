import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.terminal import curves, plotext_curves
from lab.terminal.capabilities import NO_COLOURS, PALETTE_COLOURS, SIXTEEN_COLOURS
from lab.terminal.style import Style

STYLES = [
    Style(),
    Style(colours=PALETTE_COLOURS, palette="safe"),
    Style(colours=SIXTEEN_COLOURS),
    Style(colours=NO_COLOURS),
    Style(colours=NO_COLOURS, unicode=False),
    Style(colours=SIXTEEN_COLOURS, unicode=False),
]
number = st.floats(allow_nan=True, allow_infinity=True)
STEPS = np.arange(0, 2001, 20)


def line(y, index=0, name="good", band=False):
    values = np.array(y, dtype=float)
    return curves.Line(name, np.arange(len(y)) * 20, values, index, (values - 1, values + 1) if band else None)


def plain(lines):
    return "\n".join(each.plain for each in lines)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(number, max_size=60), max_size=4),
    st.integers(1, 120),
    st.integers(1, 40),
    st.sampled_from(STYLES),
    st.booleans(),
    st.booleans(),
)
def test_any_curves_fill_exactly_the_size(ys, width, height, style, log_y, band):
    lines = [line(y, index, f"variant {index}", band) for index, y in enumerate(ys)]
    drawn = plotext_curves.draw(lines, width, height, style, title="loss", x_label="step", y_label="mean", log_y=log_y)
    assert len(drawn) == height
    assert {each.cell_len for each in drawn} == {width}
    assert all(each.plain.isprintable() for each in drawn)
    if not style.unicode:
        assert plain(drawn).isascii()


@settings(max_examples=60, deadline=None)
@given(st.lists(number, min_size=1, max_size=60), st.integers(30, 120), st.integers(10, 30), st.booleans())
def test_everything_around_the_curves_is_as_in_the_live_plot(y, width, height, log_y):
    settings = {"title": "loss", "x_label": "step", "y_label": "mean of 3 seeds", "log_y": log_y}
    live = curves.draw([line(y)], width, height, Style(), **settings)
    drawn = plotext_curves.draw([line(y)], width, height, Style(), **settings)
    marks = [row.plain.partition("┤")[0].strip() for row in drawn if "┤" in row.plain]
    assert marks == [row.plain.partition("┤")[0].strip() for row in live if "┤" in row.plain]
    assert drawn[-1].plain == live[-1].plain  # the labels of the x axis
    heads = next(index for index, row in enumerate(live) if "│" in row.plain or "┤" in row.plain)
    assert [row.markup for row in drawn[:heads]] == [row.markup for row in live[:heads]]  # title, legend, gaps


def dots(drawn):
    """Where dots are, from the bottom left corner of the inside, in shares of it."""
    rows = [row.plain.translate(str.maketrans("┤", "│")).split("│")[1] for row in drawn if set("│┤") & set(row.plain)]
    found = [(column, row) for row, text in enumerate(rows) for column, each in enumerate(text) if each != " "]
    return np.array(found) / [len(rows[0]) - 1, len(rows) - 1]


@pytest.mark.parametrize("log_y", [False, True])
def test_a_curve_stands_where_the_live_plot_has_it(log_y):
    curve = curves.Line("good", STEPS, 10.0 ** (-STEPS / 1000) if log_y else STEPS * 2.0, 0)
    drawn = dots(plotext_curves.draw([curve], 90, 30, Style(), title="loss", log_y=log_y, legend=False))
    live = dots(curves.draw([curve], 90, 30, Style(), title="loss", log_y=log_y, legend=False))
    distance = np.abs(drawn[:, None] - live[None]).max(axis=2)
    assert distance.min(axis=1).max() < 0.05
    assert distance.min(axis=0).max() < 0.05


def test_a_gap_is_empty_and_named():
    y = np.ones(101)
    y[40:60] = np.inf
    drawn = plotext_curves.draw([curves.Line("hot", STEPS, y, 1)], 70, 12, Style(), title="loss")
    assert "hot: Inf from 800 to 1,180" in plain(drawn)
    (row,) = [each.plain for each in drawn if each.plain.count("⠒") + each.plain.count("⠤") > 20]
    assert len(row.strip().split("   ")) > 1


def test_a_single_point_is_seen():
    assert dots(plotext_curves.draw([line([5.0])], 50, 12, Style(), title="loss", legend=False)).size


def test_a_peak_reaches_the_top_however_many_points_there_are():
    y = np.zeros(100_000)
    y[4321] = 1.0
    drawn = plotext_curves.draw(
        [curves.Line("spike", np.arange(100_000), y, 0)], 60, 15, Style(), title="loss", legend=False
    )
    assert dots(drawn)[:, 1].min() == 0.0


@pytest.mark.parametrize("style", [Style(), Style(palette="safe"), Style(colours=SIXTEEN_COLOURS)])
def test_a_variant_has_the_colour_of_the_live_plot(style):
    drawn = plotext_curves.draw([line([1.0, 2.0], 3, "leaky")], 40, 10, style, legend=False)
    used = {span.style.color for each in drawn for span in each.spans if span.style.color}
    wanted = style.text_style(style.colour(3)).color
    assert {each.get_truecolor() for each in used} == {wanted.get_truecolor()}


def test_without_colours_nothing_is_coloured_and_the_letters_stand_along_the_curves():
    drawn = plotext_curves.draw([line([0.0] * 50), line([5.0] * 50, 1, "hot")], 70, 12, Style(colours=0), legend=False)
    assert all(not span.style.color for each in drawn for span in each.spans)
    assert plain(drawn).count("a") >= 3
    assert plain(drawn).count("b") >= 3


def test_curves_that_end_in_one_place_all_show_their_letter_there():
    lines = [line([0.0, 1.0], index, f"variant {index}") for index in range(4)]
    assert "dcba" in plain(plotext_curves.draw(lines, 50, 12, Style(), legend=False))


def test_names_cannot_move_the_cursor():
    drawn = plotext_curves.draw([line([1, 2], name="a\x1b[2Jb\nc")], 60, 12, Style(), title="x\x1b[31m\ty")
    assert all(each.plain.isprintable() for each in drawn)


def test_without_plotexts_compiled_part_the_curves_are_drawn_all_the_same(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotext", None)
    drawn = plotext_curves.draw([line([1, 2])], 60, 12, Style(), title="loss", log_y=True)
    assert plain(drawn) == plain(curves.draw([line([1, 2])], 60, 12, Style(), title="loss", log_y=True))


def test_plotext_is_loaded_only_when_something_is_drawn():
    code = (
        "import sys\n"
        "import lab.terminal.plotext_curves, lab.terminal.dashboard, lab.terminal.plain, lab.terminal.jsonlines\n"
        "print('plotext' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
