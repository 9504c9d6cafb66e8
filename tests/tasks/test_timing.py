"""Timing of activation functions: what is measured, not how fast this machine is."""

from __future__ import annotations

import numpy as np
import pytest

from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.activation_functions.timing import METRICS


@pytest.fixture(scope="module")
def timing():
    chosen = Scenario.model_validate(
        {
            "title": "Timing",
            "task": "timing",
            "train": {"steps": 6},
            "watch": list(METRICS),
            "options": {"functions": ["sigmoid", "maxout", "dense"], "elements": 1024},
        }
    )
    made = task_of(chosen).build(chosen, 0, None)
    prepare(made.kernels())
    made.prepare()
    made.advance(5)
    return made


def test_every_function_and_relu_is_timed_forward_and_backward(timing):
    values = timing.measure()
    for name in ("relu", "sigmoid", "maxout", "dense"):
        for which in ("forward", "backward"):
            assert 0 < values[f"{which}.{name}"] < 1e5
            assert values[f"{which}_ratio.{name}"] == pytest.approx(values[f"{which}.{name}"] / values[f"{which}.relu"])
    assert values["forward_ratio"] == values["forward_ratio.sigmoid"]
    assert set(values) == set(timing.metrics)


def test_the_time_is_the_median_of_the_rounds(timing):
    samples = timing.state()["forward.sigmoid"]
    assert len(samples) == timing.step == 5
    assert timing.measure()["forward.sigmoid"] == pytest.approx(np.median(samples))


def test_backward_computes_the_gradient_without_going_forward_again(timing):
    backward = timing._programs["backward", "dense"].plan.rows
    assert [row.kernel.name for row in backward] == ["dense_parameter_gradients", "matmul_transposed_right"]
    assert [row.kernel.name for row in timing._programs["forward", "sigmoid"].plan.rows] == ["sigmoid"]


def test_bars_carry_the_measured_times(timing):
    forward, _ = timing.pictures()
    assert forward.values["relu"] == pytest.approx(timing.measure()["forward.relu"])


def test_goes_back_to_a_state(timing):
    state, values = timing.state(), timing.measure()
    timing.advance(1)
    timing.restore(state)
    assert timing.step == 5
    assert timing.measure() == values
