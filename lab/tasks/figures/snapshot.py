"""A network in training as a figure sees it: its weights, gradients, outputs and answers now, and what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from lab.graph import Tensor
from lab.nets.builder import BuiltLayer
from lab.tasks.figures.recording import Recording
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor

Made = TypeVar("Made")

AT_ONCE = 128
"""So many images are computed at a time,"""
LARGE = 256
"""if they have at least so many pixels."""


class Snapshot:
    """Good for one drawing; nothing is computed that is not asked for.

    shared: what the figures of this drawing have in common, see `once`
    """

    def __init__(
        self,
        inspection: Inspection,
        figure: str,
        recording: Recording,
        predictors: dict[object, Predictor],
        shared: dict[object, Any],
    ) -> None:
        self.inspection = inspection
        self._figure, self._recording, self._predictors, self._shared = figure, recording, predictors, shared

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """What `make` gives, which is called once for all figures of a drawing that ask with the same key."""
        if key not in self._shared:
            self._shared[key] = make()
        made: Made = self._shared[key]
        return made

    def history(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps [moments] and values [moments, *shape] of what the figure records under this name."""
        return self._recording.history(f"{self._figure}.{name}")

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """Parameters and running numbers by name."""
        return self.inspection.weights()

    @cached_property
    def gradients(self) -> dict[str, np.ndarray]:
        """The gradient that the last update used (at step 0: that the first will use), by parameter."""
        return self.inspection.gradient()

    def answers(self, inputs: np.ndarray, regions: np.ndarray | None = None) -> np.ndarray:
        """What the network gives for inputs [n, …]: [n, outputs], evaluated (no dropout, running statistics).

        regions: the boxes [n, regions, 4] that a detector proposes in them, if it does
        """
        return self._predict(inputs, "output", lambda output, parts: {"output": output}, regions)["output"]

    @cached_property
    def outputs(self) -> dict[str, np.ndarray]:
        """What comes out of each activation layer on the evaluation sample, by name, from input to output.

        [examples, …, units]; between them stand the positions, such as height and width, where the layer has any.
        """
        names, detection = activation_layers(self.inspection), self.inspection.detection
        sample = self.inspection.evaluation_sample
        return self._predict(
            sample.numbers,
            "layers",
            lambda output, parts: {p.name: p.y for p in parts if p.name in names},
            detection.regions(sample) if detection else None,
        )

    def _predict(
        self,
        inputs: np.ndarray,
        what: str,
        wanted: Callable[[Tensor, list[BuiltLayer]], dict[str, Tensor]],
        regions: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        if inputs.ndim == 4 and inputs.shape[1] * inputs.shape[2] >= LARGE and len(inputs) > AT_ONCE:
            # Part by part, all parts of one size: a program for all images at once would take as much memory for each
            # replica.
            padded = np.resize(np.arange(len(inputs)), -(-len(inputs) // AT_ONCE) * AT_ONCE).reshape(-1, AT_ONCE)
            found: dict[str, np.ndarray] = {}
            for first, rows in zip(range(0, len(inputs), AT_ONCE), padded, strict=True):
                for name, part in self._predict(
                    inputs[rows], what, wanted, None if regions is None else regions[rows]
                ).items():
                    each = part.shape[0] // AT_ONCE  # rows that a layer makes of one image
                    whole = found.setdefault(name, np.empty((each * len(inputs), *part.shape[1:]), part.dtype))
                    whole[each * first : each * (first + AT_ONCE)] = part[: each * (len(inputs) - first)]
            return found
        key = (what, inputs.shape)
        if key not in self._predictors:
            boxes = 0 if regions is None else regions.shape[1]
            self._predictors[key] = Predictor(self.inspection.network, inputs.shape, wanted, regions=boxes)
        return self._predictors[key](inputs, self.weights, self.inspection.settings(), regions=regions)


def some(count: int, most: int) -> np.ndarray:
    """The numbers of at most so many of `count` examples, in rising order, always the same ones.

    Chosen at random, so that no order of the examples, such as class by class, leaves any kind of them out.
    """
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))


def activation_layers(inspection: Inspection) -> list[str]:
    """Names of the activation layers, from input to output."""
    return [part.name for part in inspection.evaluated_layers if part.layer.activation]
