"""`task: regress`: a network learns to give numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.metrics import device_metric_meanings
from lab.scenario import Scenario
from lab.tasks.figures import FigureOptions
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.task import Task, task
from lab.tasks.training.losses import for_values
from lab.tasks.training.training import Training
from lab.validation import Real


class Options(FigureOptions):
    """Settings of the task `regress`."""

    loss: Literal["l1", "l2", "huber"] = Field(
        default="l2",
        description="l1: mean of |error|; l2: mean of error²; huber: error²/2 for small errors, linear beyond `delta`.",
    )
    delta: Real = Field(default=1.0, gt=0, le=1e6, allow_inf_nan=False, description="Where huber becomes linear.")


@task("regress")
class Regress(Task):
    """A network learns to give numbers; trained with the L1, L2 or Huber loss."""

    Options = Options
    looks_up_columns = True
    stops_early = True
    predicts = True
    targets = "values"
    goes_through_examples = True
    metrics = device_metric_meanings("values") | host_metric_meanings()

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Training:
        options = self.options(scenario)
        return Training(scenario, seed, folder, for_values(options.loss, options.delta), kind="values")
