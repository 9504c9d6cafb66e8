"""Variants side by side: one scale, one map for all paths, the gap between two curves as ground."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rich.style import Style as TextStyle

from lab.events import Measured, Started
from lab.pictures import Bars, Cells, Curves, Field, Histograms, Images, Scatter
from lab.scenario import load
from lab.scenario.decisive import decisive
from lab.terminal.curves import Line
from lab.terminal.pictures.one_scale import on_one_scale, one_map
from lab.terminal.run_state import RunState
from lab.terminal.style import Style
from lab.tui.run.multiples import Cell, Multiples, strips
from lab.tui.run.order import alike, in_short, metrics_of, ordered, together
from lab.tui.run.plot import Plot, draw
from lab.tui.run.side_by_side import beside
from lab.tui.run.tile_data import TileData
from lab.tui.run.view_options import TileContent, ViewOptions

X = np.linspace(0.0, 100.0, 50)


def landscape(way: np.ndarray, tilt: float = 0.0) -> Field:
    return Field("Valley", np.arange(16.0).reshape(4, 4) + tilt, extent=(0, 1, 0, 1), paths={"path": way})


def test_all_paths_over_one_landscape_are_on_one_map_with_their_variants_numbers():
    way = np.array([[0.1, 0.1], [0.9, 0.9]])
    maps = one_map([(0, "calm", landscape(way)), (1, "other", landscape(way, 1.0)), (2, "quick", landscape(way / 2))])
    assert [numbers for numbers, _, _ in maps] == [(0, 2), (1,)]
    shared = maps[0][2]
    assert isinstance(shared, Field)
    assert list(shared.paths) == ["calm", "quick"]
    assert shared.variants == (0, 2)


def test_histograms_side_by_side_have_common_bins_and_lose_no_number():
    narrow = Histograms("h", np.array([0.0, 1.0, 2.0]), {"relu": np.array([3.0, 1.0])})
    wide = Histograms("h", np.array([-4.0, 0.0, 4.0]), {"relu": np.array([2.0, 2.0])})
    one, other = on_one_scale([narrow, wide])
    assert isinstance(one, Histograms)
    assert isinstance(other, Histograms)
    assert one.edges.tolist() == other.edges.tolist() == [-4.0, 0.0, 4.0]
    assert one.counts["relu"].tolist() == [0.0, 4.0]
    assert other.counts["relu"].sum() == 4.0


def test_the_ground_between_training_and_validation_is_shaded_and_nothing_else():
    base = TextStyle(color="#ffffff", bgcolor="#14171c")
    lines = (Line("loss", X, np.full(50, 2.0), 0), Line("val_loss", X, np.full(50, 8.0), 0))
    plot = Plot("both", lines, (0.0, 100.0), y_range=(0.0, 10.0), shaded=True)
    made = draw(plot, 60, 22, Style(), base)
    shaded = [any(part.style and part.style.bgcolor != base.bgcolor for part in strip) for strip in made.strips]
    rows = [row for row, is_shaded in enumerate(shaded) if is_shaded]
    assert rows == list(range(rows[0], rows[-1] + 1))
    assert 0.5 <= len(rows) / 19 <= 0.7  # the inside has 19 rows, of which the gap takes six tenths
    of_two_things = draw(replace(plot, unlike=True), 60, 22, Style(), base)
    assert all(part.style and part.style.bgcolor == base.bgcolor for strip in of_two_things.strips for part in strip)
    assert alike(together(["loss", "val_loss"]))
    assert alike(together(["forced_words", "free_words"]))
    assert not alike(together(["loss", "rate"]))
    few = draw(plot, 60, 22, Style(colours=16), base)
    assert all(part.style and part.style.bgcolor == base.bgcolor for strip in few.strips for part in strip)


def test_each_cell_is_headed_by_its_variant_and_what_has_no_room_is_counted():
    plot = Plot("loss", (Line("loss", X, X, 0),), (0.0, 100.0))
    names = ["calm", "quick", "wild", "far"]
    shown = Multiples("loss by layer", tuple(Cell(((n, name),), plot) for n, name in enumerate(names)), keep=3)
    lines = [each.text for each in strips(shown, 40, 8, Style(), TextStyle())]
    assert all(len(each) == 40 for each in lines)
    assert "loss by layer  2 of 4" in lines[0]
    assert "a calm" in lines[1]
    assert "d far" in lines[1], "the variant that is looked at is always among them"


def test_what_a_lesson_says_comes_first_else_what_its_first_claim_is_about():
    said = decisive(load("dead-relu").scenario)
    pictures = [("dead_units", "Dead units of relu2"), ("decision_regions", "Decision regions")]
    measured = ["loss", "accuracy", "grad_norm", "dead_relu"]
    found = ordered(said, measured, pictures)
    assert found[:2] == [TileContent("picture", "Dead units of relu2"), TileContent("metric", "dead_relu")]
    assert len(found) == len(set(found)) == 6
    unsaid = decisive(load("dead-relu").scenario.model_copy(update={"show": load("adam").scenario.show.__class__()}))
    assert ordered(unsaid, measured, pictures)[0] == TileContent("metric", "dead_relu")


def test_one_line_tells_first_of_what_the_lesson_shows_first_if_across_layers_of_the_last_one():
    assert in_short(decisive(load("dead-relu").scenario))[:2] == ["dead_units", "dead_relu"]
    told = in_short(decisive(load("maximal-patches").scenario))
    assert told[:3] == ["maximal_patches", "patch_purity", "patch_purity.relu3"]
    assert told[-1] == "loss"


def test_training_stands_beside_validation_where_a_claim_speaks_of_both():
    assert ("loss", "val_loss") in decisive(load("train-val-gap").scenario).together
    assert not decisive(load("learning-rates").scenario).together
    assert metrics_of(together(["loss", "val_loss"])) == ["loss", "val_loss"]


def test_of_two_curves_the_full_one_says_its_value_where_there_is_room_for_one():
    plot = Plot("two", (Line("known", X, X, 0), Line("learned", X, X + 5, 0)), (0.0, 100.0), shaded=True)
    shown = Multiples("two", (Cell(((0, "calm"),), plot),))
    narrow, wide = ([each.text for each in strips(shown, width, 12, Style(), TextStyle())][1] for width in (24, 60))
    assert "learned 105" in narrow
    assert "known" not in narrow
    assert "learned 105" in wide
    assert "known 100" in wide


def test_what_is_compared_by_its_values_shares_a_plot_but_not_what_is_compared_by_steps():
    assert ("true_value", "best_value") in decisive(load("q-function").scenario).together
    assert decisive(load("bellman").scenario).together == (("gamma", "contraction"),)


def test_high_tables_of_weights_stand_side_by_side_where_they_can_be_seen():
    weights = Field(" ", np.linspace(-1, 1, 64 * 8).reshape(64, 8), diverging=True)
    shown = Multiples("Weights", tuple(Cell(((n, name),), weights) for n, name in enumerate(("one", "two", "three"))))
    lines = [each.text for each in strips(shown, 44, 19, Style(), TextStyle())]
    assert lines[1].split()[::2] == ["-1", "1"]  # the scale of all three
    assert "a one" in lines[2]
    assert "c three" in lines[2]
    assert sum("▀" in each for each in lines) >= 12
    assert max(each.count("▀") for each in lines) >= 30  # 8 units are stretched over the room, for all three


def test_narrow_tables_of_other_sizes_are_stretched_alike():
    plan = [Field("m", np.ones((rows, 7)), low=0.0, high=1.0) for rows in (17, 24)]
    lines = [each for each in _cells_of(plan, 46, 17, Style(legends=False)) if set(each) == {"▀", " "}]
    drawn = [[each[:23].strip() for each in lines], [each[23:].strip() for each in lines]]
    assert [{len(each) for each in one if each} for one in drawn] == [{14}, {14}]  # 7 columns, each two wide
    assert [sum(bool(each) for each in one) for one in drawn] == [9, 12]  # two rows to a line


def test_the_rows_of_a_table_go_down_and_an_axis_goes_up():
    told = []
    for extent in (None, (0.0, 1.0, 0.0, 1.0)):
        table = Field(" ", np.ones((4, 4)), extent=extent, x_label="array", y_label="call")
        cells = tuple(Cell(((n, name),), table) for n, name in enumerate(("one", "two")))
        told.append(" ".join(each.text for each in strips(Multiples("Plan", cells), 60, 16, Style(), TextStyle())))
    assert "down: call" in told[0]
    assert "up: call" in told[1]


def test_pictures_whose_titles_have_no_word_in_common_are_headed_by_what_they_are():
    titles = ("Quadratic (log10 of the height)", "Saddle")
    pictures = [
        replace(landscape(np.zeros((1, 2)), float(tilt)), title=title, name="landscape")
        for tilt, title in enumerate(titles)
    ]
    shown = beside([(0, "round", pictures[0]), (1, "bent", pictures[1])], "round", 2)
    assert isinstance(shown, Multiples)
    assert shown.title == "Landscape"
    assert [each.note for each in shown.cells] == list(titles)


def test_cells_without_titles_are_told_once_what_their_axes_are():
    rates = np.array([[-5.0, 1.0], [-1.0, 0.1]])
    trials = Scatter(" ", {"log": rates}, x_label="log10 of optimizer.rate", y_label="validation loss")
    two = Multiples("Trials", tuple(Cell(((n, name),), trials) for n, name in enumerate(("adam", "sgd"))))
    lines = [each.text.rstrip() for each in strips(two, 76, 20, Style(), TextStyle())]
    assert lines[1] == "● log  across: log10 of optimizer.rate  up: validation loss"
    near = replace(trials, x_label="rate")
    cells = tuple(Cell(((n, name),), near) for n, name in enumerate(("adam", "sgd")))
    lines = [each.text.rstrip() for each in strips(Multiples("Trials", cells), 76, 20, Style(), TextStyle())]
    assert lines[1] == "● log  up: validation loss", "what stands under the axes is not said again"
    assert lines[-1].endswith("rate")
    other = replace(near, y_label="penalty")
    cells = (Cell(((0, "adam"),), near), Cell(((1, "sgd"),), other))
    heads = strips(Multiples("Trials", cells), 76, 20, Style(), TextStyle())[2].text
    assert heads.split() == ["a", "adam", "up:", "validation", "loss", "b", "sgd", "up:", "penalty"]
    bars = Bars(" ", {"dense1": 1e-5, "dense2": 0.1}, log=True)
    cells = tuple(Cell(((n, name),), bars) for n, name in enumerate(("sigmoid", "relu")))
    assert strips(Multiples("Gradient", cells), 60, 8, Style(), TextStyle())[0].text.split() == [
        "Gradient",
        "logarithmic",
    ]


def by_layer(layers):
    """A run in which a number was measured for the layers of each variant."""
    run_state = RunState()
    names = tuple(layers)
    run_state.handle(Started("x", "X", names, (0,), dict.fromkeys(names, 20), ("saturation",)))
    for step in (0, 10):
        for name in names:
            values = {f"saturation.{each}": 0.1 * n for n, each in enumerate(layers[name])}
            run_state.handle(Measured(name, 0, step, values))
    return TileData(run_state, ViewOptions(layers={"saturation"}))


def test_layers_have_their_own_signs_whatever_else_showed_the_same_curves():
    tile_data = by_layer({"large": ["tanh1", "tanh2"], "small": ["tanh1", "tanh2"]})
    tile_data.content(TileContent("profile", "saturation"))  # has them as curves of variants
    shown = tile_data.content(TileContent("layers", "saturation"))
    assert shown.title == "saturation: 1 tanh1, 2 tanh2"
    assert [[line.sign(Style()) for line in each.content.lines] for each in shown.cells] == [["1", "2"], ["1", "2"]]


def test_each_variant_says_which_layers_its_signs_are_if_they_are_others():
    shown = by_layer({"kinked": ["relu", "prelu"], "curved": ["elu"]}).content(TileContent("layers", "saturation"))
    assert shown.title == "saturation by name", "functions are no layers"
    layers = by_layer({"ten": ["relu1", "relu2"], "other": ["tanh1"]}).content(TileContent("layers", "saturation"))
    assert layers.title == "saturation by layer"
    assert [each.note for each in shown.cells] == ["1 relu, 2 prelu", "1 elu"]
    heads = strips(shown, 64, 10, Style(), TextStyle())[1].text
    assert "a kinked  1 relu, 2 prelu" in heads
    assert "b curved  1 elu" in heads
    many = by_layer({"deep": [f"dense{n}" for n in range(1, 13)]}).content(TileContent("layers", "saturation"))
    assert many.title == "saturation: 1 dense1 to C dense12"


def test_bars_side_by_side_are_equally_long_where_they_are_equal_whatever_they_are_called():
    one = Bars("Parameters", {"conv1": 100.0, "dense1": 50.0})
    other = Bars("Parameters", {"inception_block_1": 100.0, "dense1": 131_136.0 / 2048})
    shown = beside([(0, "plain", one), (1, "branched", other)], "plain", 3)
    lines = [each.text for each in strips(shown, 62, 7, Style(), TextStyle())]
    left, right = (next(each[side] for each in lines if "100" in each) for side in (slice(0, 30), slice(32, 62)))
    assert left.count("█") == right.count("█") > 3


def test_a_high_tile_has_room_for_a_legend_of_two_lines_and_for_what_the_axes_are():
    x = np.arange(1.0, 9.0)
    curves = {"averaged": x, "each alone": x + 1, "mean of the members": x + 2}
    picture = Curves(" ", x, curves, x_label="how many members there are", y_label="accuracy")
    shown = Multiples("Over members", tuple(Cell(((n, name),), picture) for n, name in enumerate(("apart", "noisy"))))
    text = "\n".join(each.text for each in strips(shown, 46, 20, Style(), TextStyle()))
    assert all(each in text for each in (*curves, "across: how many members there are", "up: accuracy"))
    low = [each.text for each in strips(shown, 46, 10, Style(), TextStyle())]
    assert "+1" in low[1]
    assert "a apart" in low[2]


def test_variants_stand_in_the_order_that_the_scenario_names_them():
    scenario = load("resnet").scenario
    run_state = RunState()
    names = ("shallow", "plain", "residual")
    run_state.handle(Started("resnet", "", names, (0,), dict.fromkeys(names, 20), ("loss",)))
    view = ViewOptions()
    tile_data = TileData(run_state, view, scenario)
    assert tile_data.beside() == ["plain", "residual", "shallow"]
    view.hidden.add("plain")
    assert tile_data.beside() == ["residual", "shallow"]


def test_images_that_are_wide_stand_below_each_other_where_that_makes_them_larger():
    def shown(height, width):
        cells = [
            Cell(((number, name),), Images("Masks", np.ones((1, height, width), np.float32), ("IoU",)))
            for number, name in enumerate(("six", "two"))
        ]
        made = strips(Multiples("Masks", tuple(cells)), 40, 18, Style(256, True), TextStyle())
        lines = [strip.text for strip in made]
        return [next(n for n, each in enumerate(lines) if name in each) for name in ("six", "two")]

    first, second = shown(32, 98)
    assert second > first
    first, second = shown(32, 32)
    assert second == first


def _cells_of(pictures, width, height, style):
    base = TextStyle(color="#ffffff", bgcolor="#14171c")
    cells = tuple(Cell(((number, f"n{number}"),), each) for number, each in enumerate(pictures))
    return [strip.text for strip in strips(Multiples("t", cells), width, height, style, base)]


def test_four_maps_stand_in_two_rows_of_two_and_leave_nothing_blank():
    maps = [Field("m", np.ones((40, 40)), extent=(0, 1, 0, 1)) for _ in range(4)]
    told = _cells_of(maps, 131, 39, Style())
    headed = [[f"n{number}" for number in range(4) if f" n{number}" in each] for each in told]
    assert [each for each in headed if each] == [["n0", "n1"], ["n2", "n3"]]


def test_a_map_with_more_rows_than_there_is_room_for_leaves_it_to_another():
    grids = [Cells("c", np.arange(48.0).reshape(6, 8), (("",) * 8,) * 6) for _ in range(2)]
    told = "\n".join(_cells_of(grids, 64, 10, Style()))
    assert "no room" not in told
    assert "1 of 2" in told
    assert "47" in told
    assert "2 of" not in "\n".join(_cells_of(grids, 64, 20, Style())), "both have room here"


def test_a_pixel_is_as_large_in_one_variant_as_in_the_other():
    plain = Style(colours=0, unicode=False, legends=False)
    maps = [Field("m", np.ones((side, side)), low=0.0, high=1.0) for side in (9, 8)]
    grids = [Cells("c", np.arange(16.0).reshape(4, 4), (("",) * 4,) * 4) for _ in range(3)]
    scales = set()
    for width in range(36, 90, 3):
        runs = {len(run) for each in _cells_of(maps, width, 24, plain)[2:] for run in each.split()} - {1, 2}
        assert runs in ({9 * scale, 8 * scale} for scale in range(2, 8))
        scales.add(min(runs))
    assert len(scales) > 1
    for height in range(24, 50):
        told = _cells_of(grids, 30, height, Style(legends=False))
        starts = [row for row, each in enumerate(told) if any(f" n{number}" in each for number in range(3))]
        numbered = [
            [row - start for row in range(start + 1, end) if any(map(str.isdigit, told[row]))]
            for start, end in zip(starts, [*starts[1:], len(told)], strict=True)
        ]
        assert len(numbered) == 3
        assert numbered[0] == numbered[1] == numbered[2]


def test_cells_of_numbers_that_are_too_narrow_anyway_stand_below_each_other():
    grids = [Cells("c", np.arange(48.0).reshape(4, 12), (("",) * 12,) * 4) for _ in range(3)]
    told = _cells_of(grids, 47, 19, Style(legends=False))
    assert sum(any(f" n{number}" in each for each in told) for number in range(3)) == 3


def test_images_are_as_large_in_one_variant_as_in_the_other_though_its_captions_are_shorter():
    def drawn(*captions):
        shown = [Images("i", np.ones((2, 14, 14), np.float32), told) for told in captions]
        told = _cells_of(shown, 60, 24, Style(legends=False))
        return [sum(each[start : start + 29].count("▀") for each in told) for start in (0, 31)]

    for captions in ((("a", "b"), ("a\nb", "c")), ((), ("a", "b")), (("", ""), ("a", "b\nc"))):
        one, other = drawn(*captions)
        assert one == other > 0
