"""The curve widget's drawing: exact sizes whatever comes in, marks, values at the cursor, only what changed is sent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.style import Style as TextStyle
from rich.text import Text

from lab.events import Noticed
from lab.terminal.curves import Line
from lab.terminal.run_state import RunState
from lab.terminal.style import Style
from lab.tui.run.plot import Mark, Plot, draw, value_at
from lab.tui.run.strips import changed_regions, strip_of
from lab.tui.run.summary import Heading, Status
from lab.tui.run.tile import Tile

BASE = TextStyle(color="#ffffff", bgcolor="#000000")
STYLE = Style()


def lines_of(plot, width=60, height=16, style=STYLE):
    return [strip.text for strip in draw(plot, width, height, style, BASE).strips]


def curve(values, number=0, name="good", every=1):
    return Line(name, np.arange(len(values), dtype=np.float64) * every, np.asarray(values, np.float64), number)


numbers = st.floats(allow_nan=True, allow_infinity=True)
curves = st.lists(numbers, max_size=60).map(curve)


@settings(deadline=None)
@given(
    st.lists(curves, max_size=3),
    st.integers(0, 90),
    st.integers(0, 30),
    st.tuples(st.floats(-10, 100), st.floats(-10, 100)),
    st.booleans(),
    st.none() | st.floats(-5, 80),
    st.booleans(),
)
@example([], 2, 5, (0.0, 5e-324), False, None, False)
def test_a_plot_has_exactly_its_size_whatever_was_measured(shown, width, height, window, log, cursor, unicode):
    plot = Plot("loss", tuple(shown), window, (Mark(3, 0, "changed"), Mark(5, 0, "diverged")), log, cursor, "note")
    strips = draw(plot, width, height, Style(unicode=unicode), BASE).strips
    assert len(strips) == height
    assert all(strip.cell_length == width for strip in strips)
    if not unicode:
        assert all(strip.text.isascii() for strip in strips)


def test_a_rising_curve_goes_from_the_lower_left_to_the_upper_right():
    shown = lines_of(Plot("loss", (curve(np.linspace(0, 1, 50)),), (0, 49)), 40, 12)
    inside = [each[6:] for each in shown[1:-2]]
    assert inside[0].rstrip().endswith("a")
    first = next(row for row in reversed(inside) if row.strip())
    assert first[0] != " "


def test_the_title_gives_the_latest_values_or_those_at_the_cursor():
    pair = (curve([3, 2, 1]), curve([6, 5, 4], 1, "hot"))
    assert "a 1  b 4" in lines_of(Plot("loss", pair, (0, 2)))[0]
    assert "a 2  b 5" in lines_of(Plot("loss", pair, (0, 2), cursor=1.4))[0]


def test_the_value_at_a_step_is_the_last_that_was_measured_until_there():
    measured = curve([5.0, 4.0, float("nan")], every=10)
    assert [value_at(measured, x) for x in (-1, 0, 9, 10, 25)] == ["-", "5", "5", "4", "nan"]


def test_a_diverged_curve_ends_with_a_cross():
    broken = curve([1.0, 2.0, float("nan"), float("nan")])
    plot = Plot("loss", (broken,), (0, 10), (Mark(2, 0, "diverged"),))
    assert any("✗" in each for each in lines_of(plot))
    assert any("X" in each for each in lines_of(plot, style=Style(unicode=False)))
    assert not any("✗" in each for each in lines_of(Plot("loss", (broken,), (0, 10))))


def test_a_change_is_marked_under_the_plot_at_its_step():
    plot = Plot("loss", (curve(np.ones(11)),), (0, 10), (Mark(5, 0, "changed"),))
    ruler = next(each for each in lines_of(plot) if "▲" in each)
    start = ruler.index("└") + 1
    assert abs(ruler.index("▲") - start - (len(ruler) - start - 1) / 2) <= 1


def test_a_gap_in_the_middle_stays_open():
    values = np.concatenate([np.ones(20), np.full(20, np.nan), np.ones(20)])
    shown = lines_of(Plot("loss", (curve(values),), (0, 59)), 66, 9)
    row = next(each for each in shown[1:-2] if "⣀" in each or "⠒" in each or "⠤" in each or "⠉" in each)
    inside = row[6:]
    assert inside[:15].strip()
    assert not inside[25:35].strip()
    assert inside[45:].strip()


def test_zoomed_in_the_axis_is_that_of_what_is_seen():
    values = np.concatenate([np.full(50, 1000.0), np.linspace(1, 2, 50)])
    shown = "\n".join(lines_of(Plot("loss", (curve(values),), (60, 99))))
    assert "1000" not in shown.replace("1000.0", "")
    assert "60" in shown.splitlines()[-1]


def test_a_single_peak_among_ten_thousand_points_is_seen():
    values = np.zeros(10_000)
    values[5_000] = 1.0
    shown = lines_of(Plot("loss", (curve(values),), (0, 9_999)), 60, 12)
    assert shown[1][6:].strip()


lines = st.lists(
    st.tuples(st.sampled_from(["a", "b", "─", "⣿"]), st.sampled_from([None, "red"])), min_size=12, max_size=12
)


def made(cells):
    text = Text()
    for character, style in cells:
        text.append(character, style or "")
    return strip_of(text, 12, BASE)


@given(st.lists(lines, min_size=1, max_size=4), st.lists(lines, min_size=1, max_size=4))
def test_redrawing_only_the_changed_regions_gives_the_new_picture(before, after):
    after = [*after, *before[len(after) :]]
    old, new = [made(each) for each in before], [made(each) for each in after]
    regions = changed_regions(old, new, 12)

    def cells(strip):
        return [(character, segment.style) for segment in strip for character in segment.text]

    screen = [cells(each) for each in old] + [[(" ", BASE)] * 12] * (len(new) - len(old))
    for region in regions:
        row = list(screen[region.y])
        row[region.x : region.right] = cells(new[region.y])[region.x : region.right]
        screen[region.y] = row
    assert screen == [cells(each) for each in new]


def test_nothing_is_sent_when_nothing_changed():
    plot = Plot("loss", (curve(np.linspace(0, 1, 50)),), (0, 49))
    first, second = (draw(plot, 60, 16, STYLE, BASE).strips for _ in range(2))
    assert changed_regions(first, second, 60) == []


def with_bands(count, spread=0.3):
    """Level curves one above the other, each with a band."""
    x = np.arange(0.0, 101.0)
    level = [np.full(len(x), float(n)) for n in range(count)]
    return tuple(Line(f"v{n}", x, y, n, (y - spread, y + spread)) for n, y in enumerate(level))


def test_of_two_curves_the_bands_are_lines():
    rows = lines_of(Plot("loss", with_bands(2), (0, 100)), 60, 24)
    full = [each for each in rows[1:-2] if len(each[6:].replace(" ", "")) > 50]
    assert len(full) == 6


def test_of_more_curves_the_bands_are_bars_at_steps_of_their_own_that_cross_their_mean():
    for count in (3, 5, 9):
        colourless = Style(colours=0)
        drawn = lines_of(Plot("loss", with_bands(count), (0, 100)), 86, 8 * count, colourless)
        rows = [each[6:-3] for each in drawn[1:-2]]  # what lies between the axis and the letters at the curves' ends
        means = {letter: row for row, text in enumerate(rows) for letter in "abcdefghi"[:count] if letter in text}
        assert len(means) == count
        columns = []
        for letter, row in means.items():
            own = {column for column, each in enumerate(rows[row]) if each == letter}
            assert own
            for column in own:
                assert rows[row - 1][column] != " "
                assert rows[row + 1][column] != " "
            assert {column for column, each in enumerate(rows[row + 1]) if each != " "} == own
            columns += sorted(own)
        assert len(columns) == len(set(columns))


def test_a_hidden_band_or_a_diverged_one_is_no_obstacle():
    x = np.arange(0.0, 50.0)
    gone = np.where(x < 20, 1.0, np.nan)
    nothing = Line("z", np.zeros(0), np.zeros(0), 3, (np.zeros(0), np.zeros(0)))
    lines = (*with_bands(2), Line("gone", x, gone, 2, (gone, np.where(x < 20, np.inf, np.nan))), nothing)
    assert len(lines_of(Plot("loss", lines, (0, 100)))) == 16


def test_a_curve_that_diverged_says_so_in_place_of_a_value():
    broken = replace(curve([1.0, 5.0, np.nan], 1), broken=True)
    title = lines_of(Plot("loss", (curve([1.0, 0.5, 0.25]), broken), (0, 2)))[0]
    assert title.split() == ["loss", "a", "0.25", "b", "diverged"]


def tile_of(content, width):
    """The first line of a selected tile."""
    tile = Tile()
    tile.content, tile.hint = content, "enter: enlarge"
    return tile.draw(width, 10, STYLE)[0].text.rstrip()


def test_a_key_is_named_beside_a_title_only_if_title_and_axis_have_room():
    plot = Plot("act_std", (curve([1.0, 0.5, 0.25]),), (0, 2), log=True, note="log step 0")
    assert tile_of(plot, 60).endswith("enter: enlarge")
    assert "log step 0" in tile_of(plot, 60)
    assert tile_of(plot, 30) == "▸act std log step 0  a 0.25"


def test_what_answers_a_key_stands_a_while_before_what_is_noticed(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("lab.tui.run.summary.time.monotonic", lambda: now[0])
    state = RunState()
    status = Status(state)
    status.say("optimizer.rate of low is now 0.01.")
    state.handle(Noticed("low", 0, 20, "plateau", "the loss is at chance", {}))
    assert status.make(80, 3, STYLE)[0].plain == "optimizer.rate of low is now 0.01."
    now[0] += Status.STANDS
    assert "the loss is at chance" in status.make(80, 3, STYLE)[0].plain


def test_the_key_for_the_next_page_has_room_before_the_settings():
    parts = [
        ("LeNet-5", "title"),
        ("a lenet", ""),
        ("rate 0.002", "marked"),
        ("beta_1 0.9", ""),
        ("page 1 of 3 (])", "kept"),
    ]
    assert (
        Heading(lambda style: parts).make(80, 1, STYLE)[0].plain
        == "LeNet-5  a lenet  rate 0.002  beta_1 0.9  page 1 of 3 (])"
    )
    assert Heading(lambda style: parts).make(46, 1, STYLE)[0].plain == "LeNet-5  a lenet  rate 0.002  page 1 of 3 (])"
    assert Heading(lambda style: parts).make(36, 1, STYLE)[0].plain == "LeNet-5  a lenet  page 1 of 3 (])"
