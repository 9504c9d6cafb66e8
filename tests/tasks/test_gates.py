"""The walk through a computation graph: one operation per step, and every gradient held against a finite difference."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.computation_graphs.stepwise import error

WATCH = ["value", "gradient", "local_error", "total_error"]


def walk(expression="q = x + y; f = q * z", inputs=None, seed=0, steps=20, watch=WATCH):
    scenario = Scenario.model_validate(
        {
            "title": "Gates",
            "task": "gates",
            "options": {"expression": expression, "inputs": inputs or {"x": -2, "y": 5, "z": -4}},
            "train": {"steps": steps},
            "watch": watch,
        }
    )
    made = task_of(scenario).build(scenario, seed, None)
    made.prepare()
    return made


def test_values_come_first_then_gradients_from_the_result_back():
    made = walk()
    known = []
    for _ in range(5):
        values = made.measure()
        known.append({name for name in ("value.q", "value.f", "gradient.f", "gradient.q", "gradient.z", "gradient.x")
                      if not math.isnan(values[name])})  # fmt: skip
        made.advance(1)
    assert known == [
        set(),
        {"value.q"},
        {"value.q", "value.f", "gradient.f"},
        {"value.q", "value.f", "gradient.f", "gradient.q", "gradient.z"},
        {"value.q", "value.f", "gradient.f", "gradient.q", "gradient.z", "gradient.x"},
    ]
    values = made.measure()
    assert [values[f"value.{name}"] for name in "xyzqf"] == [-2, 5, -4, 3, -12]
    assert [values[f"gradient.{name}"] for name in "xyzqf"] == [-4, -4, 3, -4, 1]


def test_gradients_are_those_of_the_formula():
    x, y, z = 0.7, -1.3, 0.4
    made = walk("s = x * y; t = tanh(s + z); f = t * x + exp(-(s ** 2)) / (2 + sigmoid(z))", {"x": x, "y": y, "z": z})
    made.advance(40)
    values = made.measure()

    def formula(x, y, z):
        s = x * y
        return np.tanh(s + z) * x + np.exp(-(s**2)) / (2 + 1 / (1 + np.exp(-z)))

    h = 1e-6
    assert values["value.f"] == pytest.approx(formula(x, y, z), rel=1e-14)
    for name, (dx, dy, dz) in {"x": (h, 0, 0), "y": (0, h, 0), "z": (0, 0, h)}.items():
        slope = (formula(x + dx, y + dy, z + dz) - formula(x - dx, y - dy, z - dz)) / (2 * h)
        assert values[f"gradient.{name}"] == pytest.approx(slope, rel=1e-8)
    assert values["local_error"] < 1e-9
    assert values["total_error"] < 1e-9


def test_an_input_used_twice_gets_the_sum_once_both_have_handed_back():
    made = walk("x * y + x", {"x": 3, "y": 4})
    seen = []
    for _ in range(4):
        made.advance(1)
        seen.append(made.measure()["gradient.x"])
    assert [math.isnan(each) for each in seen] == [True, True, True, False]
    assert seen[-1] == 5


def test_a_gate_that_is_its_own_neighbour():
    made = walk("x * x", {"x": 3})
    made.advance(2)
    assert made.measure()["gradient.x"] == 6
    made = walk("x + y", {"x": 3, "y": 4})
    made.advance(2)
    assert made.measure()["gradient.x"] == made.measure()["gradient.y"] == 1


def test_random_inputs_depend_on_the_seed():
    inputs = {"x": {"normal": 2}, "y": 1}
    first, again, other = (walk("x * y", inputs, seed=seed).measure()["value.x"] for seed in (0, 0, 1))
    assert first == again != other


def test_wrong_gradients_would_be_seen():
    assert error(1.0, 1.0 + 1e-9) < 1e-8
    assert error(2.0, 4.0) == 0.5
    assert error(0.0, 0.25) == 0.25


def test_going_back_to_a_state_goes_on_to_the_same():
    one, other = walk(), walk()
    one.advance(3)
    other.restore(one.state())
    for made in (one, other):
        made.advance(1)
    assert one.measure() == other.measure()
    first = walk()
    state = first.state()
    first.advance(4)
    first.restore(state)
    assert first.step == 0
    assert math.isnan(first.measure()["value.q"])
    with pytest.raises(ValueError, match="another computation graph"):
        walk("x + y", {"x": 1, "y": 2}).restore(one.state())


def test_steps_beyond_the_end_change_nothing():
    made = walk()
    made.advance(4)
    before = made.measure()
    made.advance(10)
    assert made.measure() == before
    assert made.step == 14


def test_pictures_fill_up():
    made = walk("2 * (x * y + max(z, w))", {"x": 3, "y": -4, "z": 2, "w": -1})
    diagram, table = made.pictures()
    assert {name: value for name, _, value, _ in diagram.nodes}["x"] == "3"
    assert all(gradient == "" for *_, gradient in diagram.nodes)
    assert not table.rows
    made.advance(8)
    later, table_later = made.pictures()
    assert (later.title, table_later.title) == (diagram.title, table.title)
    nodes = {name: (label, value, gradient) for name, label, value, gradient in later.nodes}
    assert nodes["multiply2"] == ("×", "-20", "1")
    assert nodes["max1"] == ("max", "2", "2")
    assert nodes["w"][2] == "0"
    assert ("multiply1", "add1") in later.edges
    assert len(table_later.rows) == 7
    assert all(rule == difference for _, _, rule, difference in table_later.rows)


def test_a_gate_that_overflows_is_named():
    made = walk("exp(x) * y", {"x": 1000, "y": 1})
    made.advance(4)
    assert made.diverged() == "exp1 became infinite at step 1."


@pytest.mark.parametrize(
    ("inputs", "path", "sentence"),
    [
        ({"x": 1, "y": 2}, ("options", "inputs"), "has no value for z"),
        ({"x": 1, "y": 2, "z": 3, "zz": 4}, ("options", "inputs", "zz"), "zz is not in the formula; did you mean z"),
        ({"x": 1, "y": 2, "z": float("nan")}, ("options", "inputs", "z"), "finite"),
        ({"x": 1, "y": 2, "z": {"normal": 0}}, ("options", "inputs", "z", "normal"), "more than 0"),
    ],
)
def test_bad_inputs_are_named(inputs, path, sentence):
    with pytest.raises(InvalidValue, match=sentence) as caught:
        walk(inputs=inputs)
    assert caught.value.path == path


def test_nothing_can_be_changed():
    with pytest.raises(InvalidValue, match="cannot be changed"):
        walk().change("x", 1.0)
    assert walk().settings() == {}
    assert walk().weights() == {}
