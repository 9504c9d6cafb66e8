import itertools

import numpy as np

from lab.events import Measured, Started
from lab.scenario import Show
from lab.scenario.model import Scenario
from lab.terminal import curves
from lab.terminal.chosen_axes import ChosenAxes
from lab.terminal.curves import Line
from lab.terminal.run_state import RunState
from lab.terminal.style import Style
from lab.tui.run.order import together
from lab.tui.run.tile_data import TileData
from lab.tui.run.view_options import TileContent, ViewOptions


def test_a_scenario_chooses_axes_and_points_and_the_rest_follows_what_was_measured():
    chosen = ChosenAxes(Show.model_validate({"axes": {"distance": {"x": "log", "y": "log"}, "loss": {"y": "linear"}},
                                             "points": "error"}))  # fmt: skip
    flat, steep = (Line("a", np.arange(3.0), np.array(values), 0) for values in ([1.0, 2.0, 3.0], [1.0, 1e3, 1e6]))
    assert chosen.log_x("distance")
    assert chosen.log_y("distance", [flat])
    assert not chosen.log_y("loss", [steep])
    assert not chosen.log_x("loss")
    assert chosen.log_y("norm", [steep])
    assert not chosen.log_y("norm", [flat])
    assert chosen.drawn("error", flat).points
    assert not chosen.drawn("loss", flat).points
    assert chosen.within("loss") is None
    nothing = ChosenAxes(None)
    assert not nothing.log_x("distance")
    assert not nothing.log_y("distance", [flat])


def test_the_full_screen_draws_what_the_scenario_chooses():
    state = RunState()
    state.handle(Started("s", "t", ("a",), (0,), {"a": 100}, ("loss", "error")))
    for step in range(0, 101, 10):
        state.handle(Measured("a", 0, step, {"loss": 1.0 + step, "error": 1.0}))
    show = {"axes": {"loss": {"x": "log", "y": "linear"}}, "points": ["error"]}
    scenario = Scenario.model_validate(
        {"title": "t", "task": "descend", "train": {"steps": 100}, "watch": ["loss", "error"], "show": show}
    )
    data = TileData(state, ViewOptions(), scenario)
    loss, error = (data.content(TileContent("metric", name)) for name in ("loss", "error"))
    assert (loss.log_x, loss.log, error.log_x) == (True, False, False)
    assert [each.lines[0].points for each in (loss, error)] == [False, True]


def test_a_plot_shows_no_more_than_the_range_that_the_scenario_chooses():
    lines = [Line("a", np.arange(5.0), np.array([0.0, 0.85, 0.9, 0.95, 0.99]), 0)]
    whole, part = (curves.draw(lines, 40, 12, Style(colours=0), within=each) for each in (None, (0.8, 1.0)))
    lowest = [[line.plain.split("┤")[0].strip() for line in each if "┤" in line.plain][-1] for each in (whole, part)]
    assert lowest == ["0", "0.8"]

    state = RunState()
    state.handle(Started("s", "t", ("a", "b"), (0,), {"a": 10, "b": 10}, ("loss", "val_loss")))
    for variant, step in itertools.product("ab", range(11)):
        state.handle(Measured(variant, 0, step, {"loss": 1.0 - step / 20, "val_loss": 1.0}))
    show = {"axes": {"loss": {"range": [0.5, 0.6]}}, "together": ["loss", "val_loss"]}
    scenario = Scenario.model_validate(
        {"title": "t", "task": "descend", "train": {"steps": 10}, "watch": ["loss", "val_loss"], "show": show}
    )
    data = TileData(state, ViewOptions(), scenario)
    assert data.content(TileContent("metric", "loss")).y_range == (0.5, 0.6)
    assert data.content(TileContent("metric", "val_loss")).y_range is None
    assert {each.content.y_range for each in data.content(together(["loss", "val_loss"])).cells} == {(0.5, 0.6)}
