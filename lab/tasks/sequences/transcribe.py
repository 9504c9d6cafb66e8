"""`task: transcribe`: a network reads a sequence of symbols and writes one, step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kernels.sequence_loss import count_right_steps
from lab.errors import InvalidValue
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.graph.tensor import call
from lab.metrics import device_metric_meanings
from lab.metrics.answer_scores import ClassScores
from lab.metrics.meaning import SHARE, Meaning
from lab.scenario import Scenario
from lab.tasks.figures import FigureOptions
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.task import Task, task
from lab.tasks.training.data import load_split
from lab.tasks.training.training import Training


class Options(FigureOptions):
    """Settings of the task `transcribe`."""


def asked(targets: Tensor) -> Tensor:
    """1 at the steps at which something is asked, 0 where the target is symbol 0: [batch, time]."""
    return f.minimum(targets, constant(1.0))


def loss(output: Tensor, targets: Tensor) -> Tensor:
    """Mean of -log P(right symbol) over the steps at which something is asked: [1]."""
    return f.masked_cross_entropy(output, targets, asked(targets))


def whole_sequences(output: Tensor, targets: Tensor) -> Tensor:
    """How many sequences are right at every step at which something is asked: [1]."""
    steps, rows = targets.shape[1], targets.size
    given = output.reshape(rows, -1), targets.reshape(rows), asked(targets).reshape(rows)
    return call(count_right_steps, *given, steps=steps).results[1]


def meanings_of_sequences() -> dict[str, Meaning]:
    """Those metrics that ask one answer of an example are not for sequences."""
    return {name: text for name, text in device_metric_meanings("classes").items() if name not in ClassScores.meanings}


@task("transcribe")
class Transcribe(Task):
    """A network reads a sequence of symbols and writes one, step by step: many to many, many to one, one to many.

    Trained with the softmax cross-entropy of the steps at which something is asked. The accuracy is the share of
    sequences of which every asked step is right.
    """

    Options = Options
    goes_through_examples = True
    metrics = meanings_of_sequences() | host_metric_meanings() | {
        "accuracy": SHARE.of(
            "share of the sequences in the evaluation sample of which every step that is asked is right",
            higher_is_better=True,
        ),
        "val_accuracy": SHARE.of(
            "share of the sequences in the validation set of which every step that is asked is right",
            higher_is_better=True,
        ),
    }  # fmt: skip

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Training:
        split = load_split(scenario, seed, folder, "classes")
        if split.train.targets.ndim != 2 or split.train.inputs.shape != split.train.targets.shape:
            raise InvalidValue(
                ("data",), "this task needs a symbol and an answer at each step, as {name: transcripts} has."
            )
        if not np.any(split.train.targets):
            raise InvalidValue(("data",), "nothing is asked at any step.")
        return Training(
            scenario, seed, folder, loss, whole_sequences, kind="classes", split=split, answers=_by_sequence
        )


def _by_sequence(output: Tensor) -> Tensor:
    return output.reshape(output.shape[0], -1)
