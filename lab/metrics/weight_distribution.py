"""How the sizes of weights are spread: many small ones, a few large ones."""

from __future__ import annotations

from collections.abc import Sequence

from kernels import metrics as kernels
from kernels.constraints import kurtosis
from lab.graph import Tensor, constant
from lab.graph.tensor import call
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values, average
from lab.metrics.meaning import PLAIN, SHARE
from lab.metrics.norms import layer_of
from lab.nets.optimizers import is_weight

SMALL = 1e-3


def weights(network: MeasuredNetwork) -> dict[str, Tensor]:
    """Each layer's weights, by the name of the layer."""
    return {layer_of(name): each for name, each in network.parameters.members.items() if is_weight(name)}


class SmallWeights(DeviceMetric):
    """The share of weights near 0 in each layer, and in the whole network."""

    meanings = {"small_weights": SHARE.of(f"share of the weights that lie between -{SMALL} and {SMALL}")}

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._sizes = {layer: each.size for layer, each in weights(network).items()}
        for layer, each in weights(network).items():
            beyond = call(kernels.saturation, each, constant(-SMALL), constant(SMALL)).result
            network.keep(f"small_weights.{layer}", beyond)
        return ["small_weights", *(f"small_weights.{layer}" for layer in self._sizes)] if self._sizes else []

    def finish(self, values: Values, step: int) -> None:
        for layer in self._sizes:
            values[f"small_weights.{layer}"] = 1 - values[f"small_weights.{layer}"]
        average(values, "small_weights", self._sizes)


class WeightKurtosis(DeviceMetric):
    """The kurtosis of each layer's weights; the network's is the layers' mean, weighed by their number of weights."""

    meanings = {
        "weight_kurtosis": PLAIN.of(
            "how peaky the weights are: mean fourth power over squared mean square of their distance "
            "from their mean; 1.8 for uniform numbers, 3 for normal ones, more if a few stick out"
        )
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._sizes = {layer: each.size for layer, each in weights(network).items()}
        for layer, each in weights(network).items():
            network.keep(f"weight_kurtosis.{layer}", call(kurtosis, each).result)
        return ["weight_kurtosis", *(f"weight_kurtosis.{layer}" for layer in self._sizes)] if self._sizes else []

    def finish(self, values: Values, step: int) -> None:
        average(values, "weight_kurtosis", self._sizes)
