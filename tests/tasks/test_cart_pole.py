"""`task: cart-pole`: what is learned from, tests, pictures, and going on from a state to the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import InvalidValue
from lab.tasks import task_of
from lab.tasks.control.balancing import BATCH_STREAM, LIFE_STREAM, TEST_STREAM
from lab.tasks.control.balancing_shown import drawn, episode, how
from lab.tasks.control.cart_pole import METRICS
from tests.kernels.cart_pole_cases import ended, pushed, start
from tests.kernels.regularisation_cases import philox
from tests.tasks.test_training import experiment, scenario

MODEL = [{"dense": 8}, "relu", {"dense": "outputs"}]


def settings_of(steps=50, model=MODEL, batch=8, **options):
    return {
        "task": "cart-pole", "data": None, "model": model, "init": "he", "watch": list(METRICS), "options": options,
        "optimizer": {"name": "adam", "rate": 0.01}, "train": {"steps": steps, "batch": batch},
    }  # fmt: skip


def run(steps=50, seed=0, **options):
    made = experiment(seed, **settings_of(steps, **options))
    made.advance(steps)
    return made


def output(weights, states):
    hidden = np.maximum(states @ weights["dense1.weight"] + weights["dense1.bias"], 0)
    return hidden @ weights["dense2.weight"] + weights["dense2.bias"]


@pytest.mark.parametrize("limit_is", ["truncation", "termination"])
def test_what_is_remembered_is_a_life_that_can_be_lived_again(limit_is):
    made = run(300, time_limit=15, time_limit_is=limit_is, epsilon=1.0)
    state, age, episodes, cut = start(0, LIFE_STREAM + 1), 0, 0, 0
    for row in made.read(made.remembered)[:300]:
        np.testing.assert_allclose(row[:4], state, atol=1e-12)
        after, age = pushed(state, int(row[4])), age + 1
        np.testing.assert_allclose(row[6:10], after, atol=1e-12)
        assert row[5] == 1
        over = ended(after) or age == 15
        cut += over and not ended(after)
        assert row[10] == (not ended(after) and (not over or limit_is == "truncation"))
        state = after
        if over:
            episodes += 1
            state, age = start(episodes, LIFE_STREAM + 1), 0
    assert cut > 0
    assert episodes > cut
    assert made.measure()["episodes"] == episodes
    np.testing.assert_allclose(made.read(made.life)[0], state, atol=1e-12)


def test_one_step_is_one_of_q_learning_on_what_was_drawn():
    """With plain gradient descent, done once more by hand."""
    options = {"gamma": 0.9, "loss": "squared", "target_every": 5, "memory": 4}
    content = settings_of(7, **options) | {"optimizer": {"name": "sgd", "rate": 0.01}}
    made = experiment(0, **content)
    made.advance(5)
    old = made.weights()
    made.advance(1)  # of which the target network is what the network was before
    new, memory = made.weights(), made.read(made.remembered)
    words = philox(np.arange(8), 6, BATCH_STREAM)[0]
    rows = memory[((words * np.uint64(4)) >> np.uint64(32)).astype(int)]
    target = rows[:, 5] + 0.9 * rows[:, 10] * output(old, rows[:, 6:10]).max(1)
    q = output(old, rows[:, :4])
    actions = rows[:, 4].astype(int)
    wrong = 2 * (q[np.arange(8), actions] - target) / 8
    d_bias = np.array([wrong[actions == 0].sum(), wrong[actions == 1].sum()])
    np.testing.assert_allclose(new["dense2.bias"], old["dense2.bias"] - 0.01 * d_bias, atol=1e-12)
    hidden = np.maximum(rows[:, :4] @ old["dense1.weight"] + old["dense1.bias"], 0)
    d_weight = np.stack([(hidden * (wrong * (actions == a))[:, None]).sum(0) for a in (0, 1)], axis=1)
    np.testing.assert_allclose(new["dense2.weight"], old["dense2.weight"] - 0.01 * d_weight, atol=1e-12)


def test_the_target_network_stays_behind_for_as_long_as_it_should():
    made = run(4, target_every=5)
    target = made.numbers(made._target.kept)
    first = made.network.first_values()
    np.testing.assert_array_equal(target["target.dense1.weight"], first["dense1.weight"])
    assert not np.array_equal(made.weights()["dense1.weight"], first["dense1.weight"])
    made.advance(1)
    behind = made.weights()["dense1.weight"]
    made.advance(1)
    np.testing.assert_array_equal(made.numbers(made._target.kept)["target.dense1.weight"], behind)


def lived_test(weights, limit):
    """Steps and ends of the test episodes, and the states of the first one, in NumPy."""
    lengths, ends, states = [], [], []
    for number in range(100):
        state, age, over = start(number, TEST_STREAM), 0, False
        while not over:
            if number == 0:
                states.append(state)
            q = output(weights, state)
            state, age = pushed(state, int(q[1] > q[0])), age + 1
            over = ended(state) or age == limit
        lengths.append(age)
        ends.append(ended(state))
    return np.array(lengths), np.array(ends), np.array([*states, state])


def test_a_test_is_a_hundred_episodes_without_exploring():
    made = run(300, time_limit=60, gamma=0.9)
    found, weights = made.measure(), made.weights()
    lengths, ends, states = lived_test(weights, 60)
    assert found["test_return"] == pytest.approx(lengths.mean())
    assert found["terminated"] == pytest.approx(ends.mean())
    assert found["discounted_return"] == pytest.approx(np.mean((1 - 0.9**lengths) / 0.1))
    starts = np.array([start(number, TEST_STREAM) for number in range(100)])
    assert found["value"] == pytest.approx(output(weights, starts).max(1).mean())
    assert found["overestimation"] == pytest.approx(found["value"] - found["discounted_return"])
    assert found["solved"] == 0
    table, curves = made.pictures()
    assert table.rows[-1][0] == str(lengths[0])
    assert table.rows[0][1] == how(states[-1], bool(ends[0]))
    assert table.rows[1][1] == drawn(states[0, 0], states[0, 2])
    assert table.rows[-1][1] == drawn(states[-1, 0], states[-1, 2])
    np.testing.assert_allclose(curves.lines["highest Q"], output(weights, states[:-1]).max(1), rtol=1e-5)
    np.testing.assert_allclose(curves.lines["rewards that followed"][-2:], [1.9, 1.0] if lengths[0] > 1 else [1.0])


def test_a_pole_is_drawn_where_it_is_and_as_it_leans():
    assert drawn(0.0, 0.0) == "·" * 11 + "▄│▄" + "·" * 11
    assert drawn(-2.4, 0.1).startswith("╱▄··")
    assert drawn(2.4, -0.1).endswith("··▄╲")
    assert len(drawn(2.45, 0.0)) == 25
    fallen, off, fine = np.array([[0, 0, 0.3, 0, 0], [2.5, 0, 0.1, 0, 0], [0, 0, 0.1, 0, 0]])
    assert how(fallen, True) == "terminated: pole fell"
    assert how(off, True) == "terminated: off track"
    assert how(fine, False) == "truncated: time limit"
    rows = episode(np.zeros((201, 5)), False).rows
    assert [row[0] for row in rows][:3] == ["end", "0", "18"]
    assert (len(rows), rows[-1][0]) == (13, "200")


def test_measuring_changes_nothing():
    one, other = run(40), run(20)
    other.measure()
    other.pictures()
    other.advance(20)
    for name, value in one.weights().items():
        np.testing.assert_array_equal(value, other.weights()[name])


def test_a_state_goes_on_to_the_same_bits_and_seeds_differ():
    one, other, fresh = run(50), run(30), run(1)
    fresh.restore(other.state())
    fresh.advance(20)
    for name, value in one.state().items():
        if name != "arena":
            np.testing.assert_array_equal(value, fresh.state()[name])
    for name in ("remembered", "record", "life", "ages", "episodes"):
        np.testing.assert_array_equal(one.read(getattr(one, name)), fresh.read(getattr(fresh, name)))
    for name, value in one.weights().items():
        np.testing.assert_array_equal(value, fresh.weights()[name])
    assert one.measure() == fresh.measure()
    assert not np.array_equal(one.read(one.remembered), _remembered(run(50, seed=1)))


def _remembered(made):
    return made.read(made.remembered)


def test_discount_and_exploration_can_be_changed_while_it_runs():
    made = run(10)
    assert {"options.gamma", "options.epsilon", "optimizer.rate"} <= set(made.settings())
    made.change("options.gamma", 0.5)
    assert made.discounted(np.array([2.0])) == pytest.approx([1.5])


BAD = [
    ({"data": {"name": "spiral"}}, "is not used by this task"),
    ({"model": [{"dense": 3}]}, "gives 3 numbers, but there are 2 actions"),
    ({"model": []}, "lists no layers"),
    ({"model": [{"dense": 4}, "batch_norm", {"dense": "outputs"}]}, "keep running means"),
    ({"optimizer": {"name": "lbfgs"}}, "searches along a line"),
    ({"train": {"batch": "all"}}, "must be a number here"),
    ({"options": {"memory": 0}}, "at least 1"),
    ({"options": {"loss": "l1"}}, "allowed"),
    ({"options": {"time_limit_is": "death"}}, "allowed"),
]


@pytest.mark.parametrize(("changes", "message"), BAD, ids=[message for _, message in BAD])
def test_what_cannot_work_is_said_in_a_sentence(changes, message):
    chosen = scenario(**(settings_of() | changes))
    with pytest.raises(InvalidValue, match=message) as caught:
        task_of(chosen).check(chosen, None)
    assert "\n" not in caught.value.message
