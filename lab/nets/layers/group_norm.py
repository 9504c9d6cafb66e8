"""Groups of channels normalised within each image."""

from __future__ import annotations

from pydantic import Field

from lab.graph.functions.normalisation import group_norm
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.limits import adjustable
from lab.validation import Real, Whole


class GroupNorm(Layer, name="group_norm"):
    """In every example each group of channels gets mean 0 and variance 1 over all its pixels, then each channel a
    learned scale gamma and shift beta (Wu and He 2018). The same in training and evaluation.

    Formula: y = gamma (x - mean) / √(variance + epsilon) + beta, mean and variance of each example and group of
    channels.

    Paper: Wu and He, "Group normalization", 2018.

    Example: `{group_norm: 4}`
    """

    groups: Whole = Field(ge=1, le=10**6, description="Number of groups; the channels must divide into them.")
    epsilon: Real = adjustable(1e-5, "Added to the variance, against division by zero.", gt=0, le=1)

    def other_steps(self) -> tuple[bool, bool]:
        return True, True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        channels = x.shape[-1:]
        gamma = builder.parameter("gamma", channels, 1.0)
        beta = builder.parameter("beta", channels, 0.0)
        return group_norm(x, gamma, beta, builder.setting(self, "epsilon"), self.groups)
