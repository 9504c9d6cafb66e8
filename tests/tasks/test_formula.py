"""A formula on many numbers: the same numbers whichever way, and honest counts of calls, bytes and memory."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.computation_graphs.formula import METRICS

FORMULA = "num = x + sigmoid(y); den = sigmoid(x) + (x + y) ** 2; f = num / den"
INPUTS = {"x": {"low": -2, "high": 2}, "y": {"low": -2, "high": 2}}


def experiment(seed=0, **options):
    content = {
        "title": "Formula",
        "task": "formula",
        "options": {"expression": FORMULA, "inputs": INPUTS, "numbers": 100, **options},
        "train": {"steps": 10},
        "watch": list(METRICS),
    }
    scenario = Scenario.model_validate(content)
    made = task_of(scenario).build(scenario, seed, None)
    prepare(made.kernels(), real_name=made.real_name)
    made.prepare()
    return made


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("gradient", ["direct", "explicit"])
def test_result_and_gradients_are_those_of_the_formula(gradient, keep):
    made = experiment(gradient=gradient, keep=keep, precision="float64")
    made.advance(2)
    look = {name: made.layout.view(made.memory, tensor) for name, tensor in {**made._inputs}.items()}
    x, y = look["x"], look["y"]
    num, den = x + sigmoid(y), sigmoid(x) + (x + y) ** 2
    found = {name: made.layout.view(made.memory, tensor) for name, tensor in made._outputs.items()}
    np.testing.assert_allclose(found["result"], num / den, rtol=1e-12)
    by_x = 1 / den - num / den**2 * (sigmoid(x) * (1 - sigmoid(x)) + 2 * (x + y))
    by_y = sigmoid(y) * (1 - sigmoid(y)) / den - num / den**2 * 2 * (x + y)
    np.testing.assert_allclose(found["x"], by_x, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found["y"], by_y, rtol=1e-10, atol=1e-12)
    values = made.measure()
    assert values["value_error"] < 1e-14
    assert values["gradient_error"] < 1e-13
    assert values["lost"] == 0


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "square", "reciprocal", "sqrt"])
def test_explicit_rules_agree_with_the_usual_ones(function):
    inputs = {"x": {"low": 0.3, "high": 2}}
    for gradient in ("direct", "explicit"):
        made = experiment(expression=f"{function}(x)", inputs=inputs, gradient=gradient, precision="float64")
        made.advance(1)
        assert made.measure()["gradient_error"] < 1e-14


def test_counts_are_those_of_the_plan():
    made = experiment(expression="sigmoid(x)", inputs={"x": {"low": -1, "high": 1}})
    made.advance(1)
    values = made.measure()
    assert values["calls"] == 2
    assert values["operations"] == 19
    assert values["traffic"] == 4 * (2 + 3)  # x and y; y, dy and dx
    assert values["buffers"] == values["memory"] == 0
    assert values["pass_time"] > 0


def test_keeping_needs_more_memory_and_changes_no_number():
    shared, kept = experiment(gradient="explicit"), experiment(gradient="explicit", keep=True)
    for made in (shared, kept):
        made.advance(1)
    small, large = shared.measure(), kept.measure()
    assert small["buffers"] * 2 < large["buffers"]
    assert small["memory"] == small["buffers"] * 112 * 4  # 100 numbers, padded to whole cache lines
    assert small["gradient_error"] == large["gradient_error"]
    assert small["calls"] == large["calls"]


def test_errors_against_another_formula_are_seen():
    made = experiment(
        expression="1 / (1 + exp(-x))", reference="0.5 * (1 + tanh(x))", inputs={"x": {"low": -3, "high": 3}}
    )
    made.advance(1)
    assert made.measure()["value_error"] > 0.05  # it would be tanh(x / 2)


def test_gradients_that_are_lost_are_counted():
    wide = {"x": {"low": -60, "high": 60}}
    made = experiment(expression="sigmoid(x)", reference="1 / (1 + exp(-x))", inputs=wide, numbers=2048)
    made.advance(1)
    values = made.measure()
    assert values["gradient_error"] < 1e-6
    assert values["lost"] == pytest.approx((60 - 12) / 120, abs=0.05)


def test_memory_plan_shows_who_is_there_when():
    made = experiment()
    plan = made.pictures()[0]
    assert plan.values.shape == (made.measure()["calls"], made.measure()["buffers"])
    assert (plan.values[0] > 0).sum() == 1  # the first result
    assert (plan.values < 0).any()
    kept = experiment(keep=True).pictures()[0]
    alive = (kept.values != 0).sum(axis=1)
    assert (np.diff(alive) >= 0).all()


def test_going_back_keeps_the_samples():
    made = experiment()
    made.advance(3)
    state = made.state()
    made.advance(3)
    made.restore(state)
    assert made.step == 3
    assert len(made.watch.samples) == 1
    with pytest.raises(ValueError, match="another"):
        made.restore({})


@pytest.mark.parametrize(
    ("options", "path", "sentence"),
    [
        ({"inputs": {"x": INPUTS["x"]}}, ("options", "inputs"), "has no limits for y"),
        (
            {"inputs": {**INPUTS, "x": {"low": 1, "high": 1}}},
            ("options", "inputs", "x", "low"),
            "1 must be below high, which is 1",
        ),
        ({"reference": "x * z"}, ("options", "reference"), "other inputs"),
        ({"reference": "x *"}, ("options", "reference"), "not the end"),
        ({"numbers": 3}, ("options", "numbers"), "at least 16"),
    ],
)
def test_bad_options_are_named(options, path, sentence):
    with pytest.raises(InvalidValue, match=sentence) as caught:
        experiment(**options)
    assert caught.value.path == path
