"""What comes out of the activation layers on the evaluation sample: mean, spread, saturation, dead units."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kernels import metrics as kernels
from lab.graph import constant
from lab.graph.tensor import call
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values, average
from lab.metrics.meaning import PLAIN, SHARE
from lab.nets.builder import BuiltLayer

ANYTHING = 3e38  # nearly the largest float32
SATURATED = {"tanh": (-0.99, 0.99), "sigmoid": (0.01, 0.99), "elu": (-0.99, ANYTHING)}
"""Below and above which an output counts as saturated, by kind of layer; for ELU, times its alpha."""


def outputs_per_example(part: BuiltLayer) -> int:
    """How many numbers a layer gives for one example: its units, at all positions where they stand."""
    return part.y.size // part.y.shape[0]


class DeadUnits(DeviceMetric):
    """The share of dead units in each layer of ReLU's family, and in all of them together."""

    meanings = {
        "dead_relu": SHARE.of(
            "share of ReLU units that output zero for every example of the evaluation sample", higher_is_better=False
        )
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._units = {}
        for part in network.activations:
            if part.layer.can_die:
                self._units[part.name] = part.y.shape[-1]
                network.keep(f"dead_relu.{part.name}", network.dead_units(part)[1])
        return ["dead_relu", *(f"dead_relu.{name}" for name in self._units)] if self._units else []

    def finish(self, values: Values, step: int) -> None:
        average(values, "dead_relu", self._units)


class ActivationMoments(DeviceMetric):
    """Mean and standard deviation of each activation layer's outputs, over units, their positions and examples.

    The network's are those of all outputs of all layers taken together.
    """

    meanings = {
        "activation_mean": PLAIN.of("mean of the activations over units and evaluation sample"),
        "activation_std": PLAIN.of("standard deviation of the activations over units and evaluation sample"),
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._outputs = {part.name: outputs_per_example(part) for part in network.activations}
        for part in network.activations:
            mean, deviation = call(kernels.mean_and_deviation, part.y).results
            network.keep(f"activation_mean.{part.name}", mean)
            network.keep(f"activation_std.{part.name}", deviation)
        if not self._outputs:
            return []
        return [name for metric in self.meanings for name in (metric, *(f"{metric}.{each}" for each in self._outputs))]

    def finish(self, values: Values, step: int) -> None:
        average(values, "activation_mean", self._outputs)
        total, square = 0, 0.0
        for name, outputs in self._outputs.items():
            distance = values[f"activation_mean.{name}"] - values["activation_mean"]
            square += outputs * (values[f"activation_std.{name}"] ** 2 + distance**2)
            total += outputs
        if total:
            values["activation_std"] = math.sqrt(square / total) if math.isfinite(square) else square


class Saturation(DeviceMetric):
    """The share of saturated outputs of each layer whose function has limits, and of all of them together."""

    meanings = {
        "saturation": SHARE.of(
            "share of outputs close to a limit of their function: |y| > 0.99 for tanh, below 0.01 or above "
            "0.99 for sigmoid, below -0.99 of the alpha it began with for ELU",
            higher_is_better=False,
        )
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._outputs = {}
        for part in network.activations:
            if part.layer.name in SATURATED:
                self._outputs[part.name] = outputs_per_example(part)
                low, high = SATURATED[part.layer.name]
                limits = constant(low * getattr(part.layer, "alpha", 1.0)), constant(high)
                network.keep(f"saturation.{part.name}", call(kernels.saturation, part.y, *limits).result)
        return ["saturation", *(f"saturation.{name}" for name in self._outputs)] if self._outputs else []

    def finish(self, values: Values, step: int) -> None:
        average(values, "saturation", self._outputs)
