"""The task descend: functions and gradients against NumPy, paths against PyTorch and formulas written out."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.graph import evaluate
from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.descent.landscapes import LANDSCAPES, landscape

STEPS = 100


def experiment(function="rosenbrock", optimizer=None, seed=0, steps=STEPS, watch=("loss",), **options):
    content = {
        "title": "Walk",
        "task": "descend",
        "optimizer": optimizer or {"name": "sgd", "rate": 0.001},
        "train": {"steps": steps},
        "watch": list(watch),
        "options": {"function": function, **options},
    }
    scenario = Scenario.model_validate(content)
    made = task_of(scenario).build(scenario, seed, None)
    prepare(made.kernels(), real_name="float64")
    made.prepare()
    return made


def path(steps=STEPS, **changes):
    made = experiment(steps=steps, **changes)
    points = []
    for _ in range(steps):
        made.advance(1)
        points.append(made.weights()["point"][0].copy())
    return np.array(points)


def rosenbrock(p):
    return (100 * (p[..., 1:] - p[..., :-1] ** 2) ** 2 + (1 - p[..., :-1]) ** 2).sum(-1)


def rosenbrock_gradient(p):
    d = np.zeros_like(p)
    bend = p[1:] - p[:-1] ** 2
    d[:-1] = -400 * p[:-1] * bend - 2 * (1 - p[:-1])
    d[1:] += 200 * bend
    return d


def waves(p, seed=0):
    from lab.nets.initialisers import generator

    random = generator(seed, "waves")
    directions = random.standard_normal((3, 100))
    return np.sin(p @ directions + random.uniform(0, 2 * np.pi, 100)).sum(-1) * np.sqrt(0.02)


def location(p):
    from lab.nets.initialisers import generator

    examples = generator(0, "examples").standard_normal(10)
    return 1 - np.exp(-((p - examples) ** 2) / (2 * 0.15**2)).mean(-1)


def basins(p):
    """Hollows at -1 and 1 on the first axis, and at 0 on all others."""
    hollows = [
        np.exp(-((p - at * np.eye(p.shape[-1])[0]) ** 2).sum(-1) / (2 * width**2))
        for at, width in ((-1, 0.1), (1, 0.8))
    ]
    return 0.05 * (p**2).sum(-1) - hollows[0] - hollows[1] + 1


FUNCTIONS = {
    "rosenbrock": ({"dimension": 4}, rosenbrock),
    "beale": (
        {},
        lambda p: sum((c - p[..., 0] + p[..., 0] * p[..., 1] ** k) ** 2 for k, c in enumerate((1.5, 2.25, 2.625), 1)),
    ),
    "himmelblau": (
        {},
        lambda p: (p[..., 0] ** 2 + p[..., 1] - 11) ** 2 + (p[..., 0] + p[..., 1] ** 2 - 7) ** 2,
    ),
    "saddle": (
        {"dimension": 3, "negative": 2, "floor": 0.5},
        lambda p: p[..., 0] ** 2 - (p[..., 1:] ** 2).sum(-1) + 0.5 * (p[..., 1:] ** 4).sum(-1),
    ),
    "quadratic": ({"matrix": [[2.0, 1.0], [1.0, 3.0]]}, lambda p: p[..., 0] ** 2 + p.prod(-1) + 1.5 * p[..., 1] ** 2),
    "basins": ({}, basins),
    "location": ({}, location),
    "waves": ({"dimension": 3}, waves),
}


def test_every_function_is_tested_here():
    assert set(FUNCTIONS) == set(LANDSCAPES)


@pytest.mark.parametrize("name", [*FUNCTIONS, "basins in space"])
def test_functions_and_their_gradients(name):
    settings, formula = FUNCTIONS.get(name, ({"dimension": 3}, basins))
    made = landscape({name.split()[0]: settings}, ())
    points = np.random.default_rng(1).uniform(-1.5, 1.5, (5, made.size))
    values, (gradient,) = evaluate(lambda p: made.values(p, 0), points, gradients=True, dtype="float64")
    np.testing.assert_allclose(values, formula(points), rtol=1e-9, atol=1e-12)
    for axis in range(made.size):
        moved = np.eye(made.size)[axis] * 1e-6
        difference = (formula(points + moved) - formula(points - moved)) / 2e-6
        np.testing.assert_allclose(gradient[:, axis], difference, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in LANDSCAPES if name not in ("basins", "location")])
def test_the_gradient_vanishes_at_the_minima(name):
    made = landscape(name, ())
    if len(minima := made.minima()):
        _, (gradient,) = evaluate(lambda p: made.values(p, 0), minima, gradients=True, dtype="float64")
        np.testing.assert_allclose(gradient, 0, atol=1e-9)


def test_a_saddle_has_a_minimum_where_nothing_goes_down_and_two_where_a_floor_stops_the_only_way_down():
    def minima(**settings):
        return landscape({"saddle": {"dimension": 3, **settings}}, ()).minima().tolist()

    assert minima(negative=0) == [[0, 0, 0]]
    assert minima(negative=1) == minima(negative=2, floor=0.5) == []
    assert minima(negative=1, floor=0.5) == [[0, 0, -1], [0, 0, 1]]


def test_the_condition_number_is_as_asked_for_however_it_is_turned():
    for rotation in (0, 30, "random"):
        made = landscape({"quadratic": {"condition": 50, "dimension": 5, "rotation": rotation}}, ())
        eigenvalues = np.linalg.eigvalsh(made.hessian(3))
        assert eigenvalues[-1] == pytest.approx(1)
        assert eigenvalues[0] == pytest.approx(1 / 50)


START = [-0.5, 0.8]
TORCH = {
    "sgd": ({"name": "sgd", "rate": 1e-3}, lambda t, p: t.optim.SGD(p, lr=1e-3)),
    "momentum": (
        {"name": "sgd", "rate": 5e-4, "momentum": 0.9},
        lambda t, p: t.optim.SGD(p, lr=5e-4, momentum=0.9),
    ),
    "nesterov": (
        {"name": "sgd", "rate": 5e-4, "momentum": 0.9, "nesterov": True},
        lambda t, p: t.optim.SGD(p, lr=5e-4, momentum=0.9, nesterov=True),
    ),
    "adagrad": (
        {"name": "adagrad", "rate": 0.1, "epsilon": 1e-10},
        lambda t, p: t.optim.Adagrad(p, lr=0.1, eps=1e-10),
    ),
    "rmsprop": (
        {"name": "rmsprop", "rate": 0.01, "decay": 0.95, "epsilon": 1e-8},
        lambda t, p: t.optim.RMSprop(p, lr=0.01, alpha=0.95, eps=1e-8),
    ),
    "adam": ({"name": "adam", "rate": 0.01}, lambda t, p: t.optim.Adam(p, lr=0.01, eps=1e-8)),
}


@pytest.mark.parametrize("name", TORCH)
def test_the_same_path_as_pytorch_on_rosenbrock(name):
    torch = pytest.importorskip("torch")
    optimizer, make = TORCH[name]
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    other, points = make(torch, [w]), []
    for _ in range(STEPS):
        other.zero_grad()
        (100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2).backward()
        other.step()
        points.append(w.detach().numpy().copy())
    np.testing.assert_allclose(path(optimizer=optimizer, start=START), points, rtol=1e-5)


def test_nesterovs_two_forms_walk_the_same_way():
    rate, momentum = 5e-4, 0.9
    common = {"name": "sgd", "rate": rate, "momentum": momentum}
    ahead = path(optimizer={**common, "nesterov": "look_ahead"}, start=START)
    changed = path(optimizer={**common, "nesterov": "change_of_variables"}, start=START)
    # Nesterov as he wrote it, in NumPy.
    w, v, points, aheads = np.array(START), np.zeros(2), [], []
    for _ in range(STEPS):
        v = momentum * v - rate * rosenbrock_gradient(w + momentum * v)
        w = w + v
        points.append(w.copy())
        aheads.append(w + momentum * v)
    np.testing.assert_allclose(ahead, points, rtol=1e-9)
    np.testing.assert_allclose(changed, aheads, rtol=1e-9)


def test_adam_with_one_plus_beta_is_adam_with_a_rate_19_times_as_large():
    wrong = path(optimizer={"name": "adam", "rate": 1e-3, "errata": "one_plus_beta"}, start=START)
    right = path(optimizer={"name": "adam", "rate": 19e-3}, start=START)
    np.testing.assert_allclose(wrong, right, rtol=1e-9)


def test_adam_that_counts_from_zero_diverges_at_once_and_says_where():
    made = experiment(optimizer={"name": "adam", "rate": 1e-3, "errata": "step_from_zero"}, start=START)
    made.advance(5)
    assert made.step == 2
    assert "became NaN" in made.diverged()


def test_a_point_that_runs_away_is_measured_without_a_warning():
    watched = ["loss", "distance", "grad_norm", "update_size", "step_gradient", "effective_step"]
    made = experiment(optimizer={"name": "sgd", "rate": 3e-3}, start=[-1.5, 2.0], watch=watched)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(20):
            made.advance(1)
            measured = made.measure()
    assert made.step < 20
    assert "became infinite" in made.diverged()
    assert measured["distance"] > 1e100


SCHEDULES = {
    "exponential": ({"exponential": {"decay": 0.05}}, lambda t: np.exp(-0.05 * t)),
    "inverse": ({"inverse": {"decay": 0.1}}, lambda t: 1 / (1 + 0.1 * t)),
    "step": ({"step": {"every": 7, "factor": 0.5}}, lambda t: 0.5 ** (t // 7)),
    "cosine": ({"cosine": {"steps": 20, "low": 0.1}}, lambda t: 0.1 + 0.45 * (1 + np.cos(np.pi * min(t / 20, 1)))),
    "restarts": ({"cyclic": {"period": 8}}, lambda t: 0.5 * (1 + np.cos(np.pi * (t % 8) / 8))),
    "triangle": ({"cyclic": {"period": 8, "shape": "triangle"}}, lambda t: 1 - abs(1 - 2 * (t % 8) / 8)),
    "warm_up": ({"warm_up": {"steps": 10}}, lambda t: min((t + 1) / 10, 1)),
    "constant": ("constant", lambda t: 1.0),
    "chained": (
        [{"warm_up": {"steps": 5}}, {"constant": {"steps": 5}}, {"exponential": {"decay": 0.1}}],
        lambda t: min((t + 1) / 5, 1) * np.exp(-0.1 * max(t - 10, 0)),
    ),
    # What does not begin at the full rate does not hold back those before it.
    "up behind": (
        [{"step": {"every": 4, "steps": 9}}, {"warm_up": {"steps": 5}}],
        lambda t: 0.5 ** (min(t, 9) // 4) * (min((t - 8) / 5, 1) if t >= 9 else 1),
    ),
    "triangle behind": (
        [{"warm_up": {"steps": 5}}, {"cyclic": {"period": 8, "shape": "triangle"}}],
        lambda t: (t + 1) / 5 if t < 5 else 1 - abs(1 - 2 * ((t - 5) % 8) / 8),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_follow_their_formulas_whatever_the_chunks(name):
    schedule, factor = SCHEDULES[name]
    optimizer = {"name": "sgd", "rate": 1e-3, "schedule": schedule}
    single = experiment(optimizer=optimizer, steps=30, watch=["rate"], start=START)
    for t in range(30):
        single.advance(1)
        assert single.measure()["rate"] == pytest.approx(1e-3 * factor(t), rel=1e-12)
    chunks = experiment(optimizer=optimizer, steps=30, watch=["rate"], start=START)
    chunks.advance(17)
    chunks.measure()
    chunks.advance(13)
    np.testing.assert_array_equal(single.weights()["point"], chunks.weights()["point"])


def test_the_rate_under_a_schedule_can_be_changed_while_it_runs():
    optimizer = {"name": "sgd", "rate": 1e-3, "schedule": {"step": {"every": 10}}}
    made = experiment(optimizer=optimizer, watch=["rate"], start=START)
    made.advance(15)
    made.change("optimizer.rate", 4e-3)
    made.advance(1)
    assert made.measure()["rate"] == pytest.approx(2e-3)


def test_points_walk_each_for_itself():
    together = experiment("himmelblau", {"name": "adam", "rate": 0.05}, walkers=3, start={"uniform": [-4, 4]})
    starts = together.weights()["point"].copy()
    together.advance(50)
    for number, start in enumerate(starts):
        alone = experiment("himmelblau", {"name": "adam", "rate": 0.05}, start=start.tolist())
        alone.advance(50)
        np.testing.assert_allclose(together.weights()["point"][number], alone.weights()["point"][0], rtol=1e-12)


def test_what_is_measured_of_a_step():
    watch = ("loss", "distance", "x", "y", "grad_norm", "update_size", "effective_step", "rate", "evaluations")
    made = experiment("rosenbrock", {"name": "sgd", "rate": 1e-3}, watch=watch, start=START)
    made.advance(6)
    before = made.weights()["point"][0].copy()
    made.advance(1)
    after, values = made.weights()["point"][0], made.measure()
    moved = np.linalg.norm(after - before)
    expected = {
        "loss": rosenbrock(after),
        "distance": np.linalg.norm(after - 1),
        "x": after[0],
        "y": after[1],
        "grad_norm": np.linalg.norm(rosenbrock_gradient(after)),
        "update_size": moved,
        "effective_step": 1e-3,
        "effective_step.x": 1e-3,
        "effective_step.y": 1e-3,
        "rate": 1e-3,
        "evaluations": 7,
    }
    assert set(values) == set(expected)
    for name, value in expected.items():
        assert values[name] == pytest.approx(value, rel=1e-9), name


def test_noise_and_paths_come_back_from_a_saved_state():
    first = experiment(noise=5.0, start=START)
    first.advance(40)
    state = first.state()
    first.advance(20)
    second = experiment(noise=5.0, start=START)
    second.restore(state)
    second.advance(20)
    np.testing.assert_array_equal(first.weights()["point"], second.weights()["point"])
    for one, other in zip(first.pictures(), second.pictures(), strict=True):
        np.testing.assert_array_equal(one.paths["path"], other.paths["path"])
    assert len(first.pictures()[0].paths["path"]) == 61


def test_curvature_at_critical_points():
    watch = ("critical", "minima_share", "curving_down")
    top = experiment({"saddle": {"dimension": 5, "negative": 2}}, start=[0.0] * 5, watch=watch)
    assert top.measure() == {"critical": 1.0, "minima_share": 0.0, "curving_down": pytest.approx(0.4)}
    bowl = experiment({"quadratic": {"dimension": 3}}, start=[0.0] * 3, watch=watch)
    assert bowl.measure() == {"critical": 1.0, "minima_share": 1.0, "curving_down": 0.0}
    slope = experiment("rosenbrock", start=[0.0, 1.0], watch=watch)
    nowhere = slope.measure()
    assert nowhere["critical"] == 0
    assert np.isnan([nowhere["minima_share"], nowhere["curving_down"]]).all()


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"function": "rosenbrok"}, ("options", "function"), "rosenbrock"),
        ({"function": {"saddle": {"dimension": 2, "negative": 3}}}, ("options", "function", "saddle"), "3 directions"),
        ({"function": {"quadratic": {"matrix": [[1, 2], [0, 1]]}}}, ("options", "function", "quadratic"), "symmetric"),
        ({"function": {"quadratic": {"matrix": [[1, 0], [0, 2e12]]}}}, ("options", "function", "quadratic"), "beyond"),
        ({"start": [1.0, 2.0, 3.0]}, ("options", "start"), "3 numbers"),
        ({"start": {"normal": 1, "uniform": [0, 1]}}, ("options", "start"), "either"),
        ({"optimizer": {"name": "sgd", "schedule": {"cosin": {"steps": 3}}}}, ("optimizer", "schedule"), "cosine"),
        ({"optimizer": {"name": "sgd", "schedule": {"cosine": {}}}}, ("optimizer", "schedule", "cosine"), "steps"),
        (
            {"optimizer": {"name": "sgd", "schedule": [{"exponential": {"decay": 1}}, "constant"]}},
            ("optimizer", "schedule", 0),
            "steps",
        ),
        ({"optimizer": {"name": "sgd", "clip": 1.0}, "walkers": 2}, ("optimizer", "clip"), "walkers"),
        ({"optimizer": {"name": "newton"}, "function": {"rosenbrock": {"dimension": 900}}}, ("optimizer",), "newton"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(changes, place, words):
    with pytest.raises(InvalidValue) as caught:
        experiment(**changes)
    assert caught.value.path[: len(place)] == place
    assert words in str(caught.value)


def test_metrics_that_make_no_sense_for_a_function_are_left_out():
    assert experiment(watch=["loss", "in_wide", "minima"]).metrics == ("loss",)
    assert experiment("basins", start=[0.3], watch=["in_wide", "minima"]).measure() == {"in_wide": 1.0, "minima": 2.0}


def test_newton_is_at_the_minimum_of_a_quadratic_after_one_step():
    function = {"quadratic": {"condition": 1e6, "dimension": 20, "rotation": "random"}}
    made = experiment(function, {"name": "newton"}, watch=["distance", "grad_norm"])
    made.advance(1)
    assert made.measure()["distance"] < 1e-8


def test_newtons_steps_are_those_of_the_exact_hessian():
    made = experiment(optimizer={"name": "newton"}, start=START)
    w = np.array(START)
    for _ in range(6):
        hessian = np.array([[1200 * w[0] ** 2 - 400 * w[1] + 2, -400 * w[0]], [-400 * w[0], 200.0]])
        w = w - np.linalg.solve(hessian, rosenbrock_gradient(w))
        made.advance(1)
        np.testing.assert_allclose(made.weights()["point"][0], w, rtol=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_newton_ends_where_the_gradient_is_zero_and_each_point_walks_alone(name):
    settings, _ = FUNCTIONS[name]
    if name in ("basins", "location"):
        return  # almost flat between the hollows: Newton's steps lead away
    together = experiment({name: settings}, {"name": "newton", "damping": 1e-3}, walkers=4, watch=["grad_norm"])
    starts = together.weights()["point"].copy()
    together.advance(3)
    for number, start in enumerate(starts):
        alone = experiment({name: settings}, {"name": "newton", "damping": 1e-3}, start=start.tolist())
        alone.advance(3)
        np.testing.assert_allclose(together.weights()["point"][number], alone.weights()["point"][0], rtol=1e-6)


def test_a_path_that_jumps_from_wall_to_wall_is_kept_as_it_jumps():
    """In the steep direction of a long valley the best rate jumps across at every step, with a period of two."""
    valley = {"quadratic": {"condition": 1000}}
    made = experiment(valley, {"name": "sgd", "rate": 1.998}, steps=6000, start=[1.0, 0.5])
    walked = [made.weights()["point"][0].copy()]
    for _ in range(3000):
        made.advance(1)
        walked.append(made.weights()["point"][0].copy())
    walked = np.array(walked)
    steep = int(np.abs(np.diff(walked, axis=0)).sum(axis=0).argmax())
    (field,) = made.pictures()
    way = field.paths["path"]
    np.testing.assert_allclose(way[:501], walked[:501], rtol=1e-6)
    np.testing.assert_allclose(way[-1], walked[-1], rtol=1e-6)
    late = way[501:-1, steep]
    for place, step in ((10, 550), (-10, 2950)):  # both walls are reached wherever one looks
        assert late[place : place + 4 if place > 0 else -6].max() > 0.5 * np.abs(walked[step:, steep]).max()
        assert late[place : place + 4 if place > 0 else -6].min() < -0.5 * np.abs(walked[step:, steep]).max()
    assert len(way) <= 1002
