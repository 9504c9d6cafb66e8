"""Errata: gradient rules with a mistake that people make, to see whether a check finds it. Nothing else uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kernels import relu as relu_kernels
from kernels import sigmoid as sigmoid_kernels
from kernels import softmax as softmax_kernels
from kernels import tanh as tanh_kernels
from lab.graph import Call, Tensor, constant
from lab.graph import functions as f
from lab.graph.gradients import RULES, Rule

Gradients = list[Tensor | None]


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


def _tanh_without_square(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [f.multiply(f.add(f.negate(made.result), constant(1.0)), dy)]


def _sigmoid_without_second_factor(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [f.multiply(made.result, dy)]


def _relu_always_on(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    return [upstream[0]]


def _twice_the_loss(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    right = RULES[made.kernel.name](made, upstream, needs)
    return [None if each is None else f.multiply(each, constant(2.0)) for each in right]


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
