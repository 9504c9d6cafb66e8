"""All that is measured and shown of one network of an experiment: metrics on device and host, and figures."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Sequence

import numpy as np

from lab.data import Data
from lab.graph import Tensor, scope
from lab.graph.tensor import Call
from lab.metrics import DeviceMetrics, MeasuredNetwork, device_metric_meanings
from lab.metrics.meaning import Meaning
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network
from lab.nets.training_step import TrainingStep
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.figures import Figures
from lab.tasks.host_metrics import HostMetric, host_metric_meanings, watched_host_metrics
from lab.tasks.programs import ProgramExperiment
from lab.tasks.training.data import TrainingData
from lab.tasks.training.evaluation import evaluated
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.losses import USUAL_LOSS
from lab.tasks.training.objective import Objective

MOST_STREAMED = 1 << 16
"""Numbers of one measurement up to which a device streams them; of more, the host asks when it wants them."""

PIXELS = 3
"""Axes of targets that are classes of pixels."""

State = dict[str, np.ndarray]


class Monitor:
    """Built once the training step is: it adds the evaluated network, and what is to be measured of it, to the graph.

    layers:   the layers as they were built for training
    programs: `measure`, and `remember`, to be laid out with the experiment's own
    metrics:  full names of what is measured
    """

    def __init__(
        self,
        experiment: ProgramExperiment,
        scenario: Scenario,
        network: Network,
        objective: Objective,
        data: TrainingData,
        layers: Sequence[BuiltLayer],
        step: TrainingStep,
    ) -> None:
        # The experiment has this. If this had the experiment, too, its memory would wait for the collector of cycles.
        self._experiment: ProgramExperiment = weakref.proxy(experiment)
        self.device_metrics = DeviceMetrics(scenario.watch)
        measured = self._measured_network(scenario, network, objective, data, step)
        self.inspection = Inspection(
            experiment=experiment,
            scenario=scenario,
            network=network,
            loss=objective.loss,
            heads=objective.heads,
            detection=objective.detection,
            split=data.split,
            evaluation_sample=data.evaluation_sample,
            layers=layers,
            evaluated_layers=measured.parts,
            gradients=step.gradients,
            measured=measured,
        )
        self.figures = Figures(self.inspection, scenario.options.get("pictures"))
        self.host_metrics: list[HostMetric] = watched_host_metrics(self.inspection)
        self.metrics = (*self.device_metrics.metrics, *(name for each in self.host_metrics for name in each.names))

    @property
    def programs(self) -> dict[str, Sequence[Tensor | Call]]:
        return {
            "measure": [*self.device_metrics.program, *self.figures.recording.program],
            "remember": self.device_metrics.remember,
        }

    @property
    def meanings(self) -> dict[str, Meaning]:
        """What every metric means that can be measured of such a network, by name without a layer's."""
        return device_metric_meanings(self.inspection.measured.kind) | host_metric_meanings()

    def _measured_network(
        self, scenario: Scenario, network: Network, objective: Objective, data: TrainingData, step: TrainingStep
    ) -> MeasuredNetwork:
        inputs, targets = data.evaluation()
        output, layers = evaluated(network, inputs, objective.regions(targets))
        with scope("measure"):
            loss, correct = objective.loss(output, targets), objective.count(output, targets)
            answers, outputs = objective.answers(output), output
        validation_loss = validation_correct = validation_answers = validation_targets = validation_outputs = None
        held = data.validation() if any(name.startswith("val_") for name in scenario.watch) else None
        if held is not None:
            validation_inputs, validation_targets = held
            output, _ = evaluated(network, validation_inputs, objective.regions(validation_targets))
            with scope("measure"):
                validation_loss = objective.loss(output, validation_targets)
                validation_correct = objective.count(output, validation_targets)
                validation_answers, validation_outputs = objective.answers(output), output
        detection = objective.detection
        measured = MeasuredNetwork(
            kind="detections" if detection else _kind(data.split.train),
            watch=frozenset(scenario.watch),
            parts=layers,
            parameters=network.parameters,
            gradients=step.gradients,
            loss=loss,
            correct=correct,
            count=data.evaluation_sample.count,
            validation_loss=validation_loss,
            validation_correct=validation_correct,
            validation_count=data.split.validation.count if data.split.validation else 0,
            keep=self.device_metrics.keep,
            keep_all=self.device_metrics.keep_all,
            remember=self.device_metrics.copy_before_step,
            rate=step.learning_rate,
            unclipped=step.unclipped,
            answers=answers,
            targets=targets,
            validation_answers=validation_answers,
            validation_targets=validation_targets,
            classes=data.evaluation_sample.classes,
            outputs=outputs,
            validation_outputs=validation_outputs,
            loss_name=scenario.options.get("loss") or USUAL_LOSS[data.split.train.kind],
            threshold=float(scenario.options.get("threshold", 0.5)),
            heads=objective.heads,
            judged=detection.judged(data.evaluation_sample) if detection else None,
            validation_judged=detection.judged(data.split.validation)
            if detection and held and data.split.validation
            else None,
            target_scale=data.split.recipe.target_scale if data.split.recipe is not None else None,
        )
        with scope("measure"):
            self.device_metrics.build(measured)
        return measured

    # While it runs

    def measured_stretch(self) -> tuple[int, int]:
        """See `ProgramExperiment.measured_stretch`."""
        places = [(first, first + size) for first, size in self._stretches if size]
        if not places:
            return 0, 0
        first, end = min(first for first, _ in places), max(end for _, end in places)
        return (first, end - first) if end - first <= MOST_STREAMED else (0, 0)

    def measure_on_host(self) -> dict[str, float]:
        """The metrics that need the host, by full name."""
        return {name: value for each in self.host_metrics for name, value in each.measure().items()}

    def pictures(self) -> list[Picture]:
        """What there is to see now."""
        return self.figures.pictures()

    def state(self) -> State:
        """Copies of what was recorded for figures."""
        return self.figures.recording.state()

    def restore(self, state: State) -> State:
        """Go back to what was recorded; returns what of the state is others'. Raises ValueError if it does not fit."""
        return self.figures.recording.restore(state)

    def measured_values(self, numbers: np.ndarray, first: int, step: int) -> dict[str, float]:
        """The metrics of the device after a step; see `ProgramExperiment.measured_values`."""
        (kept, size), (recorded, recorded_size) = self._stretches
        values = self.device_metrics.values(numbers[kept - first : kept - first + size], step)
        if recorded_size:
            self.figures.recording.record(numbers[recorded - first : recorded - first + recorded_size], step)
        return values

    @functools.cached_property
    def _stretches(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Where in the arena metrics and what is recorded stand; see `Layout.stretch`."""
        layout = self._experiment.layout
        return layout.stretch(self.device_metrics.kept), layout.stretch(self.figures.recording.kept)


def _kind(train: Data) -> str:
    """What the targets are, for device metrics."""
    return "pixels" if train.kind == "classes" and train.targets.ndim == PIXELS else train.kind
