"""Every example normalised over its features."""

from __future__ import annotations

from lab.graph.functions.normalisation import layer_norm
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.limits import adjustable
from lab.validation import Real


class LayerNorm(Layer, name="layer_norm"):
    """Every example gets mean 0 and variance 1 over its features, then a learned scale gamma and shift beta for each
    feature (Ba, Kiros and Hinton 2016). The same in training and evaluation.

    Formula: y = gamma (x - mean) / √(variance + epsilon) + beta, mean and variance of each example over its features.

    Paper: Ba, Kiros and Hinton, "Layer normalization", 2016.
    """

    knows_padding = True

    epsilon: Real = adjustable(1e-5, "Added to the variance, against division by zero.", gt=0, le=1)

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        features = x.shape[-1:]
        gamma = builder.parameter("gamma", features, 1.0)
        beta = builder.parameter("beta", features, 0.0)
        return layer_norm(x, gamma, beta, builder.setting(self, "epsilon"))
