"""`task: gridworld`: values against published ones, ones by hand, linear systems, all policies and gymnasium."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import InvalidValue
from lab.tasks import task_of
from lab.tasks.worlds.exact import Model, greedy
from lab.tasks.worlds.gridworld import Cell, Gridworld
from lab.tasks.worlds.gridworld_task import METHODS, METRICS
from tests.tasks.refusals import require_refusal
from tests.tasks.test_training import experiment, scenario

FOUR_BY_THREE = {
    "map": ["...G", ".#.P", "S..."],
    "cells": {"G": {"reward": 1, "terminal": True}, "P": {"reward": -1, "terminal": True}},
    "step_reward": -0.04, "slip": 0.2, "gamma": 1.0,
}  # fmt: skip
"""Russell and Norvig, "Artificial Intelligence", figure 17.3 of the third edition."""
CORRIDOR = {"map": ["S..G"], "cells": {"G": {"reward": 1, "terminal": True}}, "gamma": 0.5}
CLIFF = {
    "map": ["............", "............", "............", "SCCCCCCCCCCG"],
    "cells": {"C": {"reward": -99, "to": "S"}, "G": {"terminal": True}},
    "step_reward": -1, "gamma": 1.0,
}  # fmt: skip


def settings_of(options, steps=50):
    return {
        "task": "gridworld", "data": None, "model": [], "init": None, "watch": list(METRICS), "options": options,
        "train": {"steps": steps},
    }  # fmt: skip


def run(steps=50, seed=0, world=FOUR_BY_THREE, **options):
    made = experiment(seed, **settings_of({**world, **options}, steps))
    made.advance(steps)
    return made


def test_pictures_of_a_corridor_say_what_is_so():
    made = run(2, world=CORRIDOR, method="value-iteration")
    values, q, backup = made.pictures()
    np.testing.assert_array_equal(values.values, [[0, 0.5, 1, np.nan]])
    assert values.marks[0][1:] == ("→", "→", "G +1")
    np.testing.assert_array_equal(q.sides[0, 1], [0.25, 0.5, 0.25, 0])
    assert backup.rows[1] == ("→ right", "0.25", "(0 + 0.5 · 0.5)")
    learned = run(1, world={**CORRIDOR, "map": ["SG"]}, method="q-learning", epsilon=0.0, time_limit=1, initial=0.0)
    episode = learned.pictures()[-1]
    np.testing.assert_array_equal(episode.values, [[1 if "terminated" in episode.note else 2, np.nan]])
    assert episode.note in ("1 step, terminated", "1 step, truncated: cut off by the time limit")


def model_of(made):
    return Model.of(made.world, made.rewards(), made.number("slip"), made.number("gamma"))


@pytest.mark.parametrize("method", ["value-iteration", "policy-iteration"])
def test_the_best_values_are_the_published_ones(method):
    made = run(100, method=method)
    shown = made.pictures()[0]
    np.testing.assert_allclose(
        shown.values,
        [[0.812, 0.868, 0.918, np.nan], [0.762, np.nan, 0.660, np.nan], [0.705, 0.655, 0.611, 0.388]],
        atol=5e-4,
    )
    assert [list(row) for row in shown.marks] == [
        ["→", "→", "→", "G +1"], ["↑", "", "↑", "P -1"], ["S↑", "←", "←", "←"],
    ]  # fmt: skip
    found = made.measure()
    assert found["optimal_actions"] == 1
    assert found["residual"] < 1e-12
    assert found["value"] == pytest.approx(found["best_value"], abs=1e-9)


def test_a_random_walk_on_four_by_four_cells_is_worth_what_sutton_and_barto_say():
    corners = {"map": ["T...", "....", "....", "...T"], "cells": {"T": {"terminal": True}}}
    made = run(400, world={**corners, "step_reward": -1, "gamma": 1.0}, method="policy-evaluation")
    expected = [[np.nan, -14, -20, -22], [-14, -18, -20, -20], [-20, -20, -18, -14], [-22, -20, -14, np.nan]]
    np.testing.assert_allclose(made.pictures()[0].values, expected, atol=1e-3)


def test_three_sweeps_of_a_corridor_by_hand():
    made = run(1, world=CORRIDOR, method="value-iteration")
    assert made.read(made.values).tolist() == [0, 0, 1]
    assert "contraction" not in made.measure()
    made.advance(1)
    assert made.read(made.values).tolist() == [0, 0.5, 1]
    assert made.measure()["contraction"] == 0.5
    made.advance(1)
    assert made.read(made.values).tolist() == [0.25, 0.5, 1]
    found = made.measure()
    assert (found["value"], found["error"], found["residual"], found["change"]) == (0.25, 0, 0, 0.25)


@pytest.mark.parametrize("gamma", [0.5, 0.9, 0.99])
def test_the_values_of_a_policy_solve_the_linear_system(gamma):
    made = run(2500, method="policy-evaluation", gamma=gamma, policy=[">>>^", "^^^^", "^<<<"])
    model, policy = model_of(made), made.read(made.policy)
    chances = np.einsum("sa,sat->st", policy, model.chances)
    rewards = (policy * model.rewards).sum(1)
    expected = np.linalg.solve(np.eye(len(rewards)) - gamma * chances, rewards)
    np.testing.assert_allclose(made.read(made.values), expected, atol=1e-9)
    assert made.measure()["error"] < 1e-9


def test_no_policy_of_a_small_world_is_better_than_what_iteration_finds():
    small = {
        "map": ["S.G", ".P."], "cells": {"G": {"reward": 1, "terminal": True}, "P": {"reward": -2}}, "gamma": 0.8,
        "slip": 0.3, "step_reward": -0.1,
    }  # fmt: skip
    made = run(200, world=small, method="value-iteration")
    model, states = model_of(made), made.world.count
    policies = (np.eye(4)[list(each)] for each in itertools.product(range(4), repeat=states))
    best = np.max([model.values(each) for each in policies], axis=0)
    np.testing.assert_allclose(made.read(made.values), best, atol=1e-9)
    np.testing.assert_allclose(model.best_values(), best, atol=1e-12)
    also = run(200, world=small, method="policy-iteration", evaluation_sweeps=5)
    np.testing.assert_allclose(also.read(also.values), best, atol=1e-9)


def test_sweeps_contract_by_gamma_at_least():
    for method in ("value-iteration", "policy-evaluation"):
        made = run(1, method=method, gamma=0.8)
        factors = []
        for _ in range(40):
            made.advance(1)
            factors.append(made.measure().get("contraction", np.nan))
        factors = np.array(factors[1:])
        assert np.nanmax(factors) <= 0.8 + 1e-9
        assert np.nanmax(factors) > 0.3


def test_monte_carlo_returns_agree_with_the_linear_system():
    made = run(4000, method="monte-carlo", gamma=0.9, time_limit=1000, start_anywhere=True)
    found = made.measure()
    assert 0.3 < found["standard_errors"] < 2
    assert found["error"] < 0.06
    assert found["terminated"] == 1


def test_learning_in_a_corridor_by_hand():
    options = {"epsilon": 0.0, "learning_rate": 0.5, "initial": 0.0, "method": "q-learning"}
    made = run(1, world={**CORRIDOR, "map": ["SG"]}, **options)
    assert made.q()[0].tolist() == [0, 0.5, 0, 0]  # other moves stay where they are and give 0
    made.advance(1)
    assert made.q()[0].tolist() == [0, 0.75, 0, 0]
    assert made.measure()["return"] == 1


@pytest.mark.parametrize("method", ["q-learning", "expected-sarsa", "double-q-learning"])
def test_q_becomes_the_best_q_where_every_pair_is_tried_and_the_rate_falls(method):
    epsilon = 1.0 if method != "expected-sarsa" else 0.3
    options = {"epsilon": epsilon, "learning_rate": 1.0, "learning_rate_decay": 0.8, "start_anywhere": True}
    made = run(20_000, method=method, gamma=0.8, **options)
    found = made.measure()
    assert found["explored"] == 1
    if method == "expected-sarsa":  # its own behaviour, chance included, is what it is right about
        q, model = made.q(), model_of(made)
        policy = 0.3 / 4 + 0.7 * greedy(q)
        np.testing.assert_allclose(q, model.action_values(model.values(policy)), atol=0.08)
    else:
        assert found["error"] < 0.08
        assert found["optimal_actions"] == 1


def test_q_learning_goes_along_the_cliff_and_sarsa_away_from_it():
    """Sutton and Barto, example 6.6."""
    options = {"epsilon": 0.1, "learning_rate": 0.5, "time_limit": 1000}
    daring, careful = (run(500, world=CLIFF, method=each, **options) for each in ("q-learning", "sarsa"))
    assert daring.measure()["best_value"] == -13
    assert daring.measure()["true_value"] == -13
    assert careful.measure()["return"] > daring.measure()["return"] + 5
    assert careful.measure()["true_value"] <= -15


def test_a_time_limit_that_is_taken_for_an_end_makes_values_too_low():
    corridor = {"map": ["S....G"], "cells": {"G": {"reward": 1, "terminal": True}}, "gamma": 0.9}
    options = {"time_limit": 4, "start_anywhere": True, "epsilon": 1.0, "learning_rate_decay": 0.7, "learning_rate": 1}
    right, wrong = (
        run(4000, world=corridor, method="q-learning", time_limit_is=each, **options)
        for each in ("truncation", "termination")
    )
    assert right.measure()["error"] < 0.02
    assert wrong.measure()["error"] > 0.1
    assert right.measure()["terminated"] < 1


def test_noise_in_rewards_has_its_standard_deviation_and_no_mean():
    made = run(20_000, world={**CORRIDOR, "map": ["SG"]}, method="monte-carlo", policy=[">>"], noise=2.0)
    counts, squares = made.read(made.counts)[0], made.read(made.squares)[0]
    assert made.read(made.values)[0] == pytest.approx(1, abs=4 * 2 / np.sqrt(counts))
    assert np.sqrt(squares / counts) == pytest.approx(2, rel=0.03)


def test_rewards_and_discount_can_be_changed_while_it_runs():
    made = run(60, method="value-iteration", gamma=0.9)
    assert made.pictures()[0].marks[2][3] == "←"
    assert {"options.gamma", "options.cells.P.reward", "options.step_reward", "options.slip"} <= set(made.settings())
    assert "options.epsilon" not in made.settings()
    made.change("options.cells.P.reward", 5.0)
    made.advance(60)
    assert made.pictures()[0].marks[2][3] == "↑"
    assert made.pictures()[0].marks[1][3] == "P +5"
    assert made.measure()["error"] < 1e-2
    with pytest.raises(InvalidValue, match="at most 1"):
        made.change("options.gamma", 2.0)


@pytest.mark.parametrize("method", METHODS)
def test_a_state_goes_on_to_the_same_bits_and_seeds_differ(method):
    one, other = run(5, method=method), run(3, method=method)
    other.restore(run(3, method=method).state())
    other.advance(2)
    for name, value in one.state().items():
        np.testing.assert_array_equal(value, other.state()[name], err_msg=name)
    assert {name: np.float32(each) for name, each in one.measure().items()}.keys() <= set(one.metrics)


def test_the_cliff_and_the_lake_are_those_of_gymnasium():
    toys = pytest.importorskip("gymnasium.envs.toy_text")
    cliff = toys.CliffWalkingEnv()
    world = Gridworld(CLIFF["map"], {name: Cell(**each) for name, each in CLIFF["cells"].items()})
    check_table(world, cliff.unwrapped.P, np.array([-1, -100, -1]), 0.0, actions=(0, 1, 2, 3))
    lake = toys.FrozenLakeEnv(map_name="4x4", is_slippery=True)
    rows = ["S...", ".H.H", "...H", "H..G"]
    cells = {"H": Cell(terminal=True), "G": Cell(terminal=True, reward=1)}
    check_table(Gridworld(rows, cells), lake.unwrapped.P, np.array([0, 1, 0]), 2 / 3, actions=(3, 2, 1, 0))


def check_table(world, table, rewards, slip, actions):
    """Each chance and each expected reward of a world are those of gymnasium's table. actions: its numbers of ours"""
    model, columns = Model.of(world, rewards, slip, 1.0), world.shape[1]
    cells = [row * columns + column for row, column in world.places.tolist()]
    for state, cell in enumerate(cells):
        for ours, theirs in enumerate(actions):
            chances, reward = np.zeros(world.count), 0.0
            for chance, behind, gain, ends in table[cell][theirs]:
                reward += chance * gain
                if not ends:
                    chances[cells.index(int(behind))] += chance
            np.testing.assert_allclose(model.chances[state, ours], chances, atol=1e-12)
            assert model.rewards[state, ours] == pytest.approx(reward)


BAD = [
    ({"map": []}, "at least 1"),
    ({"map": [""]}, "is empty"),
    ({"map": ["..", "."]}, "row 2 has 1 cells, but the first one has 2"),
    ({"map": ["." * 41]}, "at most 40 each way"),
    ({"map": ["##"], "cells": {}}, "no cell in which one could act"),
    ({"map": [".?"], "cells": {}}, "'\\?' in column 2 means nothing"),
    ({"map": ["SX"], "cells": {}}, "needs an entry under `cells`"),
    ({"map": ["S"], "cells": {"G": {}}}, "there is no G on the map"),
    ({"map": ["S"], "cells": {"goal": {}}}, "one capital letter"),
    ({"map": ["S."], "cells": {"S": {"reward": 1}}}, "S is where episodes begin"),
    ({"map": ["SG"], "cells": {"G": {"to": "Q"}}}, "no letter 'Q' on the map"),
    ({"map": ["SG"], "cells": {"G": {"to": "G"}}}, "leads on itself"),
    ({"map": ["SG"], "cells": {"G": {"to": "S", "terminal": True}}}, "leave out one"),
    ({"policy": ["^^^^"]}, "3 rows of 4"),
    ({"policy": ["^^^^", "^x^^", "^^?^"]}, "'\\?' in row 3, column 3 is no arrow"),
    ({"policy": "best"}, "no policy 'best'"),
    ({"gamma": 1.5}, "at most 1"),
    ({"slip": -0.1}, "at least 0"),
    ({"method": "q"}, "allowed"),
    ({"epsilon": "much"}, "number"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[str(each) for each, _ in BAD])
def test_what_is_wrong_with_a_world_is_said_in_a_sentence(options, message):
    chosen = scenario(**settings_of({**FOUR_BY_THREE, "method": "q-learning", **options}))
    with pytest.raises(InvalidValue, match=message) as caught:
        task_of(chosen).check(chosen, None)
    assert caught.value.path[0] == "options"
    assert "\n" not in caught.value.message


def built(chosen):
    """The experiment, or what is wrong."""
    try:
        return task_of(chosen).build(chosen, 0, None), ""
    except InvalidValue as error:
        return None, error.message


CELLS = st.fixed_dictionaries(
    {}, optional={"reward": st.floats(-5, 5), "terminal": st.booleans(), "to": st.sampled_from("SG.#XY")}
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.text(alphabet="..S#GX", min_size=0, max_size=4), max_size=4),
    st.dictionaries(st.sampled_from(["S", "G", "X", "x", "GG"]), CELLS, max_size=3),
    st.sampled_from(["random", "optimal", ["^"], [">>", "<<"]]),
)
def test_a_world_is_refused_in_a_sentence_or_every_move_leads_somewhere(rows, cells, policy):
    options = {"map": rows, "cells": cells, "policy": policy, "method": "policy-evaluation"}
    chosen = scenario(**settings_of(options))
    made, problem = built(chosen)
    if made is None:
        assert problem.endswith(".")
        return
    world = made.world
    assert ((world.following >= 0) & (world.following <= world.count)).all()
    assert ((world.kinds >= 0) & (world.kinds <= len(world.letters))).all()
    assert len(world.starts) > 0
    values = made.model().values(np.full((world.count, 4), 0.25))
    assert np.isfinite(values).all()


# A world that changes


PULLED = {"map": ["A.S..B"], "cells": {"A": {"reward": 1, "terminal": True}, "B": {"reward": 1, "terminal": True}},
          "gamma": 0.9, "method": "q-learning", "learning_rate": 0.5}  # fmt: skip


@pytest.mark.parametrize("chunks", [[30], [20, 10], [19, 1, 10], [21, 9], [5, 25]])
def test_cells_have_other_rewards_after_so_many_episodes_whatever_the_chunks(chunks):
    changed = experiment(3, **settings_of({**PULLED, "change": {"after": 20, "rewards": {"A": -1.0}}}))
    by_hand = experiment(3, **settings_of(PULLED))
    for chunk in chunks:
        changed.advance(chunk)
    by_hand.advance(20)
    by_hand.change("options.cells.A.reward", -1.0)
    by_hand.advance(10)
    np.testing.assert_array_equal(changed.q(), by_hand.q())
    assert changed.measure() == by_hand.measure()
    assert changed.settings()["options.cells.A.reward"] == -1


def test_what_is_exact_is_so_of_the_world_as_it_is():
    made = experiment(3, **settings_of({**PULLED, "change": {"after": 20, "rewards": {"A": -1.0, "B": 2.0}}}))
    made.advance(19)
    assert made.measure()["best_value"] == pytest.approx(0.9)  # two steps to A
    made.advance(1)
    assert made.measure()["best_value"] == pytest.approx(2 * 0.9**2)  # three to B


def test_the_change_is_part_of_the_state():
    made = experiment(3, **settings_of({**PULLED, "change": {"after": 20, "rewards": {"A": -1.0}}}))
    made.advance(10)
    early = made.state()
    made.advance(15)
    late, found = made.state(), made.q()
    made.restore(early)
    assert made.settings()["options.cells.A.reward"] == 1
    made.advance(15)
    np.testing.assert_array_equal(made.q(), found)
    made.restore(early)
    made.restore(late)
    assert made.settings()["options.cells.A.reward"] == -1


@pytest.mark.parametrize(("options", "path", "message"), [
    ({"change": {"after": 5, "rewards": {"Q": 1}}}, "options.change.rewards.Q", "there is no cell Q on the map"),
    ({"change": {"after": 5, "rewards": {"A": 1e9}}}, "options.change.rewards.A", "may be 1,000,000 at most"),
    ({"method": "value-iteration", "change": {"after": 5, "rewards": {"A": 1}}}, "options.change", "can be met by"),
])  # fmt: skip
def test_a_change_that_cannot_be_is_said(options, path, message):
    require_refusal(scenario(**settings_of({**PULLED, **options})), path, message)
