"""Where a network that attends looks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from lab.nets.builder import BuiltLayer
from lab.pictures import Field, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.predictor import Predictor

MOST = 8
"""So many heads are shown at most, those nearest to the output."""


class Attention(Figure, name="attention"):
    """The weights of self-attention for the first sequence that is held back, a picture for each head: a row for each
    step that looks, bright at the steps it looks at. Where only some steps are asked something, these are the rows."""

    rank = 19

    def fits(self) -> bool:
        return bool(self._looking())

    def _looking(self) -> list[BuiltLayer]:
        return [part for part in self.inspection.evaluated_layers if part.attention is not None]

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        example = self.inspection.held_back(1)
        inputs = example.numbers
        looks = self._predictor(inputs, snapshot.weights, self.inspection.settings())
        layers = [part.name for part in self._looking()]
        length = max(int(np.flatnonzero(looks[name][0].any(axis=(0, 1)))[-1]) for name in layers) + 1
        targets, classes = example.targets[0], example.classes
        asked, written, read = np.arange(length), "steps that look", "steps"
        if example.kind == "classes" and targets.ndim == 1 and inputs.ndim == 2:
            names = [classes[int(each)] for each in inputs[0, :length]]
            read = f"reads {spelled(names)}"
            if targets[:length].any():
                asked = np.flatnonzero(targets[:length])
                written = f"writes {spelled([classes[int(each)] for each in targets[asked]])}"
        rows = {name: looks[name][0][:, asked, :length] for name in layers}
        return attention_maps(rows, read, written)

    @cached_property
    def _predictor(self) -> Predictor:
        return Predictor(
            self.inspection.network,
            self.inspection.held_back(1).inputs.shape,
            lambda output, parts: {part.name: part.attention for part in parts if part.attention is not None},
        )


def attention_maps(looks: Mapping[str, np.ndarray], read: str, written: str) -> list[Picture]:
    """A picture for each head of each layer, [heads, steps, places] by the layer's name, the nearest to the output at
    most. read, written: what stands at the places and at the steps, for the axes"""
    layers = list(looks)
    heads = [(name, head) for name in layers for head in range(len(looks[name]))][-MOST:]
    pictures: list[Picture] = []
    for name, head in heads:
        of_layer = f", layer {layers.index(name) + 1}" if len(layers) > 1 else ""
        of_head = f", head {head + 1}" if len(looks[name]) > 1 else ""
        pictures.append(attention_map(f"Where it looks{of_layer}{of_head}", looks[name][head], read, written))
    return pictures


def attention_map(title: str, weights: np.ndarray, read: str, written: str) -> Field:
    """Weights [steps, places] as a picture: a row for each step, bright at the places it looks at.

    read, written: what stands at the places and at the steps, for the axes
    """
    steps, places = weights.shape
    return Field(
        title, weights.astype(np.float32), low=0.0, high=1.0, extent=(0.5, places + 0.5, steps + 0.5, 0.5),
        x_label=read, y_label=written, name="attention",
    )  # fmt: skip


def spelled(symbols: list[str]) -> str:
    """Symbols as a text, with spaces between those of several characters."""
    return (" " if any(len(each) > 1 for each in symbols) else "").join(symbols)
