"""What comes out of the activation layers on the probe set: mean, spread, saturation, dead units."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kernels import metrics as kernels
from lab.graph import constant
from lab.graph.tensor import call
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values, average

ANYTHING = 3e38  # nearly the largest float32
SATURATED = {"tanh": (-0.99, 0.99), "sigmoid": (0.01, 0.99), "elu": (-0.99, ANYTHING)}
"""Below and above which an output counts as saturated, by kind of layer; for ELU, times its alpha."""


class DeadUnits(DeviceMetric):
    """Over the units of all layers of ReLU's family, and of each layer."""

    meanings = {"dead_relu": "share of ReLU units that output zero for every example of the probe set"}

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._units = {}
        for part in network.activations:
            if part.layer.can_die:
                self._units[part.name] = part.y.shape[-1]
                network.keep(f"dead_relu.{part.name}", network.dead_units(part)[1])
        return ["dead_relu", *(f"dead_relu.{name}" for name in self._units)] if self._units else []

    def finish(self, values: Values, step: int) -> None:
        average(values, "dead_relu", self._units)


class Moments(DeviceMetric):
    """Of each layer's outputs over units and examples; the network's are those of all outputs taken together."""

    meanings = {
        "activation_mean": "mean of the activations over units and probe set",
        "activation_std": "standard deviation of the activations over units and probe set",
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._units = {part.name: part.y.shape[-1] for part in network.activations}
        for part in network.activations:
            mean, deviation = call(kernels.mean_and_deviation, part.y, shapes=[(1,), (1,)]).results
            network.keep(f"activation_mean.{part.name}", mean)
            network.keep(f"activation_std.{part.name}", deviation)
        if not self._units:
            return []
        return [name for metric in self.meanings for name in (metric, *(f"{metric}.{each}" for each in self._units))]

    def finish(self, values: Values, step: int) -> None:
        average(values, "activation_mean", self._units)
        total, square = 0, 0.0
        for name, units in self._units.items():
            distance = values[f"activation_mean.{name}"] - values["activation_mean"]
            square += units * (values[f"activation_std.{name}"] ** 2 + distance**2)
            total += units
        if total:
            values["activation_std"] = math.sqrt(square / total) if math.isfinite(square) else square


class Saturation(DeviceMetric):
    """Over the units of all layers with limits, and of each layer."""

    meanings = {
        "saturation": "share of outputs close to a limit of their function: |y| > 0.99 for tanh, below 0.01 or above "
        "0.99 for sigmoid, below -0.99 of the alpha it began with for ELU"
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._units = {}
        for part in network.activations:
            if part.layer.name in SATURATED:
                self._units[part.name] = part.y.shape[-1]
                low, high = SATURATED[part.layer.name]
                limits = constant(low * getattr(part.layer, "alpha", 1.0)), constant(high)
                network.keep(f"saturation.{part.name}", call(kernels.saturation, part.y, *limits, shapes=[(1,)]).result)
        return ["saturation", *(f"saturation.{name}" for name in self._units)] if self._units else []

    def finish(self, values: Values, step: int) -> None:
        average(values, "saturation", self._units)
