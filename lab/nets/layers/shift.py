"""The same number is added to everything."""

from __future__ import annotations

from lab.graph.functions.arithmetic import add
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.limits import adjustable
from lab.validation import Real


class Shift(Layer, name="shift"):
    """Adds one fixed number to all inputs: moves the outputs of an activation away from zero, or back.

    Formula: y = x + by.

    Example: `{shift: 0.5}`
    """

    knows_padding = True

    by: Real = adjustable(..., "What is added.", steps="tenths", ge=-1e6, le=1e6)

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return add(x, builder.setting(self, "by"))
