"""The same layers several times, one behind the other."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from lab.errors import InvalidValue
from lab.graph.tensor import Tensor
from lab.nets.blocks import WrongInBlock
from lab.nets.builder import Builder
from lab.nets.layer import Layer, Layers
from lab.validation import Whole


class Repeat(Layer, name="repeat"):
    """The layers inside several times, one behind the other, each time with weights of their own.

    `{repeat: 3, layers: [{dense: 64}, relu]}` is short for six layers, which are named as if they were written out:
    dense1, relu1, dense2, …

    Formula: y = f_n(… f_2(f_1(x))).

    Example: `{repeat: 2, layers: [{dense: 32}, relu]}`
    """

    times: Whole = Field(ge=1, le=1000, description="How often.")
    layers: Layers = Field(min_length=1, max_length=100, description="The layers, as in `model`.")
    stands_for_others: ClassVar[bool] = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        for time in range(self.times):
            try:
                x = builder.sequence(self.layers, x, "repeat", "layers")
            except InvalidValue as error:
                if not time or isinstance(error, WrongInBlock):
                    raise
                again = f"{error.message.removesuffix('.')} (in repetition {time + 1})."
                raise InvalidValue(error.path, again, at_key=error.at_key) from None
        return x
