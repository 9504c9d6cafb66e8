"""What comes back through the activation layers: the gradient of the loss with respect to their outputs."""

from __future__ import annotations

from collections.abc import Sequence

from kernels import metrics as kernels
from lab.graph import differentiate
from lab.graph.tensor import call
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values
from lab.metrics.meaning import PLAIN


class BackwardSignal(DeviceMetric):
    """The spread of the gradient that reaches each activation layer.

    The gradient of a weight is this signal times what the layer below sends forward.
    """

    meanings = {
        "signal_std": PLAIN.of(
            "standard deviation, over units and evaluation sample, of the gradient of an example's loss with "
            "respect to the outputs of an activation layer"
        )
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        parts = network.activations
        found = differentiate(network.loss, [part.y for part in parts])
        self._names = []
        for part, gradient in zip(parts, found, strict=True):
            if gradient is not None:
                self._names.append(f"signal_std.{part.name}")
                network.keep(self._names[-1], call(kernels.mean_and_deviation, gradient).results[1])
        self._count = network.count
        return self._names

    def finish(self, values: Values, step: int) -> None:
        for name in self._names:
            values[name] *= self._count  # the loss is a mean over the examples
