"""Metrics tell the truth about NaN, infinity, vanishing and overflowing numbers, and halt a diverged run."""

from __future__ import annotations

import numpy as np
import pytest

from kernels import metrics
from kernels.plan import HALT, STEP
from tests.kernels.running import Run

TARGETS = pytest.mark.parametrize("target", ["cpu", "python"])
BOTH_REALS = pytest.mark.parametrize("dtype", ["float32", "float64"])


@TARGETS
@BOTH_REALS
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n", [1, 5, 64, 1000])
def test_halts_at_any_number_that_is_not_finite(target, dtype, bad, n):
    for place in {0, n // 2, n - 1}:
        x = np.ones(n)
        x[place] = bad
        run = Run(metrics.halt_if_not_finite, {"x": x}, {"n": n}, target=target, dtype=dtype)
        assert run.program.run(10) == 1
        assert run["flag"] == 1
        assert run.memory.state[HALT] == 1
        assert run.memory.state[STEP] == 1


@TARGETS
@BOTH_REALS
def test_does_not_halt_at_the_largest_numbers(target, dtype):
    limits = np.finfo(dtype)
    x = np.array([0.0, limits.max, -limits.max, limits.tiny, 1e-30] * 9)
    run = Run(metrics.halt_if_not_finite, {"x": x}, {"n": x.size}, target=target, dtype=dtype)
    assert run.program.run(10) == 10
    assert run["flag"] == 0
    assert run.memory.state[HALT] == 0


@TARGETS
@pytest.mark.parametrize("scale", [1e-30, 1e-18, 1.0, 1e18, 1e30])
def test_norm_of_vanishing_and_exploding_gradients(target, scale):
    x = np.random.default_rng(0).standard_normal(100) * scale
    right = np.linalg.norm(x)
    run = Run(metrics.norm, {"x": x}, {"n": 100}, target=target)()
    np.testing.assert_allclose(run["y"], right, rtol=1e-5)
    run = Run(metrics.difference_norm, {"a": 3 * x, "b": 2 * x}, {"n": 100}, target=target)()
    np.testing.assert_allclose(run["y"], right, rtol=1e-5)


@TARGETS
def test_norm_of_nothing_but_zeros(target):
    assert Run(metrics.norm, {"x": 0.0}, {"n": 20}, target=target)()["y"] == 0


@TARGETS
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 10, 19])
def test_norm_shows_what_is_not_finite(target, bad, place):
    x = np.ones(20)
    x[place] = bad
    y = Run(metrics.norm, {"x": x}, {"n": 20}, target=target)()["y"]
    assert np.isnan(y) if np.isnan(bad) else np.isinf(y)


@TARGETS
def test_a_row_with_nan_is_not_correct(target):
    scores = np.array([[np.nan, 1.0, 0.0], [0.0, np.nan, 1.0], [0.0, 1.0, np.nan], [2.0, 1.0, 0.0]])
    labels = np.array([0.0, 1.0, 1.0, 0.0])
    run = Run(metrics.count_correct, {"scores": scores, "labels": labels}, {"B": 4, "C": 3}, target=target)()
    assert run["count"] == 1


@TARGETS
def test_equal_scores_count_for_the_first_class_only(target):
    for label, right in ((0, 1), (1, 0), (2, 0)):
        inputs = {"scores": np.zeros((1, 3)), "labels": label}
        assert Run(metrics.count_correct, inputs, {"B": 1, "C": 3}, target=target)()["count"] == right


@TARGETS
def test_dead_means_zero_for_every_example(target):
    y = np.array([[0.0, 0.0, -0.1, np.nan, -0.0], [0.0, 1e-3, -0.2, 0.0, 0.0]])
    run = Run(metrics.dead_units, {"y": y}, {"N": 2, "H": 5}, target=target)()
    np.testing.assert_array_equal(run["dead"], [1, 0, 0, 0, 1])
    assert run["share"] == pytest.approx(0.4)


@TARGETS
def test_histogram_counts_everything_once(target):
    x = np.array([-5.0, -1.0, -0.9, 0.0, 0.99, 1.0, 1.01, np.inf, -np.inf, np.nan])
    inputs = {"x": x, "low": -1.0, "high": 1.0}
    run = Run(metrics.histogram, inputs, {"n": x.size, "K": 4}, target=target)()
    np.testing.assert_array_equal(run["counts"], [2, 0, 1, 2])
    np.testing.assert_array_equal(run["outside"], [2, 2, 1])


@TARGETS
def test_deviation_of_numbers_far_from_zero(target):
    x = 1000 + np.random.default_rng(0).standard_normal(500)
    run = Run(metrics.mean_and_deviation, {"x": x}, {"n": 500}, target=target)()
    np.testing.assert_allclose(run["deviation"], np.float32(x).astype(float).std(), rtol=1e-3)
