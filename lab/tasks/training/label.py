"""`task: label`: a network learns to say of each of several labels whether it applies."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.metrics import device_metric_meanings
from lab.scenario import Scenario
from lab.tasks.figures import FigureOptions
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.task import Task, task
from lab.tasks.training.losses import FOR_LABELS
from lab.tasks.training.training import Training
from lab.validation import Real


class Options(FigureOptions):
    """Settings of the task `label`."""

    loss: Literal["logistic", "softmax"] = Field(
        default="logistic",
        description="logistic: a yes-or-no classifier for each label; softmax: one distribution over all labels, "
        "which is to be spread evenly over those that apply.",
    )
    threshold: Real = Field(default=0.5, gt=0, lt=1, description="A label is given if its probability is above this.")


@task("label")
class Label(Task):
    """A network learns to say of each label whether it applies; trained with a classifier per label or one softmax."""

    Options = Options
    stops_early = True
    targets = "labels"
    metrics = device_metric_meanings("labels") | host_metric_meanings()

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Training:
        options = self.options(scenario)
        probability = f.sigmoid if options.loss == "logistic" else f.softmax

        def answers(output: Tensor) -> Tensor:
            """Above zero where the label is given."""
            return f.subtract(probability(output), constant(options.threshold))

        return Training(scenario, seed, folder, FOR_LABELS[options.loss], answers=answers, kind="labels")
