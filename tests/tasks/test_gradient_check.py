"""The gradient check: it trusts what is right, finds what is wrong, and says in which layer."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph import Layout, Storage, assign, differentiate
from lab.graph import functions as f
from lab.graph.running import bind, prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.gradient_checks.gradient_check import _error
from lab.tasks.gradient_checks.planted_gradient_bugs import PLANTED_BUGS

WATCH = ["h", "error", "smallest_error", "best_h"]


def experiment(steps=10, seed=0, model=None, data=None, batch=20, **options):
    content = {
        "title": "Check",
        "task": "gradient-check",
        "data": data or {"name": "iris", "standardise": True},
        "model": model or [{"dense": 6}, "tanh", {"dense": "classes"}],
        "init": "xavier",
        "options": options,
        "train": {"steps": steps, "batch": batch},
        "watch": WATCH,
    }
    scenario = Scenario.model_validate(content)
    made = task_of(scenario).build(scenario, seed, None)
    prepare(made.kernels(), real_name=made.real_name)
    made.prepare()
    return made


def test_one_step_is_one_h_from_the_largest_to_the_smallest():
    made = experiment(steps=4, largest=0.1, smallest=1e-7)
    seen = []
    for _ in range(4):
        made.advance(1)
        seen.append(made.measure()["h"])
    np.testing.assert_allclose(seen, [1e-1, 1e-3, 1e-5, 1e-7])
    before = made.measure()
    made.advance(5)
    assert made.step == 9
    assert made.measure() == before


def test_the_finite_difference_is_that_of_the_loss():
    made = experiment(steps=1, largest=1e-5, smallest=1e-6)
    weights = made.weights()
    arrays = made.layout.shared_memory("float64")
    rows = made.network  # the network as it was built
    assert set(weights) == set(rows.parameters.members)
    inputs = made.layout.view(made.memory, next(iter(_data(made, "inputs"))))
    labels = made.layout.view(made.memory, next(iter(_data(made, "targets")))).astype(int)
    assert arrays.dtype == np.float64

    def loss(w):
        scores = np.tanh(inputs @ w["dense1.weight"] + w["dense1.bias"]) @ w["dense2.weight"] + w["dense2.bias"]
        scores = scores - scores.max(axis=1, keepdims=True)
        return -np.mean((scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))[np.arange(len(labels)), labels])

    numeric = []
    for name in ("dense1.weight", "dense1.bias"):
        for place in np.ndindex(weights[name].shape):
            ends = []
            for sign in (1, -1):
                moved = {key: value.copy() for key, value in weights.items()}
                moved[name][place] += sign * 1e-5
                ends.append(loss(moved))
            numeric.append((ends[0] - ends[1]) / 2e-5)
    np.testing.assert_allclose(made._found["dense1"], numeric, rtol=1e-5, atol=1e-9)
    made.advance(1)
    assert made.measure()["error"] < 1e-8


def _data(made, name):
    return [
        operand
        for plan in [made.layout]
        for storage, _ in plan._shared_data
        for operand in [storage.whole]
        if operand.name == name
    ]


def test_right_gradients_pass_in_float64():
    made = experiment(steps=10)
    made.advance(10)
    values = made.measure()
    assert values["smallest_error"] < 1e-9
    assert 1e-7 < values["best_h"] < 1e-3
    assert values["error"] > 100 * values["smallest_error"]  # at the smallest h


@pytest.mark.parametrize("options", [{"difference": "one-sided"}, {"precision": "float32"}])
def test_cheaper_checks_are_worse(options):
    centred, other = experiment(), experiment(**options)
    for made in (centred, other):
        made.advance(10)
    assert other.measure()["smallest_error"] > 30 * centred.measure()["smallest_error"]


@pytest.mark.parametrize(
    ("bug", "function", "wrong"),
    [
        ("tanh", f.tanh, lambda x: 1 - np.tanh(x)),
        ("sigmoid", f.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
        ("relu", f.relu, np.ones_like),
    ],
)
def test_a_mistake_is_the_one_that_it_says(bug, function, wrong):
    x = Storage("parameters").member("x", (5,))
    (dx,) = differentiate(f.sum(function(x)) * 3.0, [x], rules=PLANTED_BUGS[bug].rules)
    place = Storage("gradients").member("dx", (5,))
    layout = Layout({"run": [assign(dx, place)]})
    memory = layout.memory(layout.shared_memory("float64"), 0)
    values = np.array([-2, -0.5, 0.25, 1, 3])
    if layout.knows(x):  # a rule with this mistake may do without
        layout.view(memory, x)[:] = values
    bind(layout.plans["run"], memory).run()
    np.testing.assert_allclose(layout.view(memory, place), 3 * wrong(values), rtol=1e-12)


@pytest.mark.parametrize("bug", sorted(PLANTED_BUGS))
def test_every_mistake_is_caught(bug):
    activation = bug if bug != "loss" else "tanh"
    made = experiment(bug=bug, model=[{"dense": 6}, activation, {"dense": "classes"}])
    made.advance(10)
    values = made.measure()
    assert values["smallest_error.dense1"] > 0.01
    if bug == "loss":
        assert values["smallest_error.dense2"] == pytest.approx(1 / 3, abs=1e-6)  # twice too large
    else:
        assert values["smallest_error.dense2"] < 1e-8  # what stands above the mistake is right


def test_the_weights_are_put_back():
    made = experiment()
    before = made.weights()
    made.advance(10)
    for name, value in made.weights().items():
        np.testing.assert_array_equal(value, before[name])


def test_only_some_of_many_weights_are_checked():
    made = experiment(weights=5)
    assert {layer: len(places) for layer, places in made._places.items()} == {"dense1": 5, "dense2": 5}
    made.advance(10)
    assert made.measure()["smallest_error"] < 1e-8


@pytest.mark.parametrize(
    "data", [{"name": "diabetes", "standardise": True, "standardise_targets": True}, {"name": "attributes"}]
)
def test_other_targets(data):
    made = experiment(data=data, model=[{"dense": 4}, "tanh", {"dense": "outputs"}])
    made.advance(10)
    assert made.measure()["smallest_error"] < 1e-8


def test_going_back_goes_on_to_the_same():
    one, other = experiment(), experiment()
    one.advance(4)
    other.restore(one.state())
    for made in (one, other):
        made.advance(3)
    assert one.measure() == other.measure()
    with pytest.raises(ValueError, match="another network"):
        other.restore({})


def test_picture_is_the_error_over_h():
    made = experiment()
    assert made.pictures()[0].x.size == 0
    made.advance(6)
    (curves,) = made.pictures()
    assert curves.log_x
    assert curves.log_y
    assert (np.diff(curves.x) > 0).all()
    assert set(curves.lines) == {"dense1", "dense2"}


def test_error_is_relative_to_both():
    a = np.array([3.0, 4.0])
    assert _error(a, a) == 0
    assert _error(a, -a) == 1
    assert _error(a, 0 * a) == 1
    assert _error(a, 2 * a) == pytest.approx(1 / 3)
    assert _error(0 * a, 0 * a) == 0


@pytest.mark.parametrize(
    ("options", "path", "sentence"),
    [
        ({"bug": "tan"}, ("options", "bug"), "there is no mistake 'tan'; did you mean tanh"),
        ({"bug": "relu"}, ("options", "bug"), "there is no relu in this network"),
        ({"largest": 1e-6, "smallest": 1e-3}, ("options", "smallest"), "must be below largest"),
        ({"model": [{"dense": 7}]}, ("model", 0), "gives 7 numbers per example, but the data needs 3"),
    ],
)
def test_bad_options_are_named(options, path, sentence):
    with pytest.raises(InvalidValue, match=sentence) as caught:
        experiment(**options)
    assert caught.value.path == path
