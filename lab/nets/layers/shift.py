"""The same number is added to everything."""

from __future__ import annotations

from pydantic import Field

from lab.graph.functions.arithmetic import add
from lab.graph.tensor import Tensor
from lab.nets.layer import Layer
from lab.nets.network import Builder
from lab.validation import Real


class Shift(Layer, name="shift"):
    """Adds one fixed number to all inputs: moves the outputs of an activation away from zero, or back."""

    by: Real = Field(ge=-1e6, le=1e6, allow_inf_nan=False, description="What is added.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return add(x, builder.setting("by", self.by))
