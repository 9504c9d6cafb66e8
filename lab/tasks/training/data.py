"""What a network learns from and is measured on: a split of examples, as tensors of the graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lab.data import Data, Split, TargetKind
from lab.data import load as load_data
from lab.data.images.pixels import Pixels
from lab.data.tables.encoding import embedded, symbols_of
from lab.errors import InvalidValue
from lab.graph import Tensor, data
from lab.graph.tensor import constant
from lab.nets.builder import Builder
from lab.nets.column_inputs import column_inputs
from lab.nets.initialisers import generator
from lab.scenario import Scenario
from lab.tasks.task import task_of
from lab.tasks.training.augmented import Augmentation
from lab.tasks.training.batches import batch
from lab.tasks.training.examples import ImagePool, Inputs

EVALUATION_LIMIT = 1024
"""Of so many training examples at most the evaluation sample consists."""

Examples = tuple[Inputs, Tensor]
"""Inputs and targets [examples, …]."""

Encode = Callable[[Data], np.ndarray]
"""From examples to numbers [examples, …]."""


class TrainingData:
    """The examples of one replica.

    encode: what stands in the graph in place of the targets, if it is not these
    evaluation_sample: the training examples on which the network is measured: all, or a fixed sample of 1,024
    """

    def __init__(self, split: Split, seed: int, encode: Encode | None = None) -> None:
        self.split, self._pool, self._encode = split, ImagePool(), encode
        train = split.train
        self._train = self._examples(train)
        chosen = evaluation_rows(train.count, seed)
        self.evaluation_sample: Data = train if chosen is None else train.rows(chosen)

    def batch(self, size: int | str) -> tuple[Tensor, Tensor]:
        """The examples of one training step; see `lab.tasks.training.batches.batch`."""
        inputs, targets = self._train
        augment, pixels = self.split.augment, self.split.train.inputs
        if augment is None or not isinstance(pixels, Pixels):
            return batch(size, inputs, targets)
        changes = Augmentation(augment, pixels)
        x, y = batch(size, inputs.from_0_to_1() if changes.unit else inputs, targets)
        of_pixels = self.split.train.kind == "classes" and targets.shape[1:] == pixels.shape[1:3]
        changed, moved = changes.apply_to_both(x, y if of_pixels else None)
        return changed, y if moved is None else moved

    def evaluation(self) -> Examples:
        """The evaluation sample."""
        sample = self.evaluation_sample
        if sample is self.split.train:
            return self._train
        return self._examples(sample, "evaluation ")

    def validation(self) -> Examples | None:
        """The examples that are held back, if there are any."""
        held = self.split.validation
        return None if held is None else self._examples(held, "validation ")

    def _examples(self, part: Data, which: str = "") -> Examples:
        inputs = Inputs(part.inputs, f"{which}inputs", self._pool)
        # Which images of a pool a replica trains on is its own affair. Beside the pool, where nothing but bytes must
        # stand that all have in common, it would be one pool more for each.
        own = constant if inputs.are_bytes else data
        return inputs, own(self._encode(part) if self._encode else part.targets, f"{which}targets")


def before_layers(data: Data) -> Callable[[Tensor, Builder], Tensor] | None:
    """What stands before the first layer of a network on these examples; see `lab.nets.column_inputs`."""
    columns = data.table.columns if data.table is not None else ()
    return column_inputs(embedded(columns), symbols_of(columns))


def load_split(scenario: Scenario, seed: int, folder: Path | None, kind: TargetKind) -> Split:
    """The data of a scenario, whose targets must be of this kind. Raises InvalidValue."""
    if scenario.data is None:
        raise InvalidValue(("data",), "this task needs data, such as {name: spiral}.")
    try:
        split: Split = load_data(scenario.data, seed, folder, kind)
    except InvalidValue as error:
        raise error.under("data") from None
    if split.train.kind != kind:
        raise InvalidValue(("data",), f"has {split.train.kind} as targets, but this task needs {kind}.")
    table = split.train.table
    if table is not None and not task_of(scenario).looks_up_columns:
        for each in table.columns:
            if each.embedding or each.tokens:
                what = "look up rows of a table" if each.embedding else "read tokens"
                raise InvalidValue(("data", "columns", each.name), f"the task {scenario.task} cannot {what}.")
    return split


def evaluation_rows(count: int, seed: int) -> np.ndarray | None:
    """Which of so many training examples make up the evaluation sample; None: all."""
    if count <= EVALUATION_LIMIT:
        return None
    return np.sort(generator(seed, "probe set").choice(count, EVALUATION_LIMIT, replace=False))
