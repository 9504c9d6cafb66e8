import numpy as np

from lab.scenario import Show
from lab.terminal.chosen_axes import ChosenAxes
from lab.terminal.curves import Line


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
