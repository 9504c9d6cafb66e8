"""How large gradients, weights and updates are."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kernels import metrics as kernels
from lab.graph.tensor import Storage, Tensor, aligned_size, call
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values
from lab.metrics.meaning import PLAIN, RATIO
from lab.nets.optimizers import is_weight


def norm(tensor: Tensor) -> Tensor:
    """The Euclidean norm of all elements of a tensor of any shape: [1]."""
    return call(kernels.norm, tensor).result


def layer_of(parameter: str) -> str:
    """The layer of a parameter's name: `dense1` of `dense1.weight`."""
    return parameter.rpartition(".")[0]


def layer_stretches(storage: Storage) -> dict[str, Tensor]:
    """Each layer's members as one flat tensor (padding between them is zero), by layer name."""
    ends: dict[str, tuple[int, int]] = {}
    for name, tensor in storage.members.items():
        begin, _ = ends.get(layer_of(name), (tensor.offset, 0))
        ends[layer_of(name)] = (begin, tensor.offset + aligned_size(tensor.size))
    return {
        layer: Tensor((end - begin,), layer, base=storage.whole, offset=begin) for layer, (begin, end) in ends.items()
    }


class GradientNorm(DeviceMetric):
    """The length of the whole gradient, and of each layer's, weights and biases together."""

    meanings = {
        "grad_norm": PLAIN.of(
            "Euclidean norm of the gradient that the last update used, with penalties and after clipping; at "
            "step 0, of the one that the first update will use",
            higher_is_better=False,
        ),
        "unclipped_grad_norm": PLAIN.of(
            "Euclidean norm of the same gradient of the loss before penalties and clipping", higher_is_better=False
        ),
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        stretches = {"grad_norm": network.gradients.whole}
        stretches |= {f"grad_norm.{layer}": each for layer, each in layer_stretches(network.gradients).items()}
        if "grad_norm" not in network.watch:
            stretches = {}
        for name, stretch in stretches.items():
            network.keep(name, norm(stretch))
        if "unclipped_grad_norm" in network.watch and network.unclipped is not None:
            network.keep("unclipped_grad_norm", network.unclipped)
            stretches["unclipped_grad_norm"] = network.unclipped
        return list(stretches)


class WeightNorm(DeviceMetric):
    """The length of each layer's weights, and of all weights of the network."""

    meanings = {"weight_norm": PLAIN.of("Euclidean norm of the weights, without biases and slopes")}

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._names = []
        for name, tensor in network.parameters.members.items():
            if is_weight(name):
                self._names.append(f"weight_norm.{layer_of(name)}")
                network.keep(self._names[-1], norm(tensor))
        return ["weight_norm", *self._names]

    def finish(self, values: Values, step: int) -> None:
        values["weight_norm"] = math.hypot(*(values[name] for name in self._names))


class UpdateRatio(DeviceMetric):
    """How large the last update was beside what it changed, for the whole network and for each layer.

    At step 0, when there was no update yet, there is no such number.
    """

    meanings = {"update_ratio": RATIO.of("norm of the last update over the norm of the parameters it changed")}

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        before = Storage("states")
        for name, tensor in network.parameters.members.items():
            before.member(name, tensor.shape)
        network.remember(network.parameters.whole, before.whole)
        pairs = {"update_ratio": (network.parameters.whole, before.whole)}
        earlier = layer_stretches(before)
        for layer, stretch in layer_stretches(network.parameters).items():
            pairs[f"update_ratio.{layer}"] = (stretch, earlier[layer])
        for name, (now, then) in pairs.items():
            network.keep(name, call(kernels.difference_norm, now, then).result)
            network.keep(f"before {name}", norm(then))
        self._names = list(pairs)
        return self._names

    def finish(self, values: Values, step: int) -> None:
        for name in self._names:
            before = values.pop(f"before {name}")
            if step == 0:
                del values[name]
            else:
                # Biases that are 0 and stay so have not changed; those that leave 0 have grown beyond all measure.
                values[name] = values[name] / before if before else math.inf if values[name] else 0.0


class Rate(DeviceMetric):
    """The learning rate as it is now."""

    meanings = {"rate": PLAIN.of("the learning rate as it is now, with its schedule")}

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        if network.rate is None:
            return []
        network.keep("rate", network.rate)
        return ["rate"]
