"""Errata: gradient rules with a mistake that people make, to see whether a check finds it. Nothing else uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kernels import relu as relu_kernels
from kernels import sigmoid as sigmoid_kernels
from kernels import softmax as softmax_kernels
from kernels import tanh as tanh_kernels
from lab.graph import Call, Tensor
from lab.graph.gradients import RULES, Gradients, Rule


@dataclass(frozen=True)
class PlantedBug:
    """What is wrong, in words, and the wrong rule of one kernel."""

    says: str
    kernel: str
    rule: Rule

    @property
    def rules(self) -> Mapping[str, Rule]:
        """For `differentiate(…, rules=…)`."""
        return {self.kernel: self.rule}


def _tanh_without_square(forward: Call, dy: Tensor) -> Gradients:
    return (-forward.result + 1.0) * dy


def _sigmoid_without_second_factor(forward: Call, dy: Tensor) -> Gradients:
    return forward.result * dy


def _relu_always_on(forward: Call, dy: Tensor) -> Gradients:
    return dy


def _twice_the_loss(forward: Call, *upstream: Tensor | None) -> Gradients:
    right = RULES[forward.kernel.name](forward, *upstream)
    assert isinstance(right, Tensor)
    return right * 2.0


PLANTED_BUGS = {
    "tanh": PlantedBug(
        "the slope of tanh as 1 - y, its square forgotten", tanh_kernels.tanh.name, _tanh_without_square
    ),
    "sigmoid": PlantedBug(
        "the slope of sigmoid as y, its factor 1 - y forgotten",
        sigmoid_kernels.sigmoid.name,
        _sigmoid_without_second_factor,
    ),
    "relu": PlantedBug("the gradient passed on where a ReLU is off", relu_kernels.relu.name, _relu_always_on),
    "loss": PlantedBug(
        "the gradient of softmax cross-entropy twice as large as it is",
        softmax_kernels.softmax_cross_entropy.name,
        _twice_the_loss,
    ),
}
