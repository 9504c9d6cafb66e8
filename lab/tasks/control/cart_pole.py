"""`task: cart-pole`: deep Q-learning balances a pole on a cart."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.metrics.meaning import COUNT, PLAIN, SHARE
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.control.balancing import TESTS, Balancing
from lab.tasks.task import Task, task
from lab.validation import Real, Settings, Whole

METRICS = {
    "test_return": COUNT.of(
        f"steps that an episode lasts in which nothing is explored; mean over {TESTS} with the same starts each time",
        higher_is_better=True,
    ),
    "solved": SHARE.of(
        "1 if `test_return` is at least `options.solved_at`, else 0; of several seeds the share", higher_is_better=True
    ),
    "terminated": SHARE.of(
        f"share of the {TESTS} test episodes that ended by themselves, before the time limit", higher_is_better=False
    ),
    "return": COUNT.of(
        "steps that an episode lasts while it explores and learns; mean over the last 100", higher_is_better=True
    ),
    "episodes": COUNT.of("episodes lived through so far"),
    "value": PLAIN.of("highest Q of a start; mean over the test episodes"),
    "discounted_return": PLAIN.of(
        "sum of the discounted rewards of a test episode; mean. What would have come behind the time limit is missing",
        higher_is_better=True,
    ),
    "overestimation": PLAIN.of(
        "`value` less `discounted_return`. Of a pole that never falls 1 / (1 - gamma) is right, of which the latter "
        "has all but the share gamma^(time limit)",
        higher_is_better=False,
    ),
}


class Options(Settings):
    """Settings of the task `cart-pole`."""

    gamma: Real = adjustable(0.98, "The discount factor.", ge=0, le=1, steps="shares")
    memory: Whole = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="How many transitions are remembered, of which each step draws its batch; 1: only the last one is "
        "learned from.",
    )
    target_every: Whole = Field(
        default=100,
        ge=1,
        le=1_000_000,
        description="After so many steps the target network becomes what the network is; 1: it always is, so that "
        "there is none.",
    )
    epsilon: Real = adjustable(0.02, "Chance of a random action, in the end.", ge=0, le=1, steps="tenths")
    epsilon_steps: Whole = Field(
        default=2000, ge=1, le=1_000_000_000, description="Steps in which that chance falls from 1, in a straight line."
    )
    loss: Literal["huber", "squared"] = Field(
        default="huber",
        description="Of the difference between Q and what it should be: Huber's loss with delta 1, or the squared one.",
    )
    time_limit: Whole = Field(
        default=200, ge=1, le=100_000, description="Steps after which an episode is cut off: 200 in v0, 500 in v1."
    )
    time_limit_is: Literal["truncation", "termination"] = Field(
        default="truncation",
        description="What is learned from the last step before the limit: that life would have gone on, or, wrongly, "
        "that it has ended.",
    )
    solved_at: Real = Field(
        default=195.0, ge=0, le=100_000, description="The `test_return` that counts as solved: 195 of v0, 475 of v1."
    )


@task("cart-pole")
class CartPole(Task):
    """Deep Q-learning balances a pole on a cart; computed in float64. A step is one of the world and one of training.

    The world is gymnasium's CartPole: four numbers, two actions, a reward of 1 for every step until the pole leans more
    than 12 degrees or the cart is 2.4 metres off. In each step one action is taken, epsilon-greedily, and the network
    is trained on a batch of remembered transitions, towards reward + gamma max Q of a target network. The network in
    `model` reads the state and ends in `{dense: outputs}`, the Q of both actions; `train.batch` transitions are drawn.

    Paper: Mnih and others, "Human-level control through deep reinforcement learning", 2015; Barto, Sutton and Anderson,
    "Neuronlike adaptive elements that can solve difficult learning control problems", 1983.
    """

    Options = Options
    metrics = METRICS
    pictures = {
        "episode": "moments of a test episode, one below the other, with the cart, its pole, and how the episode ended",
        "expected": "the highest Q along this episode, and the discounted rewards that did follow",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Balancing:
        return Balancing(scenario, seed, folder, self.options(scenario))
