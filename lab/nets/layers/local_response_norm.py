"""A channel is damped where its neighbours are strong."""

from __future__ import annotations

from pydantic import Field

from lab.graph.functions.normalisation import local_response_norm
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.validation import Real, Whole


class LocalResponseNorm(Layer, name="local_response_norm"):
    """y = x / (k + alpha Σ x² / size)^beta, with the sum over the neighbouring channels (AlexNet's normalisation).

    The paper (Krizhevsky, Sutskever and Hinton 2012) does not divide by size; its alpha of 1e-4 is 5e-4 here, and its
    k is 2.

    Formula: y[c] = x[c] / (k + alpha Σ x[c']² / size)^beta, over the `size` channels c' around c.

    Paper: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012.
    """

    size: Whole = Field(default=5, ge=1, le=10_000, description="Number of channels that are summed up.")
    alpha: Real = Field(default=1e-4, ge=0, le=1e3, allow_inf_nan=False, description="Weight of the sum.")
    beta: Real = Field(default=0.75, ge=0, le=10, allow_inf_nan=False, description="The exponent.")
    k: Real = Field(default=1.0, gt=0, le=1e3, allow_inf_nan=False, description="What is added to the sum.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return local_response_norm(x, self.size, self.alpha, self.beta, self.k)
