"""`task: off-policy`: Baird's seven states, where learning of one policy while another one acts may diverge."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.metrics.meaning import PLAIN
from lab.nets.limits import adjustable
from lab.scenario import Scenario
from lab.tasks.task import Task, task
from lab.tasks.worlds.star import Star
from lab.validation import Real, Settings

METRICS = {
    "value_error": PLAIN.of(
        "distance of the values from the true ones, which are all 0: root mean square over the seven states",
        higher_is_better=False,
    ),
    "bellman_error": PLAIN.of(
        "by how much the value of a state differs from reward plus discounted value behind it, under the policy that "
        "is learned about: root mean square over the seven states",
        higher_is_better=False,
    ),
    "largest_weight": PLAIN.of("the largest of the eight weights, whatever its sign"),
}


class Options(Settings):
    """Settings of the task `off-policy`."""

    method: Literal["semi-gradient", "expected", "residual-gradient", "gradient-td"] = Field(
        default="semi-gradient",
        description="semi-gradient: TD(0), of whose aim no gradient is taken; expected: the same over all states and "
        "all that may follow at once, without chance (dynamic programming); residual-gradient: the gradient of the aim "
        "is taken, too; gradient-td: TDC, with a second set of weights that estimates what is missing.",
    )
    target_solid: Real = adjustable(
        1.0, "Chance of the solid action in the policy that is learned about.", ge=0, le=1, steps="tenths"
    )
    behaviour_solid: Real = Field(
        default=1 / 7, gt=0, lt=1, description="Chance of the solid action in the policy that acts."
    )
    gamma: Real = adjustable(0.99, "The discount factor.", ge=0, le=1, steps="shares")
    rate: Real = adjustable(0.01, "Learning rate of the weights.", ge=0, le=1)
    second_rate: Real = adjustable(0.05, "Learning rate of the second weights, of gradient-td.", ge=0, le=1)


@task("off-policy")
class OffPolicy(Task):
    """Baird's counterexample: seven states, two actions, no reward, eight weights, with values that are linear in them.

    The dashed action leads to one of the six upper states, each as often; the solid one always to the seventh. Upper
    state i is worth 2 w[i] + w[8], the seventh w[7] + 2 w[8]. All true values are 0, which the weights can express.
    A step is a move: it counts as often as the policy that is learned about would have made it, compared with the one
    that acts. The weights begin as 1, but w[7] as 10. Computed in float64.

    Formula: w <- w + rate ratio (reward + gamma v(next) - v(state)) gradient of v(state), with the ratio of the chances
    of the action, in the policy that is learned about and in the one that acts.

    Paper: Baird, "Residual algorithms: reinforcement learning with function approximation", 1995; Sutton and Barto,
    "Reinforcement learning: an introduction", 2018, sections 11.2 to 11.7.
    """

    Options = Options
    metrics = METRICS
    pictures = {
        "star": "the seven states, what each is worth as a sum of weights and as a number, and where the solid action "
        "leads",
        "weights": "the eight weights",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Star:
        return Star(scenario, seed, folder, self.options(scenario))
