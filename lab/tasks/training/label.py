"""`task: label`: a network learns to say of each of several labels whether it applies."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.errors import InvalidValue
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.metrics import device_metric_meanings
from lab.scenario import Scenario
from lab.tasks.figures import FigureOptions
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.task import Task, task
from lab.tasks.training import class_weights
from lab.tasks.training.class_weights import ClassWeights
from lab.tasks.training.data import load_split
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
    class_weights: ClassWeights = Field(
        default=None,
        description="How much a yes counts in the loss, where a no counts 1: by label, such as {spam: 10}; `balanced` "
        "makes the yes and the no of each label count the same.",
    )
    threshold: Real = Field(default=0.5, gt=0, lt=1, description="A label is given if its probability is above this.")


@task("label")
class Label(Task):
    """A network learns to say of each label whether it applies; trained with a classifier per label or one softmax."""

    Options = Options
    looks_up_columns = True
    stops_early = True
    predicts = True
    targets = "labels"
    goes_through_examples = True
    metrics = device_metric_meanings("labels") | host_metric_meanings()

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Training:
        options = self.options(scenario)
        probability = f.sigmoid if options.loss == "logistic" else f.softmax

        def answers(output: Tensor) -> Tensor:
            """Above zero where the label is given."""
            return f.subtract(probability(output), constant(options.threshold))

        loss, told, split = FOR_LABELS[options.loss], "", None
        if options.class_weights is not None:
            if options.loss != "logistic":
                raise InvalidValue(class_weights.PLACE, "go with `loss: logistic`, which judges each label by itself.")
            split = load_split(scenario, seed, folder, "labels")
            weights = class_weights.of_labels(options.class_weights, split.train)
            loss, told = class_weights.weighed_logistic(weights), class_weights.told(weights, split.train.classes)
        return Training(scenario, seed, folder, loss, answers=answers, kind="labels", split=split, told=told)
