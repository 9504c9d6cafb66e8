"""`task: density`: how densely examples lie, by a mixture of normal distributions or by a histogram."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.metrics.meaning import NATS
from lab.scenario import Scenario
from lab.tasks.generative.density_estimate import DensityEstimate
from lab.tasks.task import Task, task
from lab.validation import Real, Settings, Whole

METRICS = {
    "log_likelihood": NATS.of(
        "log of the density at training examples, mean; of a density it can be above 0", higher_is_better=True
    ),
    "val_log_likelihood": NATS.of("the same at examples that are held back", higher_is_better=True),
    "gap": NATS.of(
        "by how much the density is larger at training examples than at those held back", higher_is_better=False
    ),
}


class Options(Settings):
    """Settings of the task `density`."""

    estimator: Literal["mixture", "histogram"] = Field(
        default="mixture",
        description="mixture: normal distributions whose features are independent of each other; histogram: equal "
        "boxes, of one or two features.",
    )
    components: Whole = Field(default=8, ge=1, le=1000, description="How many normal distributions a mixture has.")
    floor: Real = Field(default=1e-4, gt=0, le=1e3, description="What is added to each variance of a mixture.")
    bins: Whole = Field(default=8, ge=1, le=64, description="Into how many bins a histogram cuts each feature.")
    pseudo_count: Real = Field(
        default=0.1,
        gt=0,
        le=1e3,
        description="What is added to the count of each bin, so that the density of an empty one is not 0.",
    )


@task("density")
class Density(Task):
    """The density of examples, estimated by expectation maximisation of a mixture or by counting in bins.

    A step is one round of expectation maximisation: the share of each component in each example, then weights, means
    and variances of what belongs to each. A histogram is done after the first step. The bins go over the range of the
    training examples and a tenth of it on each side; what lies outside is counted in the nearest one. `optimizer`,
    `init` and `batch` are not used.

    Formula: p(x) = sum over k of weight k times the product over the features of N(x; mean k, variance k).

    Paper: Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm", 1977.
    """

    Options = Options
    metrics = METRICS
    targets = "classes"
    pictures = {"density": "the density in the plane, as a share of the largest one"}

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> DensityEstimate:
        return DensityEstimate(scenario, seed, folder, self.options(scenario))
