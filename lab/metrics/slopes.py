"""The slopes that PReLUs have learned."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kernels import metrics as kernels
from lab.graph.tensor import call
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values, average
from lab.metrics.meaning import PLAIN
from lab.metrics.norms import layer_of


class Slopes(DeviceMetric):
    """Mean and spread of the slopes of each layer that learns them; the network's are those of all slopes together."""

    meanings = {
        "slope": PLAIN.of("mean of the learned slopes below zero"),
        "slope_spread": PLAIN.of("standard deviation of the learned slopes below zero"),
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._channels = {}
        for name, tensor in network.parameters.members.items():
            if name.endswith(".slope"):
                layer = layer_of(name)
                self._channels[layer] = tensor.size
                mean, deviation = call(kernels.mean_and_deviation, tensor).results
                network.keep(f"slope.{layer}", mean)
                network.keep(f"slope_spread.{layer}", deviation)
        if not self._channels:
            return []
        return [name for metric in self.meanings for name in (metric, *(f"{metric}.{each}" for each in self._channels))]

    def finish(self, values: Values, step: int) -> None:
        average(values, "slope", self._channels)
        square = sum(
            channels * (values[f"slope_spread.{name}"] ** 2 + (values[f"slope.{name}"] - values["slope"]) ** 2)
            for name, channels in self._channels.items()
        )
        if self._channels:
            values["slope_spread"] = math.sqrt(square / sum(self._channels.values()))
