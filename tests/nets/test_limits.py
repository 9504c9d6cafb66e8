"""One declaration says what a number may be: a scenario file and a change while it runs accept and refuse the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import LabError
from lab.nets.layers.dropout import Dropout
from lab.nets.layers.shift import Shift
from lab.nets.limits import Limits, limits_of
from lab.nets.optimizers import OPTIMIZERS
from lab.nets.optimizers.adam import Adam
from lab.nets.optimizers.sgd import Sgd
from lab.scenario.loading import load_text
from lab.tasks import check, task_of
from tests.session.scenarios import small

TEXT = """
title: Limits
task: classify
data: {name: spiral, points: 60}
model: [{dense: 4}, {shift: 0.5}, {dropout: 0.5}, {leaky_relu: 0.1}, {dense: classes}]
optimizer: {name: adam}
train: {batch: 10, steps: 5, measure: 5}
watch: [loss]
"""
PATHS = {
    "optimizer.rate": "optimizer.rate",
    "optimizer.beta_1": "optimizer.beta_1",
    "optimizer.epsilon": "optimizer.epsilon",
    "shift1.by": "model.1.shift",
    "dropout1.rate": "model.2.dropout",
    "leaky_relu1.slope": "model.3.leaky_relu",
}


@pytest.fixture(scope="module")
def experiment():
    loaded = small(TEXT)
    made = task_of(loaded.scenario).build(loaded.scenario, 0, None)
    made.prepare()
    return made


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("value", [-0.25, 0.0, 1e-12, 0.5, 1.0, 1.5, 2e6])
def test_the_file_and_a_change_while_it_runs_agree(experiment, name, value):
    def accepts(act) -> bool:
        try:
            act()
        except LabError:
            return False
        return True

    in_the_file = accepts(lambda: check(load_text(TEXT, small().path, {PATHS[name]: value})))
    assert accepts(lambda: experiment.change(name, value)) == in_the_file
    assert experiment.limits()[name].allow(value) == in_the_file


def test_limits_are_those_of_the_field():
    assert limits_of(Adam, "beta_1") == Limits(0, 1, high_allowed=False, steps="shares")
    assert limits_of(Adam, "rate") == Limits(0, 1e6)
    assert limits_of(Adam, "epsilon") == Limits(0, 1, low_allowed=False)
    assert limits_of(Shift, "by") == Limits(-1e6, 1e6, steps="tenths")
    assert limits_of(Sgd, "momentum") == Limits(0, 1, high_allowed=False, steps="shares")
    said = limits_of(Adam, "beta_1").refusal("optimizer.beta_1", 1.5)
    assert said == "optimizer.beta_1 cannot become 1.5: it must be at least 0 and below 1."


def test_every_number_of_an_optimizer_can_be_stepped_to_its_limits():
    for kind in OPTIMIZERS.values():
        for name, about in kind.model_fields.items():
            if not any(hasattr(each, word) for each in about.metadata for word in ("ge", "gt", "le", "lt")):
                continue
            limits = limits_of(kind, name)
            value = float(about.default or 0.0)
            for up in (True, False):
                for _ in range(200):
                    value = limits.neighbour(value, up)
                    assert limits.allow(value), (kind.name, name, value)
                assert limits.neighbour(value, up) == value


@pytest.mark.parametrize(
    ("limits", "value", "up", "expected"),
    [
        (limits_of(Sgd, "momentum"), 0.9, True, 0.95),
        (limits_of(Sgd, "momentum"), 0.999, True, 0.999),
        (limits_of(Sgd, "rate"), 0.1, True, 0.2),
        (limits_of(Sgd, "rate"), 5e5, True, 1e6),
        (limits_of(Sgd, "rate"), 1e6, True, 1e6),
        (limits_of(Sgd, "l2"), 1e-6, False, 0.0),
        (limits_of(Adam, "epsilon"), 1e-8, True, 2e-8),
        (limits_of(Dropout, "rate"), 0.9, True, 0.9),
        (limits_of(Dropout, "rate"), 0.25, False, 0.2),
        (limits_of(Shift, "by"), -0.25, False, -0.3),
        (limits_of(Shift, "by"), 0.0, True, 0.1),
    ],
)
def test_steps_end_at_the_limit(limits, value, up, expected):
    assert limits.neighbour(value, up) == pytest.approx(expected)


@given(
    st.sampled_from([limits_of(Sgd, "rate"), limits_of(Sgd, "momentum"), limits_of(Shift, "by")]), st.floats(0, 0.95)
)
def test_up_is_never_down(limits, value):
    if limits.allow(value):
        assert limits.neighbour(value, True) >= value
        assert limits.neighbour(value, False) <= value


@given(st.sampled_from([0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 100.0]))
def test_down_undoes_up_for_round_rates(value):
    limits = limits_of(Sgd, "rate")
    assert limits.neighbour(limits.neighbour(value, True), False) == pytest.approx(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nothing_becomes_infinite(value):
    assert limits_of(Shift, "by").refusal("shift1.by", value) is not None
