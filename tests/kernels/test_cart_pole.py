"""The pole on a cart: each way in which a step can go, and gymnasium's CartPole."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.cart_pole import live_greedily, live_one_step
from tests.kernels.cart_pole_cases import LIMIT, live_case
from tests.kernels.inputs import compare, drawn
from tests.kernels.running import Run

SIZES = {"M": 5, "W": 3}


@pytest.mark.parametrize("bootstrap", [0, 1])
@pytest.mark.parametrize("age", [0, LIMIT - 1])
def test_a_step_is_remembered_and_an_episode_begins_behind_its_end(bootstrap, age):
    case = live_case(bootstrap, age)
    for seed in range(12):
        inputs = drawn(live_one_step, case, SIZES, seed)
        compare(live_one_step, case, SIZES, inputs, case.expected(inputs, SIZES), "cpu", "float64", 1e-11)


def lived(states: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """The states [steps + 1, 4] behind actions, by the compiled kernel in float64."""
    found = [np.array(states, float)]
    for action in actions:
        inputs = {
            "q": np.array([[0.0, 1.0] if action else [1.0, 0.0]]), "states": found[-1][None], "ages": np.zeros(1),
            "outcomes": np.zeros((1, 2)), "trace": np.zeros((600, 5)),
        }  # fmt: skip
        run = Run(live_greedily, inputs, {"E": 1, "T": 600}, {}, target="cpu", dtype="float64")()
        found.append(run["states"].reshape(4).copy())
        if run["ages"].reshape(-1)[0] < 0:
            break
    return np.array(found)


def test_the_dynamics_are_those_of_gymnasium_to_rounding():
    cartpole = pytest.importorskip("gymnasium.envs.classic_control.cartpole")
    world = cartpole.CartPoleEnv()
    rng = np.random.default_rng(0)
    for _ in range(5):
        world.reset(seed=int(rng.integers(1000)))
        start = rng.uniform(-0.05, 0.05, 4)
        world.state = tuple(start)
        actions, theirs, ended = rng.integers(0, 2, 200), [start], False
        for action in actions:
            _, reward, ended, _, _ = world.step(int(action))
            assert reward == 1
            theirs.append(np.array(world.state, float))
            if ended:
                break
        assert ended
        ours = lived(start, actions)
        assert ours.shape == np.shape(theirs)  # it ends in the same step
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


def test_a_push_to_each_side_gives_the_numbers_that_gymnasium_gave():
    """Written down from gymnasium 1.4.0."""
    ours = lived(np.array([0.01, -0.02, 0.03, 0.04]), np.array([1, 0]))
    right = [0.009600000000000001, 0.17467919574755525, 0.030799999999999998, -0.2430687179600081]
    left = [0.013093583914951107, -0.020868848948191993, 0.025938625640799837, 0.0591679999394166]
    np.testing.assert_allclose(ours[1:], [right, left], rtol=1e-12)
