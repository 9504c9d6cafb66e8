"""`task: gridworld`: a method plans, or learns, how to act on a grid."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from lab.errors import InvalidValue
from lab.metrics.meaning import COUNT, PLAIN, RATIO, SHARE
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.task import Task, task
from lab.tasks.worlds.changing import Change, ChangingWorld
from lab.tasks.worlds.experiment import WorldExperiment
from lab.tasks.worlds.gridworld import LARGEST_REWARD, Cell, Gridworld
from lab.tasks.worlds.learning import RULES, Learning
from lab.tasks.worlds.monte_carlo import MonteCarlo
from lab.tasks.worlds.planning import Planning
from lab.validation import Real, Settings, Whole

METHODS: dict[str, type[WorldExperiment]] = {
    "policy-evaluation": Planning,
    "value-iteration": Planning,
    "policy-iteration": Planning,
    "monte-carlo": MonteCarlo,
    **dict.fromkeys(RULES, Learning),
}

METRICS = {
    "value": PLAIN.of(
        "what the method thinks S is worth: V, or the highest Q; the mean over several, or over all states without S"
    ),
    "true_value": PLAIN.of(
        "what S is really worth to whom follows the policy of the moment, exactly: the one that is evaluated, "
        "or else the one that always takes the action with the highest Q"
    ),
    "best_value": PLAIN.of("what S is worth to whom acts best, exactly"),
    "error": PLAIN.of(
        "largest distance, over states (and actions, where the method keeps Q), from the exact values: those of the "
        "policy that is evaluated, or else the best ones",
        higher_is_better=False,
    ),
    "residual": PLAIN.of(
        "largest Bellman residual: by how much a state's value (an action's, where the method keeps Q) differs from "
        "reward plus discounted value behind it",
        higher_is_better=False,
    ),
    "change": PLAIN.of(
        "largest change of a state's value in the last sweep. Nothing before the first one", higher_is_better=False
    ),
    "contraction": RATIO.of(
        "largest change in the last sweep over that in the sweep before, where all sweeps are the same. Nothing "
        "while there were fewer than two, or "
        "where the changes are no larger than rounding"
    ),
    "gamma": PLAIN.of("the discount factor"),
    "optimal_actions": SHARE.of(
        "share of the states in which all actions that look best are best", higher_is_better=True
    ),
    "overestimation": PLAIN.of(
        "highest Q of a state less what the state is really worth to whom always takes the action with the highest Q; "
        "mean over all states",
        higher_is_better=False,
    ),
    "explored": SHARE.of("share of the pairs of state and action that were tried at least once", higher_is_better=True),
    "return": PLAIN.of(
        "sum of the rewards of an episode, without a discount; mean over the last 100 episodes", higher_is_better=True
    ),
    "length": COUNT.of("steps of an episode; mean over the last 100"),
    "terminated": SHARE.of(
        "share of the last 100 episodes that ended by themselves; the time limit cut off the others",
        higher_is_better=False,
    ),
    "standard_errors": RATIO.of(
        "distance of a state's mean return from its exact value, in standard errors of the mean; root mean square over "
        "the states that were seen at least twice. About 1 where both agree",
        higher_is_better=False,
    ),
}


class Options(Settings):
    """Settings of the task `gridworld`."""

    map: list[str] = Field(
        min_length=1,
        description="The world, a text for each row: # is a wall, . is free, episodes begin at S (or anywhere, without "
        "S), and capital letters are what `cells` says.",
    )
    cells: dict[str, Cell] = Field(
        default_factory=dict,
        description="What letters on the map stand for, such as `{G: {reward: 1, terminal: true}}`.",
    )
    step_reward: Real = adjustable(0.0, "Reward of each step.", ge=-LARGEST_REWARD, le=LARGEST_REWARD)
    noise: Real = adjustable(
        0.0,
        "Standard deviation of normal noise in each reward that is met; methods that know the world know its mean.",
        ge=0,
        le=LARGEST_REWARD,
    )
    slip: Real = adjustable(
        0.0,
        "Chance that a move goes to the right or the left of where it should, half of it each.",
        ge=0,
        le=1,
        steps="tenths",
    )
    gamma: Real = adjustable(0.9, "The discount factor.", ge=0, le=1, steps="shares")
    method: Literal[
        "policy-evaluation", "value-iteration", "policy-iteration", "monte-carlo", "q-learning", "sarsa",
        "expected-sarsa", "double-q-learning",
    ] = Field(
        description="The first three know the world, and a step is a sweep over all states. The others learn from "
        "experience, and a step is an episode."
    )  # fmt: skip
    backup_sign: Literal["plus", "minus"] = Field(
        default="plus",
        description="Of methods that know the world: `minus` takes the discounted value off the reward, an error that "
        "has been printed.",
    )
    policy: str | list[str] = Field(
        default="random",
        description="What policy-evaluation and monte-carlo evaluate: `random`, `optimal`, or a map of arrows ^ > v <.",
    )
    evaluation_sweeps: Whole = Field(
        default=20, ge=1, le=10_000, description="Of policy-iteration: sweeps between two improvements of the policy."
    )
    learning_rate: Real = adjustable(
        0.1, "Part of the way from the old estimate to what was just seen, of methods that keep Q.", ge=0, le=1
    )
    learning_rate_decay: Real = adjustable(
        0.0,
        "The learning rate is divided by the number of visits to the pair of state and action to this power.",
        ge=0,
        le=1,
        steps="tenths",
    )
    epsilon: Real = adjustable(0.1, "Chance to take any action instead of the best one.", ge=0, le=1, steps="tenths")
    epsilon_decay: Real = adjustable(
        0.0,
        "`epsilon` is divided by the number of visits to the state to this power.",
        ge=0,
        le=1,
        steps="tenths",
    )
    initial: Real = Field(
        default=0.0,
        ge=-LARGEST_REWARD,
        le=LARGEST_REWARD,
        description="What all actions are thought to be worth at first.",
    )
    time_limit: Whole = Field(default=200, ge=1, le=100_000, description="Steps after which an episode is cut off.")
    time_limit_is: Literal["truncation", "termination"] = Field(
        default="truncation",
        description="How a method learns from the last step before the limit: as from any other, or, wrongly, "
        "as if nothing came behind it.",
    )
    change: Change | None = Field(
        default=None,
        description="Of methods that keep Q: a block of `after`, so many episodes, and `rewards`, those that cells "
        "have from then on, by letter.",
    )
    start_anywhere: bool = Field(default=False, description="Whether episodes begin in any state, whatever S says.")

    @model_validator(mode="after")
    def _world_is_one(self) -> Options:
        world = self.world
        if isinstance(self.policy, list):
            world.policy(self.policy)
        elif self.policy not in ("random", "optimal"):
            problem = f"there is no policy {self.policy!r}: write random, optimal, or a list of rows of arrows ^ > v <."
            raise InvalidValue(("policy",), problem)
        return self

    @property
    def world(self) -> Gridworld:
        """The map with the meanings of its letters."""
        return Gridworld(self.map, self.cells, start_anywhere=self.start_anywhere)


@task("gridworld")
class GridworldTask(Task):
    """A method plans, or learns, how to act on a grid; computed in float64.

    Moves go up, right, down and left; against a wall or the edge one stays. A reward comes with entering a cell. What
    the world is worth is also solved exactly, by linear systems, so that every estimate can be held against it.
    """

    Options = Options
    metrics = METRICS
    pictures = {
        "values": "what each cell is worth, and an arrow for each action that is taken there",
        "q_values": "what each action in each cell is worth, with arrows for the best ones",
        "backup": "the arithmetic of one Bellman backup, of the state at S",
        "episode": "how often each cell was entered in the last episode, and how it ended",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> WorldExperiment:
        options = self.options(scenario)
        kind = METHODS[options.method]
        if options.change is None:
            return kind(scenario, seed, options)
        if kind is not Learning:
            raise InvalidValue(("options", "change"), f"can be met by {', '.join(RULES)} only.", at_key=True)
        return ChangingWorld(scenario, seed, options)
