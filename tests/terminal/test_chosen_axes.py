import numpy as np

from lab.events import Measured, Started
from lab.scenario import Show
from lab.scenario.model import Scenario
from lab.terminal.chosen_axes import ChosenAxes
from lab.terminal.curves import Line
from lab.terminal.run_state import RunState
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
