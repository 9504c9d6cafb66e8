"""`task: density`: mixtures against scikit-learn's, histograms against NumPy's, the picture, states, errors."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from lab.tasks.generative.density import METRICS
from lab.tasks.generative.density_estimate import COLUMNS, ROWS
from tests.tasks.refusals import require_refusal
from tests.tasks.test_training import experiment, scenario

MOONS = {"name": "moons", "points": 200, "noise": 0.1, "validation": 0.3}


def content(**changes):
    return {
        "task": "density", "data": MOONS, "model": [], "train": {"steps": 60}, "watch": list(METRICS),
        "options": {"components": 5, "floor": 1e-3} | changes.pop("options", {}),
    } | changes  # fmt: skip


def density(seed=0, **changes):
    return experiment(seed, **content(**changes))


def held(made):
    return made.split.validation.numbers.reshape(made.split.validation.count, -1).astype(np.float64)


@pytest.mark.parametrize(("data", "steps"), [(MOONS, 1), (MOONS, 25), ({"name": "iris", "validation": 0.3}, 10)])
def test_a_mixture_is_that_of_scikit_learn(data, steps):
    made = density(data=data)
    begun = {name: value.astype(np.float64) for name, value in made.weights().items()}
    right = GaussianMixture(
        5, covariance_type="diag", reg_covar=1e-3, tol=0, max_iter=steps, weights_init=np.full(5, 0.2),
        means_init=begun["means"], precisions_init=1 / begun["variances"],
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it stops before it has converged, as it is asked to
        right.fit(made.points)
    np.testing.assert_allclose(np.exp(begun["log_weights"]), 0.2, rtol=1e-6)
    made.advance(steps)
    found, weights = made.measure(), made.weights()
    np.testing.assert_allclose(weights["means"], right.means_, atol=2e-3)
    np.testing.assert_allclose(np.exp(weights["log_weights"]), right.weights_, atol=2e-3)
    np.testing.assert_allclose(weights["variances"], right.covariances_, rtol=0.02, atol=1e-4)
    assert found["log_likelihood"] == pytest.approx(right.score(made.points), abs=2e-3)
    assert found["val_log_likelihood"] == pytest.approx(right.score(held(made)), abs=5e-3)
    assert found["gap"] == pytest.approx(found["log_likelihood"] - found["val_log_likelihood"], abs=1e-5)


def test_no_round_lowers_the_likelihood_of_training_examples():
    made, before = density(options={"floor": 1e-6}), -np.inf
    for _ in range(30):
        value = made.measure()["log_likelihood"]
        assert value > before - 1e-4
        before = value
        made.advance(1)


def test_a_component_without_examples_does_no_harm():
    made = density()
    means = made.weights()["means"]
    means[0] = 1e3
    made.put(made.means, means)
    made.advance(5)
    assert all(np.isfinite(value) for value in made.measure().values())


@pytest.mark.parametrize("bins", [1, 6])
def test_a_histogram_is_that_of_numpy(bins):
    made = density(options={"estimator": "histogram", "bins": bins, "pseudo_count": 0.5})
    made.advance(1)
    low, high = made.points.min(axis=0), made.points.max(axis=0)
    pad = 0.1 * (high - low)
    ranges = np.stack([low - pad, high + pad], axis=1)
    counts, *edges = np.histogram2d(*made.points.T, bins=bins, range=ranges)
    shares = (counts + 0.5) / (counts + 0.5).sum()
    area = np.prod((ranges[:, 1] - ranges[:, 0]) / bins)

    def right(points):
        places = [
            np.clip(np.searchsorted(edge, column, side="right") - 1, 0, bins - 1)
            for edge, column in zip(edges, points.T, strict=True)
        ]
        return np.log(shares[tuple(places)] / area).mean()

    found = made.measure()
    assert found["log_likelihood"] == pytest.approx(right(made.points), abs=1e-4)
    assert found["val_log_likelihood"] == pytest.approx(right(held(made)), abs=1e-4)
    made.advance(3)
    assert made.measure() == found


@pytest.mark.parametrize("options", [{}, {"estimator": "histogram"}])
def test_the_picture_is_the_density_and_its_integral_is_one(options):
    made = density(options=options)
    made.advance(20)
    (picture,) = made.pictures()
    assert picture.values.shape == (ROWS, COLUMNS)
    assert picture.values.max() == 1
    left, right, bottom, top = picture.extent
    area = (right - left) * (top - bottom) / (ROWS * COLUMNS)
    logs = made.read(made._looked.members["density"]).astype(np.float64)
    assert np.exp(logs).sum() * area == pytest.approx(1, abs=0.05)
    # Row 0 is on top.
    x, y = made.points.T
    column = np.clip(((x - left) / (right - left) * COLUMNS).astype(int), 0, COLUMNS - 1)
    row = np.clip(((top - y) / (top - bottom) * ROWS).astype(int), 0, ROWS - 1)
    assert picture.values[row, column].mean() > 2 * picture.values.mean()
    assert picture.values[row, column].mean() > 1.3 * picture.values[ROWS - 1 - row, column].mean()


@pytest.mark.parametrize("options", [{}, {"estimator": "histogram"}])
def test_same_steps_from_a_state_give_the_same_bits(options):
    made, other = density(options=options), density(options=options)
    made.advance(3)
    other.restore(made.state())
    assert made.measure() == other.measure()
    for each in (made, other):
        each.advance(3)
    assert made.measure() == other.measure()


@pytest.mark.parametrize(("changes", "path", "message"), [
    ({"model": ["relu"]}, "model", "is not used by this task"),
    ({"options": {"components": 141}}, "options.components", "there are only 140 examples"),
    ({"data": {"name": "moons"}}, "data", "held back"),
    ({"data": {"name": "iris", "validation": 0.3}, "options": {"estimator": "histogram"}}, "options.estimator",
     "these examples have 4"),
])  # fmt: skip
def test_what_cannot_work_is_said_in_a_sentence(changes, path, message):
    require_refusal(scenario(**content(**changes)), path, message)
