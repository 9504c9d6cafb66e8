"""The plot across layers: what was measured for each layer, from the first to the last, a line per variant."""

from __future__ import annotations

import numpy as np
import pytest
from rich.style import Style as TextStyle

from lab.errors import BadInput
from lab.events import Measured, Started
from lab.scenario import load
from lab.tasks.scenario_check import check
from lab.terminal.run_state import RunState
from lab.terminal.style import Style
from lab.tui.run.plot import draw
from lab.tui.run.tile_data import TileData
from lab.tui.run.view_options import TileContent, ViewOptions

METRIC = "grad_norm"


def norms(variant, step, *values):
    return Measured(variant, 0, step, {f"{METRIC}.dense{n + 1}": value for n, value in enumerate(values)})


@pytest.fixture
def view():
    return ViewOptions()


@pytest.fixture
def tile_data(view):
    run_state = RunState()
    run_state.handle(Started("deep", "Deep", ("sigmoid", "relu"), (0,), {"sigmoid": 20, "relu": 20}, (METRIC,)))
    for event in (
        norms("sigmoid", 0, 0.001, 0.01, 0.1),
        norms("relu", 0, 0.5, 0.6),
        norms("sigmoid", 10, 0.002, 0.02, 0.2),
        norms("relu", 10, 0.7, 0.8),
    ):
        run_state.handle(event)
    return TileData(run_state, view)


def drawn(tile_data, kind):
    plot = tile_data.content(TileContent(kind, METRIC))
    return {each.name: (each.x.tolist(), np.round(each.y, 6).tolist()) for each in plot.lines}


def test_it_shows_the_latest_values_the_first_ones_and_those_at_the_cursor(tile_data, view):
    last = {"sigmoid": ([1, 2, 3], [0.002, 0.02, 0.2]), "relu": ([1, 2], [0.7, 0.8])}
    first = {"sigmoid": ([1, 2, 3], [0.001, 0.01, 0.1]), "relu": ([1, 2], [0.5, 0.6])}
    assert drawn(tile_data, "profile") == last
    assert drawn(tile_data, "first_profile") == first
    view.cursor = 5.0
    assert drawn(tile_data, "profile") == first
    plot = tile_data.content(TileContent("profile", METRIC))
    assert plot.log
    assert (plot.window, plot.x_label, plot.note) == ((1.0, 3.0), "layer", "by layer log step 5")
    view.hidden = {"sigmoid"}
    assert list(drawn(tile_data, "profile")) == ["relu"]


SCENARIO = """
title: Deep
task: classify
data: {name: xor}
model: [{dense: 4}, tanh, {dense: classes}]
watch: [loss, grad_norm]
show: {first: %s}
"""


def test_a_scenario_names_it_and_a_metric_without_layers_is_refused(tmp_path):
    path = tmp_path / "deep.yaml"
    path.write_text(SCENARIO % "grad_norm across layers at the start")
    check(load(path))
    path.write_text(SCENARIO % "loss across layers")
    with pytest.raises(BadInput, match="no metric or picture 'loss across layers'"):
        check(load(path))


def columns_of(*variants):
    """A run in which a number was measured for each of these names, per variant."""
    run_state = RunState()
    names = tuple(f"v{number}" for number in range(len(variants)))
    run_state.handle(Started("x", "X", names, (0,), dict.fromkeys(names, 20), (METRIC,)))
    for name, layers in zip(names, variants, strict=True):
        run_state.handle(Measured(name, 0, 10, {f"{METRIC}.{each}": 0.5 for each in layers}))
    return TileData(run_state, ViewOptions()).content(TileContent("profile", METRIC))


def test_places_have_names_unless_they_are_counted():
    columns = columns_of(["column1", "column2", "all"], ["column1", "column2", "all"])
    assert (columns.names, columns.x_label) == (("column1", "column2", "all"), "")
    below = draw(columns, 48, 10, Style(), TextStyle()).strips[-1].text
    assert [each for each in columns.names if each in below] == list(columns.names)
    blocks = columns_of([f"residual{n}" for n in range(1, 9)])
    assert (blocks.names, blocks.x_label) == ((), "block")
    below = draw(blocks, 48, 10, Style(), TextStyle()).strips[-1].text.split()
    assert below == ["block", *map(str, range(1, 9))]
    assert columns_of(["conv1", "dense1"], ["conv1", "norm1"]).names == ()


def test_what_the_places_are_is_said_however_many_there_are():
    for many in (9, 30, 110):
        plot = columns_of([f"relu{n}" for n in range(1, many + 1)])
        for width in (30, 58):
            below = draw(plot, width, 10, Style(), TextStyle()).strips[-1].text.split()
            assert below[:2] == ["layer", "1"]
            places = list(map(int, below[1:]))
            assert len(places) > 1
            assert len(set(np.diff(places))) == 1, "they are equally far apart"


def test_its_title_says_what_it_goes_across_and_no_number_that_would_be_of_the_last_layer_alone(tile_data) -> None:
    plot = tile_data.content(TileContent("profile", METRIC))
    title = draw(plot, 60, 10, Style(unicode=True), TextStyle()).strips[0].text
    assert title.rstrip() == "gradient norm by layer log"
