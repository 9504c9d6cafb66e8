import io
import math

import numpy as np
import pytest
from rich.console import Console

from lab.pictures import (
    Bars,
    Cells,
    Curves,
    Diagram,
    Field,
    Histograms,
    Images,
    Passages,
    Regions,
    Scatter,
    Table,
    Units,
)
from lab.terminal.capabilities import NO_COLOURS, PALETTE_COLOURS, SIXTEEN_COLOURS, TRUE_COLOURS
from lab.terminal.pictures import RENDERERS, images, render
from lab.terminal.pictures.common import names_column
from lab.terminal.style import Style
from lab.terminal.text_lines import clip_caption
from tests.terminal.samples import AWKWARD, GATES, ORDINARY

SIZES = [(10, 3), (1, 1), (3, 10), (24, 7), (38, 8), (80, 23), (120, 40), (200, 60)]
STYLES = [
    Style(TRUE_COLOURS),
    Style(PALETTE_COLOURS),
    Style(SIXTEEN_COLOURS),
    Style(NO_COLOURS),
    Style(NO_COLOURS, unicode=False),
]


def plain(picture, width=80, height=20, style=None):
    return "\n".join(line.plain for line in render(picture, width, height, style or Style(NO_COLOURS)))


@pytest.mark.parametrize("style", STYLES, ids=lambda style: f"{style.colours}{'' if style.unicode else ' ascii'}")
@pytest.mark.parametrize("picture", ORDINARY + AWKWARD, ids=lambda picture: f"{picture.kind} {picture.title!r}")
def test_every_picture_fits_every_size_exactly(picture, style):
    for width, height in SIZES:
        lines = render(picture, width, height, style)
        assert [line.cell_len for line in lines] == [width] * height
        assert all(line.plain.isprintable() for line in lines)
        if not style.unicode:
            assert all(line.plain.isascii() for line in lines)
        if style.colours == NO_COLOURS:
            assert not any(span.style.color or span.style.bgcolor for line in lines for span in line.spans)


def test_every_kind_of_picture_is_tried():
    assert {picture.kind for picture in ORDINARY} == set(RENDERERS)


@pytest.mark.parametrize("picture", ORDINARY, ids=lambda picture: f"{picture.kind} {picture.title!r}")
def test_a_picture_shows_its_title_at_80_by_24(picture):
    assert plain(picture).startswith(picture.title)


def test_bars_are_as_long_as_their_values():
    lines = plain(Bars("time", {"one": 1.0, "two": 2.0}, unit="ns"), 40, 3).splitlines()
    assert 2 * lines[1].count("█") == pytest.approx(lines[2].count("█"), abs=2)
    assert lines[1].endswith("1 ns")


def test_negative_bars_go_the_other_way():
    lines = plain(Bars("signed", {"down": -1.0, "up": 1.0}), 40, 3).splitlines()
    assert lines[1].index("█") < lines[2].index("█")
    assert lines[1].rindex("█") < lines[2].rindex("█")


def test_a_map_is_drawn_the_right_way_up():
    values = np.zeros((4, 4))
    values[0, 0] = 1.0
    lines = plain(Field("map", values), 20, 6, Style(NO_COLOURS)).splitlines()
    assert lines[1].startswith("█")
    assert "█" not in lines[3]


def test_a_map_whose_first_row_is_number_one_counts_downwards():
    """The bright cell, and the line through it, stand at 5 of 1 to 5: below all others."""
    values = np.zeros((5, 5))
    values[4, 0] = 1
    path = {"a": np.array([[1.0, 5.0], [5.0, 5.0]])}
    lines = plain(Field("F", values, extent=(0.5, 5.5, 5.5, 0.5), paths=path)).splitlines()
    labels = [int(each.split("┤")[0]) for each in lines if "┤" in each]
    assert labels == sorted(labels)
    assert len(labels) >= 3
    inside = [each for each in lines if "│" in each or "┤" in each]
    assert "█" in inside[-2]
    assert not any("█" in each or "a" in each for each in inside[: len(inside) // 2])
    upright = plain(Field("F", values[::-1], extent=(0.5, 5.5, 0.5, 5.5))).splitlines()
    labels = [int(each.split("┤")[0]) for each in upright if "┤" in each]
    assert labels == sorted(labels, reverse=True)


def test_the_scale_of_a_map_says_what_its_ends_mean():
    from_zero = plain(Field("map", np.array([[0.25, 4.0]]), low=0.0, high=5.0)).split()
    assert "0" in from_zero
    assert from_zero[-1] == "5"
    around_zero = plain(Field("map", np.array([[-1.0, 4.0]]), diverging=True)).split()
    assert "-4" in around_zero
    assert around_zero[-1] == "4"


def test_regions_without_colour_have_a_grain_each_and_examples_their_sign():
    places = np.array([[0.0, 0.0], [1.0, 1.0]])
    names = ("outside", "inside")
    picture = Regions("plane", np.array([[0, 1]]), np.ones((1, 2)), (0, 1, 0, 1), places, np.array([1, 0]), names)
    _, legend, *rows = plain(picture, 40, 12).splitlines()
    assert legend.split() == ["●.", "outside", "▲:", "inside"]
    text = "".join(rows)
    assert text.count("●") == text.count("▲") == 1
    assert text.count(".") > 10
    assert text.count(":") > 10


def test_regions_are_seen_under_many_examples():
    """However many examples of the other class lie in a region, most of it has the colour of what the net says."""
    places = np.random.default_rng(0).random((400, 2))
    one, other = (
        Regions("plane", np.full((10, 10), said), np.ones((10, 10)), (0, 1, 0, 1), places, np.full(400, 1 - said))
        for said in (0, 1)
    )
    for size in ((24, 8), (60, 20)):
        shown = [render(each, *size, Style(TRUE_COLOURS)) for each in (one, other)]
        text = "".join(each.plain for each in shown[0])
        assert 0 < text.count("▲") <= 0.2 * (text.count("▲") + text.count("▀"))
        grounds = [
            {span.style.bgcolor.triplet for each in lines for span in each.spans if span.style.bgcolor is not None}
            for lines in shown
        ]
        assert all(len(each) == 1 for each in grounds)  # the ground of the examples is that of the region around them
        assert grounds[0] != grounds[1]


def test_an_image_keeps_its_bright_side():
    image = np.zeros((1, 4, 4))
    image[0, :, 2:] = 1.0
    line = plain(Images("half", image), 20, 6, Style(NO_COLOURS)).splitlines()[2]
    assert line[0] == " "
    assert "█" in line


def test_of_many_images_fewer_are_shown_rather_than_ones_in_which_nothing_is_recognised():
    lines = plain(Images("shapes", np.ones((18, 20, 20, 3)), ("as it is", "changed") * 9), 70, 13).splitlines()
    assert "the first 3 of 18" in lines[0]
    assert lines[12].split() == ["as", "it", "is", "changed", "as", "it", "is"]


@pytest.mark.parametrize(
    ("told", "width", "shown"),
    [
        ("T-shirt 100 %", 13, "T-shirt 100 %"),
        ("T-shirt 100 %", 12, "T-shirt…"),
        ("T-shirt 100 %", 10, "T-shirt…"),
        ("T-shirt 100 %", 7, "T-shir…"),
        ("steps 0, 5, 15, 50", 17, "steps 0, 5, 15,…"),
        ("4 of 4, 8,483 looked at", 10, "4 of 4,…"),
        ("1234567890", 5, "1234…"),
    ],
)
def test_a_caption_is_not_cut_within_a_number(told, width, shown):
    assert clip_caption(told, width, Style()) == shown


def test_captions_of_images_are_shortened_so():
    shown = plain(Images("now", np.ones((5, 10, 10)), ("T-shirt 100 %",) * 5), 54, 7).splitlines()
    assert "T-shirt…" in shown[-1]
    assert "1" not in shown[-1]


def test_bars_are_thicker_where_there_is_room():
    thin = plain(Bars("costs", {"one": 2.0, "two": 1.0}), 40, 3).splitlines()
    thick = plain(Bars("costs", {"one": 2.0, "two": 1.0}), 40, 9).splitlines()
    assert [each.count("█") for each in thick[1:5]] == [thin[1].count("█")] * 3 + [0]
    assert thick[5] == thin[2]


def test_rows_of_images_are_equally_long_where_they_can_be_as_large_so():
    fit = images.fit((8, 24, 24), 1, False, 132, 24, Style())
    assert (fit.across, fit.down, fit.scale) == (4, 2, images.fit((6, 24, 24), 1, False, 132, 24, Style()).scale)


def test_images_that_do_not_fit_are_counted():
    text = plain(Images("many", np.zeros((500, 28, 28))), 80, 20)
    assert "of 500" in text


def test_dead_units_are_crossed_and_counted():
    text = plain(Units("units", {"dense1": np.ones(10)}, {"dense1": np.arange(10) < 3}), 60, 4)
    assert text.count("×") == 3 + 1
    assert "3 of 10" in text
    assert "3/10" in text


def test_a_long_text_in_a_table_is_read_to_its_end():
    text = "the net writes on and on " * 4
    picture = Table("samples", ("step", "text"), (("100", text), ("0", "short")))
    lines = plain(picture, 40, 10).splitlines()
    assert " ".join(" ".join(line[6:] for line in lines[2:5]).split()) == text.strip()
    assert lines[2].split()[0] == "100"
    assert lines[5].split() == ["0", "short"]


def test_a_table_cuts_its_heads_before_its_contents():
    table = Table("Boxes", ("rank", "verdict", "precision"), (("1", "nothing there", "0.50"), ("2", "found", "1.00")))
    assert [each.plain for each in render(table, 30, 4, Style(NO_COLOURS))][1:] == [
        "rank  verdict        precision",
        "   1  nothing there       0.50",
        "   2  found               1.00",
    ]
    assert [each.plain for each in render(table, 25, 4, Style(NO_COLOURS))][1:] == [
        "rank verdict       preci…",
        "   1 nothing there   0.50",
        "   2 found           1.00",
    ]


def test_a_table_says_how_many_rows_are_missing():
    picture = Table("long", ("name", "value"), tuple((f"row {index}", str(index)) for index in range(100)))
    assert "and 93 more rows" in plain(picture, 40, 10)


def test_numbers_in_a_table_stand_on_the_right():
    lines = plain(Table("t", ("name", "value"), (("a", "1"), ("b", "1,000"))), 40, 5).splitlines()
    assert lines[2].rstrip().rindex("1") == lines[3].rstrip().rindex("0")


def test_a_graph_of_eight_gates_is_drawn_at_80_columns():
    text = plain(GATES, 80, 23)
    assert "→" not in text
    assert "─" in text
    assert "←" not in text
    for _, label, value, gradient in GATES.nodes:
        assert label in text
        assert value in text
        assert f"∇{gradient}" in text


def test_a_graph_that_does_not_fit_becomes_a_list():
    text = plain(GATES, 40, 12)
    assert "sigmoid ← +" in text


def test_a_list_of_gates_never_shows_a_part_of_a_number():
    nodes = (("a", "a", "-12.25", "-0.5"), ("b", "q: a long name", "-12.25", "0.75"))
    for width in range(14, 40):
        last = plain(Diagram("gates", nodes, (("a", "b"),)), width, 3).splitlines()[-1]
        shown = [word for word in last.split() if any(sign.isdigit() for sign in word)]
        assert {word.lstrip("∇") for word in shown} <= {"-12.25", "0.75"}
    assert shown == ["-12.25", "∇0.75"]


def test_a_graph_has_a_line_for_every_edge():
    chain = Diagram("chain", (("a", "a", "", ""), ("b", "b", "", ""), ("c", "c", "", "")), (("a", "b"), ("b", "c")))
    middle = plain(chain, 40, 6).splitlines()[2]
    assert "│a│──│b│──│c│" in middle


def test_each_character_of_a_passage_stands_on_the_colour_of_its_number():
    values = np.array([1.0, -1.0, 0.0, 1.0, 1.0])
    picture = Passages("text", {"unit 3": "ab\n\nc"}, {"unit 3": values})
    title, name, first, second, *_ = render(picture, 30, 8)
    assert [each.plain.rstrip() for each in (title, name, first, second)] == ["text", "unit 3", "ab⏎⏎", "c"]
    grounds = [
        span.style.bgcolor
        for line in (first, second)
        for span in line.spans
        if span.style.bgcolor
        for _ in range(span.start, span.end)
    ]
    assert grounds[0] == grounds[3] == grounds[4]
    assert len(set(grounds)) == 3
    assert plain(picture, 30, 8, Style(NO_COLOURS, unicode=False)).splitlines()[2:6] == [
        f"{each:30}" for each in ("ab$$", "PN P", "c", "P")
    ]


def test_names_in_a_narrow_picture_are_told_apart_and_leave_room_for_what_stands_beside_them():
    names, column = names_column(["gru1.input", "gru1.recurrent", "gru1.candidate"], 24, Style())
    assert names == ["gru1.input ", "gru1.recur…", "gru1.candi…"]
    assert column == 11


def test_a_name_that_is_cut_keeps_the_number_that_tells_it_from_the_next():
    names, width = names_column(["leaky_relu1", "leaky_relu2"], 21, Style(), beside=12)
    assert (names, width) == (["leaky_r…1", "leaky_r…2"], 9)


def test_names_too_long_to_stand_beside_their_bars_stand_above_them():
    lines = plain(Bars("weights", {"largest singular value": 1.0, "spectral radius": 0.5}), 24, 7).splitlines()
    assert [each.strip() for each in lines[1::3]] == ["largest singular value", "spectral radius"]
    assert lines[2].count("█") == pytest.approx(2 * lines[5].count("█"), abs=1)
    assert lines[2].endswith("1")
    low = plain(Bars("weights", {"largest singular value": 1.0, "spectral radius": 0.5}), 24, 3).splitlines()
    assert [each[:7] for each in low[1:]] == ["largest", "spectra"], "where there is no room they are cut"


def test_what_an_axis_shows_is_in_the_title_if_there_is_no_room_under_it():
    x = np.arange(5.0)
    shown = Curves("Accuracy", x, {"one": x}, x_label="symbols behind a true beginning", y_label="share")
    wide, narrow = plain(shown, 120, 12).splitlines(), plain(shown, 70, 12).splitlines()
    assert wide[-1].endswith("symbols behind a true beginning")
    assert wide[0].split() == ["Accuracy", "share"]
    assert "symbols" not in narrow[-1]
    assert narrow[0].strip() == "Accuracy  share over symbols behind a true beginning"


def test_a_constant_has_no_line_of_its_own_in_a_list_of_gates():
    gates = (("x", "x", "0.8", "2"), ("k", "1000", "", ""), ("p", "×", "800", "1"))
    shown = plain(Diagram("Gates", gates, (("x", "p"), ("k", "p"))), 30, 4)
    assert "× ← x, 1000" in shown
    assert [each.split()[0] for each in shown.splitlines()[1:3]] == ["x", "×"]


def test_a_bar_whose_value_is_not_known_yet_has_no_number():
    lines = plain(Bars("time", {"one": 1.0, "two": math.nan}, unit="ns"), 40, 3).splitlines()
    assert lines[2].split() == ["two", "-"]


def test_numbers_in_cells_are_whole_or_not_there_at_all():
    picture = Cells("world", np.array([[0.125, np.nan, np.nan]]), (("→", "G +10", ""),))
    for width, shown, hidden in (
        (45, ["0.125", "→", "G +10"], []),
        (18, ["0.12→", "G +10"], []), (15, ["0.1→", "G"], ["+"]), (6, ["→", "G"], ["0"]),
    ):  # fmt: skip
        text = plain(picture, width, 2)
        assert all(each in text for each in shown), text
        assert not any(each in text for each in hidden), text


def test_a_cell_is_at_most_as_high_as_wide_but_has_five_lines_in_any_case():
    picture = Cells("world", np.array([[1.0, np.nan]]), (("", ""),))  # the second one is a wall
    for width, lines in ((12, 5), (28, 7), (80, 8)):
        drawn = plain(picture, width, 30, Style(NO_COLOURS, legends=False)).splitlines()
        assert sum("█" in each for each in drawn) == lines


def test_numbers_at_the_sides_of_a_cell_stand_there():
    picture = Cells("q", np.array([[1.0]]), (("↑",),), np.array([[[1.0, 0.25, -0.5, 0.0]]]))
    top, middle, bottom = (plain(picture, 15, 5, Style(TRUE_COLOURS)).splitlines())[1:4]
    assert tuple(each.split() for each in (top, middle, bottom)) == (["1.00"], ["0.00", "↑", "0.25"], ["-0.50"])
    assert "0.2" not in plain(picture, 9, 4), "there is no room: the highest number stands alone"
    dear = Cells("q", np.array([[-10.5]]), (("↑",),), np.array([[[-10.5, -11.25, -12.5, -13.0]]]))
    assert "-11.25" in plain(dear, 30, 8), "a wide cell has room for larger ones"


@pytest.mark.parametrize("width", range(14, 60))
def test_an_even_spread_looks_even_at_every_width(width):
    even = Histograms("Activations", np.linspace(-1, 1, 41), {"tanh1": np.full(40, 7.0)})
    rows = [line.plain[6:].rstrip() for line in render(even, width, 5, Style())[1:4]]
    assert len({row for row in rows if row}) == 1
    assert set(rows[-1]) == {"█"}


def test_the_sign_at_the_end_of_a_line_keeps_its_colour_where_another_line_passes():
    style = Style(TRUE_COLOURS)
    x = np.linspace(0, 1, 50)
    ways = {name: np.stack([x, x], axis=1) for name in ("fitted", "without noise")}
    lines = render(Scatter("Curve", {"examples": np.ones((60, 2))}, lines=ways), 40, 12, style)
    colours = {}
    for text in lines[2:]:
        for place, character in enumerate(text.plain):
            if character in "▲■":
                colours[character] = text.get_style_at_offset(_no_console(), place).color
    assert colours["▲"] == style.text_style(style.colour(1, "series")).color
    assert colours["■"] == style.text_style(style.colour(2, "series")).color


def _no_console():
    return Console(file=io.StringIO())
