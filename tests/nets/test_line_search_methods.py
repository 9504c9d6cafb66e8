"""BFGS and L-BFGS: the line search and the paths against SciPy's, and in the training of a network."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from lab.errors import InvalidValue
from lab.nets.optimizers.line_search import FLATTER, SUFFICIENT, Place, strong_wolfe
from tests.tasks.test_descend import experiment, rosenbrock, rosenbrock_gradient
from tests.tasks.test_training import experiment as network

STARTS = ([-1.5, 2.0], [-0.5, 0.8], [1.3, -0.7], [3.0, -4.0, 2.0, 0.5])


def reference(start, inverse_times, learn, steps):
    """A quasi-Newton method on Rosenbrock's function as in the book, with SciPy's line search."""
    x, points = np.array(start), []
    before = rosenbrock(x) + np.linalg.norm(rosenbrock_gradient(x)) / 2
    for _ in range(steps):
        value, gradient = rosenbrock(x), rosenbrock_gradient(x)
        direction = -inverse_times(gradient)
        step = optimize.line_search(
            rosenbrock, rosenbrock_gradient, x, direction, gradient, value, before, c1=SUFFICIENT, c2=FLATTER
        )[0]
        assert step is not None
        moved = step * direction
        learn(moved, rosenbrock_gradient(x + moved) - gradient)
        x, before = x + moved, value
        points.append(x.copy())
    return np.array(points)


def bfgs(start, steps):
    n = len(start)
    state = {"h": np.eye(n)}

    def learn(s, y):
        rho, one = 1 / (s @ y), np.eye(n)
        state["h"] = (one - rho * np.outer(s, y)) @ state["h"] @ (one - rho * np.outer(y, s)) + rho * np.outer(s, s)

    return reference(start, lambda g: state["h"] @ g, learn, steps)


def lbfgs(start, steps, memory):
    pairs = []

    def inverse_times(g):
        """The matrix that the last pairs define, written out."""
        n = len(g)
        if not pairs:
            return g
        s, y = pairs[-1]
        h = np.eye(n) * (s @ y) / (y @ y)
        for s, y in pairs:
            rho, one = 1 / (s @ y), np.eye(n)
            h = (one - rho * np.outer(s, y)) @ h @ (one - rho * np.outer(y, s)) + rho * np.outer(s, s)
        return h @ g

    def learn(s, y):
        pairs.append((s, y))
        del pairs[:-memory]

    return reference(start, inverse_times, learn, steps)


def path(name, start, steps, **settings):
    function = {"rosenbrock": {"dimension": len(start)}}
    made = experiment(function, {"name": name, **settings}, start=list(start), steps=steps)
    points = []
    for _ in range(steps):
        made.advance(1)
        points.append(made.weights()["point"][0].copy())
    return np.array(points)


@pytest.mark.parametrize("start", STARTS)
def test_the_same_path_as_the_book_with_scipys_line_search(start):
    steps = 18
    np.testing.assert_allclose(path("bfgs", start, steps), bfgs(start, steps), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(path("lbfgs", start, steps, memory=3), lbfgs(start, steps, 3), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(("name", "method"), [("bfgs", "BFGS"), ("lbfgs", "L-BFGS-B")])
@pytest.mark.parametrize("start", STARTS)
def test_arrives_where_scipy_does_with_about_as_many_evaluations(name, method, start):
    theirs = optimize.minimize(rosenbrock, np.array(start), jac=rosenbrock_gradient, method=method, tol=1e-10)
    function = {"rosenbrock": {"dimension": len(start)}}
    ours = experiment(function, {"name": name}, start=list(start), steps=300, watch=["loss", "evaluations"])
    while ours.measure()["loss"] > max(theirs.fun, 1e-14):
        ours.advance(1)
        assert ours.step < 300
    np.testing.assert_allclose(ours.weights()["point"][0], theirs.x, rtol=1e-4)
    assert ours.measure()["evaluations"] <= 1.6 * theirs.nfev + 5


@pytest.mark.parametrize(("scale", "first"), [(1.0, 1.0), (0.1, 1.0), (30.0, 1.0), (1.0, 0.05)])
def test_a_step_fulfils_the_wolfe_conditions(scale, first):
    def value(t):
        return np.cos(3 * scale * t) + 0.05 * (scale * t - 2) ** 2 + 0.3 * np.sin(scale * t)

    def slope(t):
        x = scale * t
        return scale * (-3 * np.sin(3 * x) + 0.1 * (x - 2) + 0.3 * np.cos(x)) - scale * 0.5

    def height(t):
        return value(t) - 0.5 * scale * t

    start = Place(0.0, height(0.0), slope(0.0))
    if start.slope >= 0:
        pytest.skip("does not lead down")
    found = strong_wolfe(lambda t: Place(t, height(t), slope(t)), start, first)
    assert found is not None
    assert found.value <= start.value + SUFFICIENT * found.step * start.slope
    assert abs(found.slope) <= -FLATTER * start.slope


def test_a_search_that_cannot_succeed_ends():
    downhill = strong_wolfe(lambda t: Place(t, -t, -1.0), Place(0.0, 0.0, -1.0), 1.0)
    assert downhill is None
    broken = strong_wolfe(lambda t: Place(t, float("nan"), float("nan")), Place(0.0, 0.0, -1.0), 1.0)
    assert broken is None


def test_at_the_minimum_the_point_stays_and_no_work_is_done():
    made = experiment("himmelblau", {"name": "lbfgs"}, start=[3.0, 2.0], steps=20, watch=["evaluations"])
    made.advance(20)
    np.testing.assert_array_equal(made.weights()["point"][0], [3.0, 2.0])
    assert made.measure()["evaluations"] <= 3
    assert made.diverged() is None


@pytest.mark.parametrize("name", ["bfgs", "lbfgs"])
@pytest.mark.parametrize("batch", ["all", 20])
def test_a_network_is_trained_and_comes_back_from_a_saved_state(name, batch):
    changes = {"optimizer": {"name": name}, "train": {"batch": batch, "steps": 30}, "watch": ["loss", "evaluations"]}
    first = network(**changes)
    begun = first.measure()["loss"]
    first.advance(12)
    state = first.state()
    first.advance(5)
    second = network(**changes)
    second.restore(state)
    second.advance(2)
    second.advance(3)
    for key, value in first.weights().items():
        np.testing.assert_array_equal(second.weights()[key], value)
    assert second.measure() == first.measure()
    assert first.step == 17
    assert first.measure()["evaluations"] >= 17
    if batch == "all":
        assert first.measure()["loss"] < begun / 2
    with pytest.raises(ValueError, match="this state"):
        network(train=changes["train"], watch=["loss"]).restore(state)


@pytest.mark.parametrize("setting", [{"l2": 0.1}, {"clip": 1.0}, {"schedule": {"cosine": {"steps": 5}}}])
def test_what_would_mislead_the_line_search_is_refused(setting):
    with pytest.raises(InvalidValue) as caught:
        experiment(optimizer={"name": "lbfgs", **setting})
    assert caught.value.path == ("optimizer", next(iter(setting)))


def test_many_points_at_once_are_refused():
    with pytest.raises(InvalidValue, match="walkers"):
        experiment(optimizer={"name": "bfgs"}, walkers=2)


def test_weights_are_not_shortened_behind_the_back_of_a_line_search():
    with pytest.raises(InvalidValue, match="shortened weights are not those whose loss"):
        network(optimizer={"name": "lbfgs", "max_norm": 1.0}, train={"batch": "all", "steps": 5})


def test_a_rate_that_is_changed_while_it_runs_is_the_one_that_is_used():
    def made(rate):
        train = {"batch": "all", "steps": 9}
        return network(optimizer={"name": "lbfgs", "rate": rate}, train=train, watch=["loss", "rate"])

    changed, from_the_beginning = made(1.0), made(0.125)
    changed.change("optimizer.rate", 0.125)
    changed.advance(3)
    from_the_beginning.advance(3)
    for name, value in from_the_beginning.weights().items():
        np.testing.assert_array_equal(changed.weights()[name], value)
