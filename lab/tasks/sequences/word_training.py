"""A network in training on examples and words: what the experiments behind `caption`, `answer` and `translate` have in
common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kernels.batches import choose_batch, gather_rows
from kernels.plan import STEP
from lab.data import Data, Split
from lab.data.images.pixels import Pixels
from lab.errors import InvalidValue
from lab.graph import Tensor, assign, constant, scope
from lab.graph.tensor import Storage, call
from lab.metrics import DeviceMetrics, MeasuredNetwork
from lab.nets.builder import BuiltLayer
from lab.nets.network import Network
from lab.nets.optimizers import optimizer
from lab.nets.sequence_states import SequenceStates
from lab.nets.training_step import TrainingStep, training_step
from lab.scenario import Scenario
from lab.tasks.programs import ProgramExperiment
from lab.tasks.training.batches import BATCH_STREAM
from lab.tasks.training.examples import ImagePool, Inputs

MEASURED = 512
"""Of so many training and of so many held-back examples at most the measured ones consist."""


@dataclass(frozen=True)
class Examples:
    """Examples as tensors: images [n, height, width, channels] or symbols [n, time], targets [n] or [n, words], and
    [n, words] for what is asked."""

    inputs: Tensor
    targets: Tensor
    asked: Tensor | None = None


@dataclass(frozen=True)
class Judged:
    """What a network gave for examples.

    loss [1], and how many were right [1]; answers and wanted: logits [rows, classes] and classes [rows]
    """

    loss: Tensor
    correct: Tensor
    answers: Tensor
    wanted: Tensor
    layers: list[BuiltLayer]
    states: SequenceStates


class WordTraining(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`. Those who inherit say how examples are judged and shown."""

    network: Network
    most_shown: ClassVar[int] = 6
    """So many held-back examples are looked at."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any, split: Split) -> None:
        super().__init__(scenario.train.steps, seed)
        self.scenario, self.folder, self.options, self.split = scenario, folder, options, split
        self._pool = ImagePool()
        train = split.train
        self.network = Network(scenario.model, scenario.init, train.outputs, seed, self.adjustable)
        with scope("batch"):
            batch = self._batch()
        judged = self.judge(batch, training=True)
        self.layers = judged.layers
        self.network.require_symbols(train.inputs, split.validation.inputs if split.validation else None)
        rule = optimizer(scenario.optimizer.name, scenario.optimizer.given)
        step = training_step(judged.loss, self.network, rule, self.adjustable)
        self.gradients = step.gradients
        self.device_metrics = DeviceMetrics(scenario.watch)
        held = split.validation
        self.shown = (held or train).rows(np.arange(min(self.most_shown, (held or train).count)))
        self._look = Storage("statistics")
        programs = {"step": step.program, "gradient": step.gradient_program}
        self._measure(step)
        programs |= {"measure": self.device_metrics.program, "remember": self.device_metrics.remember}
        known = dict.fromkeys((*self.device_metrics.metrics, *self.extra()))
        self.metrics = tuple(
            each for name in scenario.watch for each in known if each == name or each.startswith(f"{name}.")
        )
        programs |= self.more_programs()
        with scope("look"):
            programs["look"] = [
                assign(each, self._look.member(name, each.shape)) for name, each in self.looked().items()
            ]
        self.lay_out(programs)
        if self.network.given:
            self.network.first_values(folder)

    # What those who inherit say

    def judge(self, examples: Examples, training: bool) -> Judged:
        """Build the network on examples."""
        raise NotImplementedError

    def measured_too(self, judged: Judged, examples: Examples, data: Data) -> dict[str, Tensor]:
        """Further metrics [1] of the held-back examples, by name."""
        return {}

    def extra(self) -> tuple[str, ...]:
        """The names of metrics that are measured on the host."""
        return ()

    def more_programs(self) -> dict[str, list[Any]]:
        """Programs beside the usual ones."""
        return {}

    def looked(self) -> dict[str, Tensor]:
        """What is to be seen of the shown examples, by name; see `seen`."""
        raise NotImplementedError

    # Building

    def _inputs(self, part: Data, name: str) -> Inputs:
        return Inputs(part.inputs, name, self._pool)

    def _batch(self) -> Examples:
        train, size = self.split.train, self.scenario.train.batch
        if isinstance(size, str) or size >= train.count:
            return self.whole(train, "training")
        bits = max(1, -(-(train.count - 1).bit_length() // 2))
        chosen = call(choose_batch, shapes=[(size,)], N=train.count, bits=bits, stream=BATCH_STREAM).result

        def rows(table: np.ndarray, name: str) -> Tensor:
            made = call(gather_rows, constant(table.reshape(len(table), -1), name), chosen).result
            return made.reshape(size, *table.shape[1:])

        return Examples(
            self._inputs(train, "inputs").chosen(chosen),
            rows(train.targets, "targets"),
            None if train.asked is None else rows(train.asked, "questions"),
        )

    def whole(self, part: Data, name: str) -> Examples:
        """All examples of a part of the data."""
        asked = None if part.asked is None else constant(part.asked, f"{name} questions")
        inputs = self._inputs(part, f"{name} inputs").whole()
        return Examples(inputs, constant(part.targets, f"{name} targets"), asked)

    def _measure(self, step: TrainingStep) -> None:
        sample = some(self.split.train)
        judged = self.judge(self.whole(sample, "measured"), training=False)
        held = None if self.split.validation is None else some(self.split.validation)
        other = None
        if held is not None:
            examples = self.whole(held, "held")
            other = self.judge(examples, training=False)
        self.device_metrics.build(
            MeasuredNetwork(
                watch=frozenset(self.scenario.watch),
                parts=judged.layers,
                parameters=self.network.parameters,
                gradients=step.gradients,
                loss=judged.loss,
                correct=judged.correct,
                count=sample.count,
                validation_loss=None if other is None else other.loss,
                validation_correct=None if other is None else other.correct,
                validation_count=0 if held is None else held.count,
                kind="classes",
                keep=self.device_metrics.keep,
                keep_all=self.device_metrics.keep_all,
                remember=self.device_metrics.copy_before_step,
                rate=step.learning_rate,
                answers=judged.answers,
                targets=judged.wanted,
                validation_answers=None if other is None else other.answers,
                validation_targets=None if other is None else other.wanted,
                classes=self.split.train.classes,
            )
        )
        if other is None or held is None:
            return
        with scope("measure"):
            for name, number in self.measured_too(other, examples, held).items():
                if name in self.scenario.watch:
                    self.device_metrics.keep(name, number)
                    self.device_metrics.metrics = (*self.device_metrics.metrics, name)

    # While it runs

    def prepare(self) -> None:
        """Take the memory, draw the first weights, and compute the gradient that the first step will use."""
        super().prepare()
        self.begin(self.network, self.folder)
        self.run_beside("gradient")

    def measured_stretch(self) -> tuple[int, int]:
        return self.layout.stretch(self.device_metrics.kept)

    def measured_values(self, numbers: np.ndarray, first: int, step: int) -> dict[str, float]:
        return self.device_metrics.values_of(self.layout, numbers, first, step)

    def run_at(self, name: str, step: int) -> None:
        """Run another program as if it were a step of this number, which is what it draws by."""
        state = self.memory.state.copy()
        self.memory.state[STEP] = step
        self.run_beside(name)
        self.memory.state[:] = state

    def seen(self) -> dict[str, np.ndarray]:
        """What `looked` asked for, with the weights of now."""
        self.run_beside("look")
        return self.numbers(self._look.members)

    def shown_images(self) -> np.ndarray:
        """The shown images as they are before any preparation, from 0 to 1, [n, height, width, 3]."""
        pixels = self.shown.inputs
        assert isinstance(pixels, Pixels)
        return np.asarray(Pixels(pixels.pool, pixels.rows))

    def weights(self) -> dict[str, np.ndarray]:
        """The parameters by name."""
        return self.numbers(self.network.kept)


def some(part: Data) -> Data:
    """At most `MEASURED` examples, always the same ones of the same data."""
    return part if part.count <= MEASURED else part.rows(np.arange(MEASURED))


def require_pictures(data: Data, needed: bool, name: str) -> None:
    """Raises InvalidValue if the data are not images with words."""
    if not isinstance(data.inputs, Pixels) or not needed:
        raise InvalidValue(("data",), f"this task needs images with words, such as {{name: {name}}}.")
