"""The exact definition of every number that is measured of a network in training. One place, for every viewer.

The **probe set** is the training set, or a fixed sample of 1,024 of its examples if it is larger. `loss`, `accuracy` and
everything about activations are measured on it, forward, with the weights as they are now. Gradients and updates are
those of the last training step.

Kernels compute the numbers of each layer; those of the whole network follow from them in `values`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kernels import probes as kernels
from kernels.arrays import copy
from kernels.memory import Memory
from lab.graph import Layout, Tensor, assign, constant
from lab.graph.tensor import Storage, call, padded
from lab.nets.network import Part
from lab.nets.optimisers import is_weight

LIMITS = {"tanh": (-0.99, 0.99), "sigmoid": (0.01, 0.99)}
"""Beyond which an activation counts as saturated."""


class Probes:
    """The statistics of one network, as calls of the measuring program and as numbers read after it has run.

    metrics: full names of all that will be measured
    program: what the measuring program must compute;  remember: what must run before the last step of a chunk
    """

    def __init__(self, watch: Sequence[str], parameters: Storage, gradients: Storage) -> None:
        self.watch = frozenset(watch)
        self.parameters, self.gradients = parameters, gradients
        self.statistics = Storage("statistics")
        self.program: list[Any] = []
        self.remember: list[Any] = []
        self.metrics: tuple[str, ...] = ()
        self._scales: dict[str, float] = {}  # by full name; what is kept times this is the metric
        self._units: dict[str, int] = {}  # activation layer to number of units
        self._order = {name: index for index, name in enumerate(watch)}

    # Building

    def keep(self, name: str, tensor: Tensor, scale: float = 1.0) -> None:
        """Keep a tensor of shape [1], times `scale`, as the metric with this full name."""
        place = self.statistics.member(name, (1,))
        self.program.append(assign(tensor, place))
        self._scales[name] = scale
        self._learn(name)

    def _learn(self, name: str) -> None:
        names = dict.fromkeys([*self.metrics, name])
        self.metrics = tuple(sorted(names, key=lambda each: self._order.get(each.split(".")[0], len(self._order))))

    def answers(self, prefix: str, loss: Tensor, correct: Tensor | None, count: int) -> None:
        """Loss and accuracy of a set of `count` examples, under names with this prefix (none, or `val_`)."""
        if f"{prefix}loss" in self.watch:
            self.keep(f"{prefix}loss", loss)
        if f"{prefix}accuracy" in self.watch and correct is not None:
            self.keep(f"{prefix}accuracy", correct, 1 / count)

    def gradient_norms(self) -> None:
        """Of the whole gradient, and of each layer's: weights and biases together."""
        if "grad_norm" not in self.watch:
            return
        self.keep("grad_norm", _norm(self.gradients.whole))
        for layer, stretch in layer_stretches(self.gradients).items():
            self.keep(f"grad_norm.{layer}", _norm(stretch))

    def weight_norms(self) -> None:
        """Of each layer's weights; the whole network's follows."""
        if "weight_norm" not in self.watch:
            return
        for name, tensor in self.parameters.members.items():
            if is_weight(name):
                self.keep(f"weight_norm.{name.rpartition('.')[0]}", _norm(tensor))
        self._learn("weight_norm")

    def updates(self) -> None:
        """Norm of what the last step changed over the norm of what it changed, of the whole network and per layer."""
        if "update_ratio" not in self.watch:
            return
        before = self.parameters.like("states", "before ")
        remembered = call(copy, self.parameters.whole, shapes=[before.whole.shape]).result
        self.remember.append(assign(remembered, before.whole))
        stretches = {"": (self.parameters.whole, before.whole)}
        earlier = layer_stretches(before, prefix="before ")
        for layer, stretch in layer_stretches(self.parameters).items():
            stretches[f".{layer}"] = (stretch, earlier[layer])
        for suffix, (now, then) in stretches.items():
            self.keep(f"update_ratio{suffix}", call(kernels.difference_norm, now, then, shapes=[(1,)]).result)
            place = self.statistics.member(f"before{suffix}", (1,))
            self.program.append(assign(_norm(then), place))

    def activations(self, parts: Sequence[Part]) -> None:
        """What is watched of each activation layer's outputs on the probe set."""
        for part in parts:
            kind, y = part.layer, part.y
            if not kind.activation:
                continue
            self._units[part.name] = y.shape[-1]
            if "dead_relu" in self.watch and kind.can_die:
                self.keep(f"dead_relu.{part.name}", call(kernels.dead_units, y, shapes=[y.shape[-1:], (1,)]).results[1])
                self._learn("dead_relu")
            if self.watch & {"activation_mean", "activation_std"}:
                mean, deviation = call(kernels.mean_and_deviation, y, shapes=[(1,), (1,)]).results
                self.keep(f"activation_mean.{part.name}", mean)
                self.keep(f"activation_std.{part.name}", deviation)
                self._learn("activation_mean")
                self._learn("activation_std")
            if "saturation" in self.watch and kind.name in LIMITS:
                low, high = (constant(each) for each in LIMITS[kind.name])
                self.keep(f"saturation.{part.name}", call(kernels.saturation, y, low, high, shapes=[(1,)]).result)
                self._learn("saturation")
        if "rate" in self.watch:
            self._learn("rate")

    # Reading

    def values(self, layout: Layout, memory: Memory, step: int, rate: float) -> dict[str, float]:
        """Every watched metric by full name, after the measuring program has run."""
        numbers = layout.view(memory, self.statistics.whole).tolist() if self.statistics.members else []
        kept = {name: numbers[place.offset] for name, place in self.statistics.members.items()}
        values = {name: kept[name] * scale for name, scale in self._scales.items()}
        for name in [each for each in values if each.startswith("update_ratio")]:
            before = kept[f"before{name.removeprefix('update_ratio')}"]
            if step == 0:
                del values[name]  # there was no update yet
            else:
                values[name] = values[name] / before if before else math.inf
        for metric in ("dead_relu", "saturation", "activation_mean"):
            self._average(metric, values)
        self._pooled_deviation(values)
        norms = [value for name, value in values.items() if name.startswith("weight_norm.")]
        if norms:
            values["weight_norm"] = math.hypot(*norms)
        values["rate"] = rate
        return {name: values[name] for name in self.metrics if name in values and name.split(".")[0] in self.watch}

    def _layers(self, metric: str, values: dict[str, float]) -> list[tuple[int, float]]:
        """(units, value) of every layer that has the metric."""
        names = ((layer, f"{metric}.{layer}") for layer in self._units)
        return [(self._units[layer], values[name]) for layer, name in names if name in values]

    def _average(self, metric: str, values: dict[str, float]) -> None:
        layers = self._layers(metric, values)
        if layers:
            values[metric] = sum(units * value for units, value in layers) / sum(units for units, _ in layers)

    def _pooled_deviation(self, values: dict[str, float]) -> None:
        means, deviations = self._layers("activation_mean", values), self._layers("activation_std", values)
        if deviations:
            middle, total = values["activation_mean"], sum(units for units, _ in means)
            pairs = zip(means, deviations, strict=True)
            square = sum(units * (std * std + (mean - middle) ** 2) for (units, mean), (_, std) in pairs) / total
            values["activation_std"] = math.sqrt(square) if math.isfinite(square) else square


def _norm(tensor: Tensor) -> Tensor:
    return call(kernels.norm, tensor, shapes=[(1,)]).result


def layer_stretches(storage: Storage, prefix: str = "") -> dict[str, Tensor]:
    """Each layer's members as one flat tensor (padding between them is zero), by layer name."""
    ends: dict[str, tuple[int, int]] = {}
    for name, tensor in storage.members.items():
        layer = name.removeprefix(prefix).rpartition(".")[0]
        begin, _ = ends.get(layer, (tensor.offset, 0))
        ends[layer] = (begin, tensor.offset + padded(tensor.size))
    return {
        layer: Tensor((end - begin,), layer, base=storage.whole, offset=begin) for layer, (begin, end) in ends.items()
    }
