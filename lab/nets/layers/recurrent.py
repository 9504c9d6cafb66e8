"""What recurrent layers have in common: stacks, both directions, dropout between, first states and masks.

The weights of `lstm1` are `lstm1.input.weight`, `lstm1.recurrent.weight` and `lstm1.bias`; those of further layers of a
stack `lstm1.layer2.input.weight` and so on, those of the way back `lstm1.backward.input.weight`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, Field

from lab.errors import InvalidValue
from lab.graph.functions.dropout import dropout
from lab.graph.functions.windows import concatenate
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor, constant
from lab.nets.builder import Builder
from lab.nets.initialisers import Initialiser, Uniform, initialiser
from lab.nets.layer import Layer
from lab.nets.limits import adjustable
from lab.nets.symbols import USUAL_SYMBOLS
from lab.validation import Real, Whole

States = tuple[Tensor, ...]
"""What is kept from step to step, [batch, units] each: h, and of an LSTM the cell."""


class Recurrent(Layer):
    """Base of recurrent layers.

    gates: how many times as wide as the state its products are
    kept:  the names of what is kept from step to step
    """

    model_config = ConfigDict(populate_by_name=True)
    gates: ClassVar[int] = 1
    kept: ClassVar[tuple[str, ...]] = ("h",)
    takes_symbols: ClassVar[bool] = True
    knows_padding: ClassVar[bool] = True

    units: Whole = Field(ge=1, le=1_000_000, description="Numbers in the state.")
    layers: Whole = Field(
        default=1, ge=1, le=100, description="How many stand on each other; each reads the states of the one below."
    )
    bidirectional: bool = Field(
        default=False,
        description="Whether a second one walks from the end to the beginning; its states stand beside the first's.",
    )
    dropout: Real = adjustable(
        0.0, "Probability with which a number between two layers of a stack is dropped.", steps="tenths", ge=0, lt=1
    )
    returns: Literal["sequence", "last"] = Field(
        default="sequence",
        alias="return",
        description="`sequence`: the state at every step, [batch, time, units]; `last`: the last one, [batch, units].",
    )
    bias: bool = Field(default=True, description="Whether biases are added.")
    symbols: Whole | Literal["classes", "outputs"] | None = Field(
        default=None, description=f"Where the inputs are symbols, how many there are; by default {USUAL_SYMBOLS}."
    )
    init: Any = Field(
        default=None, description="How all weights begin; by default uniform up to 1 / √units in size, as PyTorch's."
    )
    recurrent_init: Any = Field(default=None, description="How the recurrent weights begin, if otherwise.")

    def walk(
        self, x: Tensor, weights: dict[str, Tensor], first: States, mask: Tensor | None
    ) -> tuple[Tensor, States, dict[str, Tensor]]:
        """Add one layer in one direction: its states [batch, time, units], what is kept at the end, and by name what
        there is to look at of each step."""
        raise NotImplementedError

    def extra_parameters(self, builder: Builder, prefix: str) -> dict[str, Tensor]:
        """Parameters beside input weights, recurrent weights and biases."""
        return {}

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        if len(x.shape) not in (2, 3):
            raise InvalidValue(
                (),
                f"{builder.layer_name} takes sequences, [time, features] or symbols [time] of each example, but its "
                f"input has the shape {list(x.shape[1:])}.",
            )
        if len(x.shape) == 2:
            builder.reads_symbols(x, builder.symbols(self.symbols))
        mask = builder.mask(x)
        rate = builder.setting(self, "dropout") if self.dropout or self.layers > 1 else None
        for number in range(1, self.layers + 1):
            if number > 1 and builder.training and rate is not None and self.dropout:
                x = dropout(x, rate, builder.stream() + number, inverted=True)
            prefix = "" if number == 1 else f"layer{number}."
            x, last = self._both_ways(x, builder, prefix, mask)
        builder.timed = self.returns == "sequence"
        return x if self.returns == "sequence" else last

    def _both_ways(self, x: Tensor, builder: Builder, prefix: str, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """The states of a layer of the stack, and its last state."""
        states, last = self._one_way(x, builder, prefix, mask)
        if not self.bidirectional:
            return states, last
        back, back_last = self._one_way(
            x[:, ::-1], builder, f"{prefix}backward.", None if mask is None else mask[:, ::-1]
        )
        return concatenate([states, back[:, ::-1]]), concatenate([last, back_last])

    def _one_way(self, x: Tensor, builder: Builder, prefix: str, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        weights = self._weights(x, builder, prefix)
        names = [f"{builder.layer_name}.{prefix}{each}" for each in self.kept]
        zero = constant(np.zeros((x.shape[0], self.units)), "first state")
        first = tuple(builder.states.first.get(name, zero) for name in names)
        states, last, seen = self.walk(x, weights, first, mask)
        builder.states.last |= dict(zip(names, last, strict=True))
        for name, tensor in {"states": states, **seen}.items():
            builder.states.seen[f"{builder.layer_name}.{prefix}{name}"] = tensor
        return states, last[0]

    def other_steps(self) -> tuple[bool, bool]:
        return self.bidirectional, self.bidirectional

    def multiply_adds(self, x: Shape, y: Shape, weights: Sequence[Shape]) -> int:
        return x[0] * sum(map(math.prod, weights))

    def _weights(self, x: Tensor, builder: Builder, prefix: str) -> dict[str, Tensor]:
        width = self.gates * self.units
        usual = Uniform(bound=self.units**-0.5)
        own: Initialiser = usual if self.init is None else initialiser(self.init)
        recurrent = own if self.recurrent_init is None else initialiser(self.recurrent_init, ("recurrent_init",))
        entering = builder.symbols(self.symbols) if len(x.shape) == 2 else x.shape[2]
        found = {
            "input_weight": builder.parameter(f"{prefix}input.weight", (entering, width), own, entering, self.units),
            "weight": builder.parameter(
                f"{prefix}recurrent.weight", (self.units, width), recurrent, self.units, self.units
            ),
        }
        if self.bias:
            found["bias"] = builder.parameter(f"{prefix}bias", (width,), own if self.init is None else own.bias)
        else:
            found["bias"] = constant(np.zeros(width), "no bias")
        return found | self.extra_parameters(builder, prefix)
