"""`task: off-policy`: its updates against ones written in NumPy, how often it moves where, growth, pictures, errors."""

from __future__ import annotations

import numpy as np
import pytest

from lab.tasks.worlds.off_policy import METRICS
from tests.tasks.refusals import require_refusal
from tests.tasks.states import require_same_after_restoring
from tests.tasks.test_training import experiment, scenario

GAMMA, RATE, SECOND, ACTS = 0.9, 0.03, 0.2, 1 / 7


def content(steps=50, **options):
    return {
        "task": "off-policy", "data": None, "model": [], "init": None, "watch": list(METRICS), "options": options,
        "train": {"steps": steps},
    }  # fmt: skip


def star(steps=50, seed=0, **options):
    return experiment(seed, **content(steps, **options))


def features(state):
    x = np.zeros(8)
    if state < 6:
        x[state], x[7] = 2, 1
    else:
        x[6], x[7] = 1, 2
    return x


@pytest.mark.parametrize("method", ["semi-gradient", "residual-gradient", "gradient-td"])
@pytest.mark.parametrize("solid", [1.0, 0.4])
def test_steps_are_those_written_in_numpy(method, solid):
    made = star(method=method, target_solid=solid, gamma=GAMMA, rate=RATE, second_rate=SECOND)
    w, second = np.array([1.0, 1, 1, 1, 1, 1, 10, 1]), np.zeros(8)
    np.testing.assert_array_equal(made.read(made.w).ravel(), w)
    for _ in range(40):
        state = int(made.read(made.state_now)[0])
        made.advance(1)
        behind = int(made.read(made.state_now)[0])
        ratio = solid / ACTS if behind == 6 else (1 - solid) / (1 - ACTS)
        x, after = features(state), features(behind)
        error, guess = GAMMA * w @ after - w @ x, second @ x
        if method == "semi-gradient":
            w = w + RATE * ratio * error * x
        elif method == "residual-gradient":
            w = w + RATE * ratio * error * (x - GAMMA * after)
        else:
            w = w + RATE * ratio * (error * x - GAMMA * guess * after)
            second = second + SECOND * (ratio * error - guess) * x
        np.testing.assert_allclose(made.read(made.w).ravel(), w, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("solid", [1.0, 0.25])
def test_expected_steps_are_the_mean_over_states_and_moves(solid):
    made = star(method="expected", target_solid=solid, gamma=GAMMA, rate=RATE)
    table, w = np.array([features(state) for state in range(7)]), np.array([1.0, 1, 1, 1, 1, 1, 10, 1])
    chances = np.array([(1 - solid) / 6] * 6 + [solid])
    for _ in range(10):
        errors = GAMMA * chances @ table @ w - table @ w
        w = w + RATE / 7 * table.T @ errors
        made.advance(1)
        np.testing.assert_allclose(made.read(made.w).ravel(), w, rtol=1e-10)


def test_moves_are_those_of_the_policy_that_acts():
    made = star(steps=3000, behaviour_solid=0.3, rate=0.0)
    counts = np.zeros(7)
    for _ in range(3000):
        made.advance(1)
        counts[int(made.read(made.state_now)[0])] += 1
    shares = counts / 3000
    assert shares[6] == pytest.approx(0.3, abs=0.03)
    np.testing.assert_allclose(shares[:6], 0.7 / 6, atol=0.025)


def test_metrics_are_those_of_the_weights():
    made = star(target_solid=0.4, gamma=GAMMA)
    made.advance(30)
    w = made.read(made.w).ravel()
    values = np.array([w @ features(state) for state in range(7)])
    behind = 0.4 * values[6] + 0.6 * values[:6].mean()
    found = made.measure()
    assert found["value_error"] == pytest.approx(np.sqrt((values**2).mean()))
    assert found["bellman_error"] == pytest.approx(np.sqrt(((GAMMA * behind - values) ** 2).mean()))
    assert found["largest_weight"] == np.abs(w).max()


def test_of_the_matrix_of_the_expected_step_the_largest_eigenvalue_says_what_grows():
    """Off policy it is above 1, and by it the weights grow; on policy it is not."""
    table = np.array([features(state) for state in range(7)])
    for solid, grows in ((1.0, True), (1 / 7, False)):
        chances = np.array([(1 - solid) / 6] * 6 + [solid])
        step = np.eye(8) + 0.01 / 7 * table.T @ (0.99 * np.tile(chances @ table, (7, 1)) - table)
        largest = np.abs(np.linalg.eigvals(step)).max()
        made = star(method="expected", target_solid=solid, steps=4000)
        made.advance(2000)
        before = made.measure()["largest_weight"]
        made.advance(2000)
        growth = made.measure()["largest_weight"] / before
        assert (largest > 1 + 1e-9) == grows
        if grows:
            assert growth == pytest.approx(largest**2000, rel=0.2)
        else:
            assert growth < 1.01


def test_numbers_without_end_stop_it_with_a_sentence():
    made = star(steps=5000, rate=1.0)
    made.advance(5000)
    assert made.step < 5000
    assert "step" in made.diverged()


def test_the_policy_that_is_learned_about_can_be_changed_while_it_runs():
    made, other = star(target_solid=1.0), star(target_solid=0.2)
    made.change("options.target_solid", 0.2)
    for each in (made, other):
        each.advance(20)
    assert made.measure() == other.measure()


def test_the_state_brings_everything_back():
    require_same_after_restoring(star())


def test_pictures_show_values_and_weights():
    made = star(method="expected")
    made.advance(7)
    shown, weights = made.pictures()
    w = made.read(made.w).ravel()
    assert list(weights.values.values()) == w.tolist()
    assert [node[1] for node in shown.nodes] == ["2 w1 + w8", "2 w2 + w8", "2 w3 + w8", "2 w4 + w8", "2 w5 + w8",
                                                 "2 w6 + w8", "w7 + 2 w8"]  # fmt: skip
    for number, node in enumerate(shown.nodes):
        assert float(node[2]) == pytest.approx(w @ features(number), rel=1e-3)
    assert shown.edges == tuple((f"state {number}", "state 7") for number in range(1, 7))


@pytest.mark.parametrize(("changes", "path", "message"), [
    ({"data": {"name": "spiral"}}, "data", "not used by this task"),
    ({"model": ["relu"]}, "model", "not used by this task"),
    ({"options": {"behaviour_solid": 0}}, "options.behaviour_solid", "0"),
])  # fmt: skip
def test_what_cannot_work_is_said_in_a_sentence(changes, path, message):
    require_refusal(scenario(**{**content(), **changes}), path, message)
