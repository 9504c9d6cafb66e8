"""`task: classify`: a network learns to tell classes apart."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.graph import Tensor
from lab.graph.tensor import call
from lab.metrics import device_metric_meanings
from lab.scenario import Scenario
from lab.tasks.figures import FigureOptions
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.published import PublishedOptions
from lab.tasks.task import Task, task
from lab.tasks.training import class_weights
from lab.tasks.training.class_weights import ClassWeightsOption
from lab.tasks.training.data import load_split
from lab.tasks.training.losses import FOR_CLASSES
from lab.tasks.training.training import Training


class Options(FigureOptions, PublishedOptions, ClassWeightsOption):
    """Settings of the task `classify`."""

    loss: Literal["softmax", "hinge"] = Field(
        default="softmax", description="Softmax cross-entropy, or the hinge loss of a multi-class SVM."
    )


def count_correct(output: Tensor, targets: Tensor) -> Tensor:
    """How many rows of `output` have their largest number at the target: shape [1]."""
    from kernels import metrics

    return call(metrics.count_correct, output, targets).result


@task("classify")
class Classify(Task):
    """A network learns to tell classes apart; trained with softmax cross-entropy or hinge loss."""

    Options = Options
    looks_up_columns = True
    stops_early = True
    predicts = True
    targets = "classes"
    goes_through_examples = True
    metrics = device_metric_meanings("classes") | host_metric_meanings()

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Training:
        options = self.options(scenario)
        loss, told, split = FOR_CLASSES[options.loss], "", None
        if options.class_weights is not None:
            split = load_split(scenario, seed, folder, "classes")
            weights = class_weights.of_classes(options.class_weights, split.train)
            loss = {"softmax": class_weights.weighed_softmax, "hinge": class_weights.weighed_hinge}[options.loss](
                weights
            )
            told = class_weights.told(weights, split.train.classes)
        return Training(scenario, seed, folder, loss, count_correct, kind="classes", split=split, told=told)
