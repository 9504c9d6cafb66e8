"""How different the units of a layer are from each other."""

from __future__ import annotations

from collections.abc import Sequence

from lab.graph import functions as f
from lab.graph.tensor import Tensor
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values, at_all_positions
from lab.metrics.meaning import PLAIN
from lab.metrics.norms import layer_of
from lab.nets.optimizers import is_weight


class UnitSpread(DeviceMetric):
    """How far units of a layer are apart, in a weight or a bias; the network's number is that of its hidden layers."""

    meanings = {
        "unit_spread": PLAIN.of(
            "largest difference between two units of a layer in the weight of one input, or in the bias; 0 "
            "if all units are copies of each other; for the network, the largest of all layers but the last"
        )
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        members = network.parameters.members
        self._names = []
        for name, weight in members.items():
            if is_weight(name) and len(weight.shape) >= 2:
                metric = f"unit_spread.{layer_of(name)}"
                self._names.append(metric)
                network.keep(metric, _spread(at_all_positions(weight)))
                bias = members.get(f"{layer_of(name)}.bias")
                if bias is not None:
                    network.keep(f"bias {metric}", _spread(bias.reshape(1, bias.size)))
        return ["unit_spread", *self._names] if self._names else []

    def finish(self, values: Values, step: int) -> None:
        for name in self._names:
            values[name] = max(values[name], values.pop(f"bias {name}", 0.0))
        values["unit_spread"] = max(values[name] for name in self._names[:-1] or self._names)


def _spread(weight: Tensor) -> Tensor:
    """The largest difference within a row of a matrix [inputs, units]: [1]."""
    return f.max(f.add(f.max(weight, "rows"), f.max(f.negate(weight), "rows")))
