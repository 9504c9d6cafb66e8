"""Whether the weights of a unit are all pushed the same way."""

from __future__ import annotations

from collections.abc import Sequence

from kernels.signs import equal_signs
from lab.graph.tensor import call
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, at_all_positions
from lab.metrics.meaning import SHARE
from lab.metrics.norms import layer_of
from lab.nets.optimizers import is_weight


class EqualSigns(DeviceMetric):
    """How far the weights into a unit are pushed the same way, for each layer; for the network, for its last layer.

    Biases do not count.
    """

    meanings = {
        "equal_signs": SHARE.of(
            "of the gradients of one unit's weights that are not 0, the share that has the more frequent "
            "sign, mean over the units, in the gradient that the last update used; for the network, of its last layer"
        )
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        names = [name for name, each in network.gradients.members.items() if is_weight(name) and len(each.shape) >= 2]
        for name in names:
            share = call(equal_signs, at_all_positions(network.gradients.members[name])).result
            network.keep(f"equal_signs.{layer_of(name)}", share)
            if name == names[-1]:
                network.keep("equal_signs", share)
        return ["equal_signs", *(f"equal_signs.{layer_of(name)}" for name in names)] if names else []
