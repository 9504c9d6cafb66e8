"""Training one network on one data set: the experiment behind `classify`, `regress` and their kin.

Three programs share one arena: `step` (choose a batch, forward, backward, update), `gradient` (the same without
the update, for the gradient before the first step) and `measure` (forward on the probe set, and the metrics). One
call of the executor does many steps.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from lab.data import Split, TargetKind
from lab.data import load as load_data
from lab.errors import InvalidValue
from lab.graph import Tensor, data, scope
from lab.graph.tensor import Storage
from lab.metrics import DeviceMetrics, MeasuredNetwork
from lab.nets.network import BuiltLayer, Network
from lab.nets.optimizers import optimizer
from lab.nets.training_step import training_step
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.figures import Figures
from lab.tasks.host_metrics import HostMetric, watched_host_metrics
from lab.tasks.programs import ProgramExperiment
from lab.tasks.training.batches import batch
from lab.tasks.training.inspection import Inspection

PROBE_LIMIT = 1024
MOST_STREAMED = 1 << 16
"""Numbers of one measurement up to which a device streams them; of more, the host asks when it wants them."""
Loss = Callable[[Tensor, Tensor], Tensor]


class Training(ProgramExperiment):
    """One replica of a network in training; see `lab.tasks.task.Experiment`.

    loss:    from the network's output [batch, outputs] and the targets to a tensor of shape [1]
    correct: adds the metric that counts correct answers, for tasks that have such a thing
    answers: from the network's output to what it answers, for metrics; by default the output itself
    kind:    what the data's targets must be
    split:   the examples, where they are not what the scenario's data block says
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        folder: Path | None,
        loss: Loss,
        correct: Callable[[Tensor, Tensor], Tensor] | None = None,
        *,
        answers: Callable[[Tensor], Tensor] = lambda output: output,
        kind: TargetKind,
        split: Split | None = None,
    ) -> None:
        super().__init__(scenario.train.steps, seed)
        self.scenario, self.folder = scenario, folder
        self.split = split or load_split(scenario, seed, folder, kind)
        self.loss, self._correct, self._answers = loss, correct, answers
        self._build()

    # Building

    def _build(self) -> None:
        scenario, train = self.scenario, self.split.train
        self.network = Network(scenario.model, scenario.init, train.outputs, self.seed, self.adjustable)
        inputs, targets = data(train.inputs, "inputs"), data(train.targets, "targets")
        chosen = scenario.optimizer
        self.optimizer = optimizer(chosen.name, chosen.given)
        x, y = batch(scenario.train.batch, inputs, targets)
        output, self.parts = self.network.apply(x, training=True)
        if output.size // output.shape[0] != train.outputs:
            raise InvalidValue(
                ("model", len(scenario.model) - 1),
                f"the last layer gives {output.size // output.shape[0]} numbers per example, "
                f"but the data needs {train.outputs}.",
            )
        with scope("loss"):
            loss = self.loss(output, y)
        self.training_step = training_step(loss, self.network, self.optimizer, self.adjustable)
        self.gradients = self.training_step.gradients
        self.device_metrics = DeviceMetrics(scenario.watch)
        self._add_metrics(inputs, targets)
        self.inspection = Inspection(
            self,
            scenario,
            self.network,
            self.loss,
            self.split,
            self.probe_data,
            self.parts,
            self.probe_parts,
            self.gradients,
            self.measured_network,
        )
        self.figures = Figures(self.inspection, scenario.options.get("pictures"))
        self.lay_out(
            {
                "step": self.training_step.program,
                "gradient": self.training_step.gradient_program,
                "measure": [*self.device_metrics.program, *self.figures.recording.program],
                "remember": self.device_metrics.remember,
            }
        )
        if self.network.given:
            self.network.first_values(self.folder)  # a file that does not fit is found now, not when the run has begun
        self.host_metrics: list[HostMetric] = watched_host_metrics(self.inspection)
        self.metrics = (*self.device_metrics.metrics, *(name for each in self.host_metrics for name in each.names))

    def _add_metrics(self, inputs: Tensor, targets: Tensor) -> None:
        chosen = probe_rows(self.split.train.count, self.seed)
        self.probe_data = self.split.train if chosen is None else self.split.train.rows(chosen)
        if chosen is not None:
            inputs = data(self.probe_data.inputs, "probe inputs")
            targets = data(self.probe_data.targets, "probe targets")
        output, self.probe_parts = self.network.apply(inputs, training=False)
        held, validation_loss, validation_correct = self.split.validation, None, None
        validation_answers = validation_targets = None
        with scope("measure"):
            loss, correct = self.loss(output, targets), self._count(output, targets)
            answers = self._answers(output)
        if held is not None and any(name.startswith("val_") for name in self.scenario.watch):
            validation_targets = data(held.targets, "validation targets")
            output, _ = self.network.apply(data(held.inputs, "validation inputs"), training=False)
            with scope("measure"):
                validation_loss, validation_correct = (
                    self.loss(output, validation_targets),
                    self._count(output, validation_targets),
                )
                validation_answers = self._answers(output)
        with scope("measure"):
            self.measured_network = MeasuredNetwork(
                frozenset(self.scenario.watch),
                self.probe_parts,
                self.network.parameters,
                self.gradients,
                loss,
                correct,
                self.probe_data.count,
                validation_loss,
                validation_correct,
                held.count if held else 0,
                self.device_metrics.keep,
                self.device_metrics.copy_before_step,
                self.training_step.learning_rate,
                answers,
                targets,
                validation_answers,
                validation_targets,
                self.probe_data.classes,
            )
            self.device_metrics.build(self.measured_network)

    def _count(self, output: Tensor, targets: Tensor) -> Tensor | None:
        return self._correct(output, targets) if self._correct else None

    # Running

    def prepare(self) -> None:
        """Take the memory, draw the first weights, and compute the gradient that the first step will use."""
        super().prepare()
        self.begin(self.network, self.folder)
        self.run_beside("gradient")
        self.search_steps(self.training_step)

    def measure(self) -> dict[str, float]:
        self.run_beside("measure")
        values = self._measured(self.memory.arena, 0, self.step)
        for each in self.host_metrics:
            values |= each.measure()
        return values

    def _measured(self, memory: np.ndarray, first: int, step: int) -> dict[str, float]:
        """The metrics of the device from a stretch of the arena from its element `first` on, once it was measured."""
        (kept, kept_end), (recorded, recorded_end) = self._stretches
        values = self.device_metrics.values(memory[kept - first : kept_end - first], step)
        if recorded_end > recorded:
            self.figures.recording.record(memory[recorded - first : recorded_end - first], step)
        return values

    @functools.cached_property
    def _stretches(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Where in the arena statistics and what is recorded stand: their first elements, and those behind the last."""

        def stretch(storage: Storage) -> tuple[int, int]:
            if not self.layout.knows(storage.whole):
                return 0, 0
            _, offset = self.layout.place(storage.whole)
            return offset, offset + storage.whole.size

        return stretch(self.device_metrics.kept), stretch(self.figures.recording.kept)

    def streamed(self) -> tuple[int, int]:
        """See `ProgramExperiment.streamed`. Host metrics need the network as it is then: with one, none streams."""
        places = [(first, end) for first, end in self._stretches if end > first]
        if self.host_metrics or not places:
            return 0, 0
        first, end = min(first for first, _ in places), max(end for _, end in places)
        return (first, end - first) if end - first <= MOST_STREAMED else (0, 0)

    def take_measurement(self, numbers: np.ndarray, step: int) -> dict[str, float]:
        return self._measured(numbers, self.streamed()[0], step)

    def pictures(self) -> list[Picture]:
        return self.figures.pictures()

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | self.figures.recording.state()

    def restore(self, state: dict[str, np.ndarray]) -> None:
        recorded = {name: array for name, array in state.items() if name.startswith("recorded")}
        self.figures.recording.restore(recorded)
        super().restore({name: array for name, array in state.items() if name not in recorded})

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers(self.network.kept)

    @property
    def layers(self) -> Sequence[BuiltLayer]:
        """The network's layers as they were built for training."""
        return self.parts


def load_split(scenario: Scenario, seed: int, folder: Path | None, kind: TargetKind) -> Split:
    """The data of a scenario, whose targets must be of this kind. Raises InvalidValue."""
    if scenario.data is None:
        raise InvalidValue(("data",), "this task needs data, such as {name: spiral}.")
    try:
        split: Split = load_data(scenario.data, seed, folder)
    except InvalidValue as error:
        raise error.under("data") from None
    if split.train.kind != kind:
        raise InvalidValue(("data",), f"has {split.train.kind} as targets, but this task needs {kind}.")
    return split


def probe_rows(count: int, seed: int) -> np.ndarray | None:
    """Which training examples make up the probe set: all (None), or a fixed sample of `PROBE_LIMIT`."""
    if count <= PROBE_LIMIT:
        return None
    from lab.nets.initialisers import generator

    return np.sort(generator(seed, "probe set").choice(count, PROBE_LIMIT, replace=False))
