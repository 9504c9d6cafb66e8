"""Layers beside which their input passes unchanged."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from lab.errors import InvalidValue
from lab.graph.functions.arithmetic import add, multiply
from lab.graph.functions.dropout import gated_residual, open_gate
from lab.graph.tensor import Tensor
from lab.nets.layer import Layer, layer
from lab.nets.limits import adjustable
from lab.nets.network import Builder
from lab.validation import Real


class Residual(Layer, name="residual"):
    """x + f(x), where f are the layers inside (He, Zhang, Ren and Sun 2016), which must keep the shape.

    With `survive`, f is left out of a training step with probability 1 - survive, and is not computed then; evaluation
    multiplies f by `survive` (stochastic depth: Huang, Sun, Liu, Sedra and Weinberger 2016). One choice serves all
    examples of a step. The layers inside are named `residual1.dense1` and so on.
    """

    layers: list[Any] = Field(min_length=1, max_length=100, description="The layers inside, as in `model`.")
    survive: Real | None = adjustable(
        None, "Probability with which the layers inside take part in a training step.", steps="tenths", gt=0, le=1
    )

    @field_validator("layers")
    @classmethod
    def _known(cls, layers: list[Any]) -> list[Layer]:
        return [layer(each, ("layers", index)) for index, each in enumerate(layers)]

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        if self.survive is None:
            return self._add(x, builder.inside(self.layers, x))
        survive = builder.setting(self, "survive")
        if not builder.training:
            return self._add(x, multiply(builder.inside(self.layers, x), survive))
        gate = builder.gate(open_gate(survive, builder.stream()))
        with builder.gated(gate):
            return gated_residual(x, lambda entered: builder.inside(self.layers, entered), gate)

    def _add(self, x: Tensor, inner: Tensor) -> Tensor:
        if inner.shape != x.shape:
            raise InvalidValue(
                (),
                f"the layers inside give {list(inner.shape[1:])} numbers per example, but their input, which is to be "
                f"added, has {list(x.shape[1:])}.",
            )
        return add(x, inner)
