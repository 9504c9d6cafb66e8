"""How many numbers a network learns."""

from __future__ import annotations

from collections.abc import Sequence

from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values
from lab.metrics.meaning import COUNT
from lab.metrics.norms import layer_of


class ParameterCount(DeviceMetric):
    """The number of parameters of the whole network, and of each layer that has any."""

    meanings = {"parameters": COUNT.of("number of weights, biases and other learned numbers", higher_is_better=False)}

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._counts: dict[str, int] = {"parameters": 0}
        for name, tensor in network.parameters.members.items():
            layer = f"parameters.{layer_of(name)}"
            self._counts["parameters"] += tensor.size
            self._counts[layer] = self._counts.get(layer, 0) + tensor.size
        return list(self._counts)

    def finish(self, values: Values, step: int) -> None:
        values.update({name: float(count) for name, count in self._counts.items()})
