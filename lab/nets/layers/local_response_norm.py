"""Every number divided by what its neighbouring channels are like at the same place."""

from __future__ import annotations

from functools import reduce

from pydantic import Field

from lab.graph.functions.arithmetic import add, divide, multiply
from lab.graph.functions.pointwise import power, square
from lab.graph.functions.windows import concatenate, take
from lab.graph.tensor import Tensor, constant
from lab.nets.layer import Layer
from lab.nets.network import Builder
from lab.validation import Real, Whole


class LocalResponseNorm(Layer, name="local_response_norm"):
    """x / (k + alpha / size · sum of x² over `size` neighbouring channels) ^ beta, at each place (Krizhevsky, Sutskever
    and Hinton 2012; alpha is divided by the size, as in Caffe and PyTorch)."""

    size: Whole = Field(default=5, ge=1, le=1001, description="Channels that are summed, half of them on each side.")
    alpha: Real = Field(default=1e-4, ge=0, le=1e6, description="Weight of the sum.")
    beta: Real = Field(default=0.75, ge=0, le=100, description="The exponent.")
    k: Real = Field(default=1.0, gt=0, le=1e6, description="Added to the sum.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        squares = square(x)
        offsets = range(-(self.size // 2), (self.size - 1) // 2 + 1)
        total = reduce(add, [_shifted(squares, by) for by in offsets if abs(by) < x.shape[-1]])
        scaled = add(multiply(total, constant(self.alpha / self.size)), constant(self.k))
        return divide(x, power(scaled, constant(self.beta)))


def _shifted(x: Tensor, by: int) -> Tensor:
    """The channel `by` places further on, for each channel; zero where there is none."""
    if by == 0:
        return x
    part = take(x, (..., slice(by, None) if by > 0 else slice(None, by)))
    nothing = constant(0.0)
    missing = multiply(take(x, (..., slice(0, abs(by)))), nothing)
    return concatenate([part, missing] if by > 0 else [missing, part])
