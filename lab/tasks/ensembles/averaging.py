"""`task: average`: a network in training, and beside it the mean of its weights over the last steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from kernels.averages import running_mean
from kernels.language import Kernel
from lab.graph.tensor import call
from lab.metrics import device_metric_meanings
from lab.metrics.meaning import LOSS, SHARE
from lab.scenario import Scenario
from lab.tasks.ensembles.validation_scorer import SCORER_KERNELS, ValidationScorer, require_validation
from lab.tasks.figures import FigureOptions
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.programs import Parts
from lab.tasks.task import Task, task
from lab.tasks.training.class_weights import ClassWeightsOption, Weighing
from lab.tasks.training.classify import count_correct
from lab.tasks.training.data import load_split
from lab.tasks.training.running_numbers import RunningNumbers
from lab.tasks.training.training import Training
from lab.validation import Whole

METRICS = {
    "average_loss": LOSS.of(
        "validation loss of the mean of the weights, from the step on at which the mean begins", higher_is_better=False
    ),
    "average_accuracy": SHARE.of(
        "validation accuracy of the mean of the weights, from the step on at which the mean begins",
        higher_is_better=True,
    ),
    "current_loss": LOSS.of(
        "validation loss of the weights as they are, from the step on at which the mean begins", higher_is_better=False
    ),
    "current_accuracy": SHARE.of(
        "validation accuracy of the weights as they are, from the step on at which the mean begins",
        higher_is_better=True,
    ),
}


class Options(FigureOptions, ClassWeightsOption):
    """Settings of the task `average`."""

    after: Whole = Field(ge=0, le=1_000_000_000, description="The mean is taken over all steps after this one.")


class Averaging(Training):
    """A training whose step also keeps up the mean of all parameters; what is trained is not touched by it."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Options) -> None:
        self._after = options.after
        self._scorer: ValidationScorer | None = None
        self._running_numbers: RunningNumbers | None = None
        split = load_split(scenario, seed, folder, "classes")
        self._weighing = weighing = Weighing(options.class_weights, split.train)
        super().__init__(
            scenario, seed, folder, weighing.loss, count_correct, kind="classes", split=split, told=weighing.told
        )
        require_validation(self.split)
        self.host_measurements.append(Averaging._measure_average)
        self.metrics = (*self.metrics, *(name for name in scenario.watch if name in METRICS))

    def lay_out(self, programs: Parts) -> None:
        """Add the mean to the step, behind the update of the weights."""
        self._means = self.network.parameters.like("states", "mean ")
        begin = min(self._after, self.steps)
        keep = call(running_mean, self.network.parameters.whole, updates=[self._means.whole], begin=begin)
        super().lay_out({**programs, "step": [*programs["step"], keep]})

    def kernels(self) -> tuple[Kernel, ...]:
        return tuple(dict.fromkeys((*super().kernels(), *SCORER_KERNELS)))

    def prepare(self) -> None:
        super().prepare()
        self._scorer = ValidationScorer(self.split, self.network, self._weighing.weights)
        if self.network.running.members:
            self._running_numbers = RunningNumbers(self.network, self.inspection.evaluation_sample.numbers, self.seed)

    def averaged(self) -> dict[str, np.ndarray]:
        """The mean of the weights by name, and the running numbers of layers that belong to it."""
        means = {name: self._means.members[f"mean {name}"] for name in self.network.parameters.members}
        weights = self.weights() | self.numbers(means)
        return weights | self._running_numbers(weights, self.settings()) if self._running_numbers else weights

    def _measure_average(self) -> dict[str, float]:
        """What is watched of the mean of the weights; the answers are found by a program of its own."""
        wanted = [name for name in self.scenario.watch if name in METRICS]
        if not wanted or self.step <= self._after:
            return {}
        assert self._scorer is not None
        found: dict[str, float] = {}
        for which, weights in (("average", self.averaged()), ("current", self.weights())):
            answers = self._scorer.probabilities(weights, self.settings())
            found[f"{which}_loss"] = self._scorer.loss(answers)
            found[f"{which}_accuracy"] = self._scorer.accuracy(answers)
        return {name: found[name] for name in wanted}


@task("average")
class Average(Task):
    """A network learns to tell classes apart; the mean of its weights over the last steps is judged beside it.

    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
    """

    predicts = True
    Options = Options
    looks_up_columns = True
    goes_through_examples = True
    metrics = device_metric_meanings("classes") | host_metric_meanings() | METRICS

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Averaging:
        options: Any = self.options(scenario)
        return Averaging(scenario, seed, folder, options)
