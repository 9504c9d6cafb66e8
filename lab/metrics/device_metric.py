"""What a device metric is, and what it sees of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from kernels import metrics as kernels
from lab.data.target_scale import TargetScale
from lab.discovery import modules_of
from lab.graph import Storage, Tensor
from lab.graph.tensor import call
from lab.metrics.detection.heads import Heads
from lab.metrics.detection.judged import Judged
from lab.metrics.meaning import Meaning
from lab.nets.builder import BuiltLayer

Values = dict[str, float]
"""Numbers by full name: `metric` for the whole network, `metric.layer` for a layer."""
DEVICE_METRICS: list[type[DeviceMetric]] = []


@dataclass
class MeasuredNetwork:
    """A network as a device metric sees it, while the measuring program is built.

    kind:       what the targets are: classes, values, labels, objects, classes of pixels; detections: several objects
                that are to be found
    watch:      the names of the metrics that are wanted
    parts:      the layers as they were built on the evaluation sample, from input to output
    parameters: storage with every parameter;  gradients: with its gradient, at the same place
    loss, correct, count: mean loss [1] and number of right answers [1] on the evaluation sample, and how many
                examples it has
    validation_loss, validation_correct, validation_count: the same on the validation set, None where there is none
    keep:       `keep(full name, tensor [1])` makes the tensor's number known to `finish` under that name
    keep_all:   `keep_all(name, tensor)` makes all of a tensor's numbers known to `finish`, as `arrays[name]`
    remember:   `remember(source, target)` copies a tensor just before the last training step that is done before a
                measurement
    rate:       the learning rate [1]; None where there is none
    answers, targets: what the network answers on the evaluation sample [examples, outputs], and what would be right
    validation_answers, validation_targets: the same on the validation set, None where there is none
    classes:    the names of the classes or labels; empty where the targets are values
    unclipped:  the norm [1] of the gradient before penalties and clipping, if it is watched
    outputs, validation_outputs: what the network gives, where that is not what it answers
    loss_name:  the loss by its name in a scenario, which says what outputs mean; see `lab.metrics.scores.meaning`
    threshold:  labels are given above this probability; it is taken from the answers, so that those above 0 say yes
    heads:      of objects: what the numbers that the network gives stand for
    judged, validation_judged: of detections: how outputs on both sets of examples are read, and what is there
    target_scale: of values: what is learned in place of the targets; None: these themselves
    """

    kind: str
    watch: frozenset[str]
    parts: Sequence[BuiltLayer]
    parameters: Storage
    gradients: Storage
    loss: Tensor
    correct: Tensor | None
    count: int
    validation_loss: Tensor | None
    validation_correct: Tensor | None
    validation_count: int
    keep: Callable[[str, Tensor], None]
    keep_all: Callable[[str, Tensor], None]
    remember: Callable[[Tensor, Tensor], None]
    rate: Tensor | None
    answers: Tensor
    targets: Tensor
    validation_answers: Tensor | None
    validation_targets: Tensor | None
    classes: tuple[str, ...]
    unclipped: Tensor | None = None
    outputs: Tensor | None = None
    validation_outputs: Tensor | None = None
    loss_name: str = "softmax"
    threshold: float = 0.5
    heads: Heads | None = None
    judged: Judged | None = None
    validation_judged: Judged | None = None
    target_scale: TargetScale | None = None
    _dead_units: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def dead_units(self, part: BuiltLayer) -> tuple[Tensor, Tensor]:
        """Of a layer: (1 for each unit that is dead on the evaluation sample [units], their share [1]).

        A unit that stands at many positions, as in a convolution, is dead if it is 0 at all of them. Computed once,
        however many ask."""
        if part.name not in self._dead_units:
            made = call(kernels.dead_units, at_all_positions(part.y))
            self._dead_units[part.name] = made.results[0], made.results[1]
        return self._dead_units[part.name]

    @property
    def activations(self) -> list[BuiltLayer]:
        """The layers whose output is an activation, from input to output."""
        return [part for part in self.parts if part.layer.activation]


class DeviceMetric:
    """Base of all device metrics: numbers that are computed where the network is, on the CPU or on a GPU.

    A subclass may give several metrics. One instance serves one network.

    meanings:     by metric what the number means, and its unit
    target_kinds: the kinds of targets with which the metrics make sense
    arrays:       what was kept by `keep_all`, by name, while `finish` is called
    """

    arrays: Mapping[str, np.ndarray]

    meanings: ClassVar[dict[str, Meaning]] = {}
    target_kinds: ClassVar[frozenset[str]] = frozenset(
        {"classes", "values", "labels", "objects", "pixels", "detections"}
    )

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        DEVICE_METRICS.append(cls)

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        """Add what is needed to the measuring program; returns the full names of the metrics it will give.

        Called only if one of its metrics is watched."""
        raise NotImplementedError

    def finish(self, values: Values, step: int) -> None:
        """Turn the kept numbers in `values` into the metrics, in place, after the measuring program has run."""


def load_device_metrics() -> list[type[DeviceMetric]]:
    """Every kind of device metric; imports every file of this folder once."""
    modules_of("lab.metrics")
    return DEVICE_METRICS


def device_metric_meanings(kind: str) -> dict[str, Meaning]:
    """Every metric of a network in training whose targets are of this kind, with what it means."""
    return {
        name: text
        for metric in load_device_metrics()
        if kind in metric.target_kinds
        for name, text in metric.meanings.items()
    }


def at_all_positions(tensor: Tensor) -> Tensor:
    """A tensor [examples, …, units] as a matrix [examples × positions, units], in the same memory."""
    return tensor if len(tensor.shape) == 2 else tensor.reshape(-1, tensor.shape[-1])


def average(values: Values, metric: str, weights: dict[str, int]) -> None:
    """The network's metric from its layers': their mean, each weighed by how many of what it is a mean over.

    weights: layer to its number of units, of outputs, or of parameters
    """
    total, examined = 0.0, 0
    for layer, count in weights.items():
        value = values.get(f"{metric}.{layer}")
        if value is not None:
            total += count * value
            examined += count
    if examined:
        values[metric] = total / examined
