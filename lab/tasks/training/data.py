"""What a network learns from and is measured on: a split of examples, as tensors of the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lab.data import Data, Split, TargetKind
from lab.data import load as load_data
from lab.errors import InvalidValue
from lab.graph import Tensor, data
from lab.nets.initialisers import generator
from lab.scenario import Scenario
from lab.tasks.training.batches import batch

EVALUATION_LIMIT = 1024
"""Of so many training examples at most the evaluation sample consists."""

Examples = tuple[Tensor, Tensor]
"""Inputs [examples, …] and targets [examples, …]."""


class TrainingData:
    """The examples of one replica.

    evaluation_sample: the training examples on which the network is measured: all, or a fixed sample of 1,024
    """

    def __init__(self, split: Split, seed: int) -> None:
        self.split = split
        train = split.train
        self._train = data(train.inputs, "inputs"), data(train.targets, "targets")
        chosen = evaluation_rows(train.count, seed)
        self.evaluation_sample: Data = train if chosen is None else train.rows(chosen)

    def batch(self, size: int | str) -> Examples:
        """The examples of one training step; see `lab.tasks.training.batches.batch`."""
        return batch(size, *self._train)

    def evaluation(self) -> Examples:
        """The evaluation sample."""
        sample = self.evaluation_sample
        if sample is self.split.train:
            return self._train
        return data(sample.inputs, "evaluation inputs"), data(sample.targets, "evaluation targets")

    def validation(self) -> Examples | None:
        """The examples that are held back, if there are any."""
        held = self.split.validation
        return (
            None if held is None else (data(held.inputs, "validation inputs"), data(held.targets, "validation targets"))
        )


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


def evaluation_rows(count: int, seed: int) -> np.ndarray | None:
    """Which of so many training examples make up the evaluation sample; None: all."""
    if count <= EVALUATION_LIMIT:
        return None
    return np.sort(generator(seed, "probe set").choice(count, EVALUATION_LIMIT, replace=False))
