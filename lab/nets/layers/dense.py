"""Every unit sees every input."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from lab.graph.functions.dense import dense, matmul
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.initialisers import Initialiser, initialiser
from lab.nets.layer import Layer
from lab.validation import Whole


class Dense(Layer, name="dense"):
    """Every unit sees every input: y = x weight + bias. On sequences it acts at each step by itself.

    Formula: y = x weight + bias.

    Paper: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.

    Example: `{dense: 32}`
    """

    knows_padding: ClassVar[bool] = True

    units: Whole | Literal["classes", "outputs"] = Field(description="Number of units, or what the data needs.")
    bias: bool = Field(default=True, description="Whether a bias is added.")
    init: Any = Field(default=None, description="How its weights begin, instead of the scenario's `init`.")

    @field_validator("units")
    @classmethod
    def _at_least_one(cls, units: int | str) -> int | str:
        if isinstance(units, int) and units < 1:
            raise ValueError(f"{units} units are not possible: there must be at least 1")
        return units

    def window(self, x: Shape) -> None:
        return None

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        own: Initialiser | None = initialiser(self.init) if self.init is not None else None
        if len(x.shape) > 2 and not builder.timed and builder.mask(x) is None:
            x = x.reshape(x.shape[0], -1)
        fan_in, fan_out = x.shape[-1], builder.units(self.units)
        weight = builder.parameter("weight", (fan_in, fan_out), own, fan_in, fan_out)
        if not self.bias:
            return matmul(x, weight)
        return dense(x, weight, builder.parameter("bias", (fan_out,), builder.first_bias(own)))
