"""Each channel of each image normalised by itself."""

from __future__ import annotations

from lab.graph.functions.normalisation import group_norm
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.layers.images import check_images
from lab.nets.limits import adjustable
from lab.validation import Real


class InstanceNorm(Layer, name="instance_norm"):
    """In every example each channel gets mean 0 and variance 1 over its own pixels, then a learned scale gamma and
    shift beta: contrast and brightness of an image are forgotten. It is `group_norm` with a group for each channel, and
    the same in training and evaluation.

    Formula: y = gamma (x - mean) / √(variance + epsilon) + beta, mean and variance of each example and channel.

    Paper: Ulyanov, Vedaldi and Lempitsky, "Instance normalization: the missing ingredient for fast stylization", 2016.

    Example: `instance_norm`
    """

    epsilon: Real = adjustable(1e-5, "Added to the variance, against division by zero.", gt=0, le=1)

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        channels = x.shape[-1:]
        gamma = builder.parameter("gamma", channels, 1.0)
        beta = builder.parameter("beta", channels, 0.0)
        return group_norm(x, gamma, beta, builder.setting(self, "epsilon"), x.shape[-1])
