"""What is drawn keeps its shape: signals whose picture is known, and the cells that show them.

An alternating signal fills the room between its two values, a single spike is seen, a single NaN is a gap, and a run
that diverges leaves at the edge with a cross while the others keep their room. In both renderers and both character
sets.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from rich.style import Style as TextStyle

from lab.events import Measured, PictureTaken
from lab.pictures import Field, Regions, Units
from lab.terminal import curves, plotext_curves, series
from lab.terminal.axes import Range
from lab.terminal.canvas import Canvas
from lab.terminal.capabilities import NO_COLOURS
from lab.terminal.curves import Line
from lab.terminal.palettes import colour_scale
from lab.terminal.pictures import render
from lab.terminal.run_state import RunState
from lab.terminal.style import Style
from lab.tui.run import plot

WIDTH, HEIGHT = 60, 16
STYLES = [Style(NO_COLOURS), Style(NO_COLOURS, unicode=False)]
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


def in_full_screen(lines, style, log=False):
    marks = tuple(plot.Mark(float(each.x[-1]), each.number, "diverged") for each in lines if each.broken)
    shown = plot.Plot("loss", tuple(lines), (0.0, float(max(each.x[-1] for each in lines))), marks, log)
    return [strip.text for strip in plot.draw(shown, WIDTH, HEIGHT, style, TextStyle()).strips]


def printed(lines, style, log=False):
    return [each.plain for each in curves.draw(lines, WIDTH, HEIGHT, style, title="loss", log_y=log, legend=False)]


def by_plotext(lines, style, log=False):
    drawn = plotext_curves.draw(lines, WIDTH, HEIGHT, style, title="loss", log_y=log, legend=False)
    return [each.plain for each in drawn]


RENDERERS = [in_full_screen, printed, by_plotext]
every_renderer = pytest.mark.parametrize("renderer", RENDERERS, ids=lambda each: each.__name__)
every_style = pytest.mark.parametrize("style", STYLES, ids=["braille", "ascii"])


def inside(rows):
    """The cells between the axes, as marks (True) row by row."""
    walls = ("│", "┤", "|", "+")
    first = next(row for row in rows[1:] if any(each in row[:9] for each in walls))
    start = min(first.index(each) for each in walls if each in first[:9]) + 1
    found = [row[start:] for row in rows[1:] if row[start - 1 : start] in walls]
    return np.array([[each not in " \u2800" for each in row] for row in found if "─" not in row and "--" not in row])


def line(y, number=0, every=1, **options):
    return Line(
        "abc"[number], np.arange(len(y), dtype=np.float64) * every, np.asarray(y, np.float64), number, **options
    )


@every_renderer
@every_style
def test_an_alternating_curve_fills_the_room_between_its_values(renderer, style):
    for period in (2, 3, 6, 16, 97):
        cells = inside(renderer([line(np.arange(9700) % period < period / 2)], style))
        assert cells[:, 2:-2].mean() > 0.95, period


@every_renderer
@every_style
def test_one_spike_among_ten_thousand_is_as_high_as_it_was(renderer, style):
    y = np.zeros(10_000)
    y[6_000] = 1.0
    cells = inside(renderer([line(y)], style))
    assert cells[0].sum() in (1, 2)
    assert cells[0, round(0.6 * cells.shape[1]) - 2 : round(0.6 * cells.shape[1]) + 2].any()
    assert cells[-1].mean() > 0.9


@every_renderer
def test_one_nan_is_a_gap(renderer):
    y = np.ones(31)
    y[15] = np.nan
    cells = inside(renderer([line(y)], STYLES[0])).any(axis=0)
    middle = len(cells) // 2
    assert not cells[middle - 1 : middle + 1].any()
    assert cells[: middle - 3].all()
    assert cells[middle + 3 : -3].all()


def test_one_nan_among_ten_thousand_is_named():
    y = np.sin(np.arange(10_000))
    y[6_000] = np.nan
    for rows in (
        in_full_screen([line(y)], STYLES[0]),
        [each.plain for each in curves.draw([line(y)], WIDTH, HEIGHT, STYLES[0], title="loss")],
        [each.plain for each in plotext_curves.draw([line(y)], WIDTH, HEIGHT, STYLES[0], title="loss")],
    ):
        assert any("a: NaN at 6,000" in row for row in rows)


@every_renderer
@every_style
def test_a_run_that_diverges_leaves_at_the_top_and_the_others_keep_their_room(renderer, style):
    steady = line(np.linspace(2.0, 0.5, 200))
    exploding = line(np.append(2.0 * 10.0 ** np.arange(0, 30, 0.5), np.nan), 1, broken=True)
    rows = renderer([steady, exploding], style)
    sign = "✗" if style.unicode else "X"
    assert sum(row.count(sign) for row in rows) == 1
    assert sign in rows[1]
    labels = [float(row.split("┤")[0]) for row in rows if "┤" in row] if style.unicode else [2.0]
    assert max(labels) <= 4
    cells = inside(rows)
    assert cells.any(axis=1).all()  # the steady one goes all the way down
    assert not cells[:3, cells.shape[1] // 2 :].any()


@every_renderer
def test_where_all_diverge_all_of_them_is_seen(renderer):
    exploding = line(np.append(10.0 ** np.arange(0, 30, 0.5), np.nan), broken=True)
    rows = renderer([exploding], STYLES[0], log=True)
    assert "✗" in rows[1]
    assert inside(rows).any(axis=1).all()


@every_renderer
def test_points_are_not_joined(renderer):
    values = np.array([0.0, 1.0] * 8)
    joined, apart = (inside(renderer([line(values, points=points)], STYLES[0])) for points in (False, True))
    assert joined[3:-3].any()
    assert not apart[3:-3].any()
    assert apart[0].sum() >= 8


@pytest.mark.parametrize("style", [Style(), Style(unicode=False)], ids=["braille", "ascii"])
def test_curves_that_cover_each_other_take_turns_and_keep_their_letters(style):
    same = np.linspace(1.0, 0.0, 100)
    lines = [line(same), line(same, 1), line(same, 2)]
    cells = Canvas(WIDTH, HEIGHT, style)
    for each in lines:
        curves.trace(cells, each, each.y, Range(0, 99), Range(0, 1), faint=False)
    drawn = cells.lines()
    colours = Counter()
    for text in drawn:
        for span in text.spans:
            colours[span.style.color.get_truecolor()] += len(text.plain[span.start : span.end].strip())
    assert set(colours) == {each.colour(style).rgb for each in lines}
    assert min(colours.values()) > 0.2 * sum(colours.values())
    letters = "".join(row for row in in_full_screen(lines, style))
    assert all(each in letters for each in "abc")
    if not style.unicode:
        assert {each for text in drawn for each in text.plain} == set(" abc")


def test_a_line_ends_where_it_crosses_the_edge():
    cut = series.clip(np.array([0.0, 0.2, 0.4, 0.6]), np.array([0.5, 1.5, 0.5, np.nan]))
    np.testing.assert_allclose(cut.exits, [[0.1, 1.0]])
    np.testing.assert_allclose(cut.x, [0.0, 0.1, np.nan, 0.3, 0.4, np.nan])
    np.testing.assert_allclose(cut.y, [0.5, 1.0, np.nan, 1.0, 0.5, np.nan])


@every_style
def test_the_points_of_a_path_are_joined_and_its_way_out_is_marked(style):
    paths = {"zigzag": np.array([[-1, -0.8], [1, -0.4], [-1, 0.0]]), "away": np.array([[0.0, 0.5], [9.0, 0.5]])}
    field = Field("map", np.zeros((8, 8)), extent=(-1.5, 1.5, -1.0, 1.0), paths=paths)
    rows = [each.plain for each in render(field, 60, 18, style)]
    dot, between, arrow = ("•", "·", "→") if style.unicode else ("o", ".", ">")
    assert sum(row.count(dot) for row in rows) == 3  # two corners of the zigzag and the other's beginning
    assert sum(row.count(between) for row in rows) > 60
    assert [row.rstrip()[-1] for row in rows if arrow in row] == [arrow]
    away = next(row for row in rows if arrow in row)
    assert away[away.index(dot) + 1 : away.index(arrow)].strip(between) == ""


def greys(values, columns=20, **options):
    """What a map of one row shows of a long row, from 0 to 1 in every column."""
    style = Style()
    text = render(Field("map", np.asarray(values, float), 0.0, 1.0, **options), columns, 3, style)[1]
    scale = colour_scale(np.linspace(0, 1, 101), mixed=style.mixes).astype(int) & 0xF8
    shown = []
    for span in text.spans:
        rgb = np.array(span.style.color.get_truecolor())
        shown += [float(np.abs(scale - rgb).sum(axis=1).argmin()) / 100] * (span.end - span.start)
    return np.array(shown)


def test_a_map_shows_a_single_spike_and_how_often_something_alternates():
    spike = np.zeros((1, 1000))
    spike[0, 512] = 1.0
    seen = greys(spike)
    assert np.flatnonzero(seen > 0.1).tolist() == [10]
    assert 0.15 < seen[10] < 0.5
    for period in (2, 5, 7):
        alternating = (np.arange(1000) % period < 1)[None]
        assert np.ptp(greys(alternating)) < 0.15, period  # no moiré
    assert (greys(np.arange(1000)[None] % 5 < 1) < greys(np.arange(1000)[None] % 5 < 4)).all()


def test_one_nan_of_a_map_is_seen():
    values = np.zeros((4, 400))
    values[2, 200] = np.nan
    rows = [each.plain for each in render(Field("map", values, 0.0, 1.0), 40, 12, Style(NO_COLOURS))]
    assert sum(row.count("?") for row in rows) >= 1


def test_a_region_too_thin_to_be_seen_leaves_a_shadow():
    classes = np.zeros((40, 400), np.int32)
    classes[:, 200] = 1
    everywhere = np.ones(classes.shape)
    with_it, without = (
        render(Regions("plane", each, everywhere, (0, 1, 0, 1), np.zeros((0, 2)), np.zeros(0)), 46, 12)
        for each in (classes, np.zeros_like(classes))
    )
    assert [each.spans for each in with_it[1:-2]] != [each.spans for each in without[1:-2]]


def test_scales_are_those_of_all_variants_and_stand_still():
    state = RunState()

    def take(variant, step, size):
        picture = Field("w", np.array([[-size, size / 2]]), diverging=True)
        state.handle(PictureTaken(variant, 0, step, picture))

    def ends(variant):
        picture = state.pictures[variant, 0, "w"].picture
        return picture.low, picture.high

    take("a", 0, 1.0)
    take("b", 0, 3.9)
    first = ends("a")
    assert first == ends("b")
    assert first[0] <= -3.9
    take("b", 1, 3.7)
    assert ends("a") == ends("b") == first
    take("b", 2, 1e30)
    state.handle(Measured("b", 0, 3, {"loss": np.nan}, diverged="loss became infinite"))
    take("a", 3, 1.2)
    assert ends("a")[0] > -5  # what diverged does not squash the others

    for variant, most in (("a", 8.0), ("c", 2.0)):
        picture = Units("u", {"relu1": np.array([1.0, most])}, {})
        state.handle(PictureTaken(variant, 0, 0, picture))
    assert [state.pictures[each, 0, "u"].picture.brightest for each in "ac"] == [{"relu1": 8.0}] * 2


def test_a_path_hides_neither_a_shorter_one_nor_the_letters_at_their_ends():
    wander = np.stack([np.tile([-0.9, 0.9], 30), np.linspace(0.9, -0.9, 60)], axis=1)  # all over the map
    paths = {
        "short": np.array([[-0.5, 0.5], [0.5, 0.5], [0.0, 0.0]]),
        "wander": np.concatenate([wander, [[0.0, 0.0]]]),
        "other": np.array([[0.5, -0.5], [0.0, 0.0]]),
    }
    field = Field("map", np.zeros((8, 8)), extent=(-1.0, 1.0, -1.0, 1.0), paths=paths, variants=(0, 1, 2))
    style = Style()
    below = render(field, 60, 20, style)[2:]  # without the title and the names
    row = next(each.plain for each in below if style.sign(0, "variants") in each.plain)
    places = [row.index(style.sign(number, "variants")) for number in range(3)]
    assert max(places) - min(places) == 2  # side by side, though all end at one place
    inks = {style.text_style(style.colour(number, "variants")).color: number for number in range(3)}
    drawn = Counter()
    for text in below:
        for cell in text.divide(range(1, len(text.plain))):
            styles = [span.style for span in cell.spans if isinstance(span.style, TextStyle)]
            colours = [each.color for each in styles if each.color]
            drawn[inks.get(colours[-1] if colours else None)] += 1
    assert drawn[0] > 20
    assert drawn[1] > 200
    assert drawn[2] > 5
