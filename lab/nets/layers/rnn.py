"""The simple recurrent network."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from lab.graph.functions.recurrent import rnn
from lab.graph.tensor import Tensor
from lab.nets.layers.recurrent import Recurrent, States


class Rnn(Recurrent, name="rnn"):
    """A state that is carried from step to step: h = tanh(x input.weight + h recurrent.weight + bias) (Elman 1990).

    Inputs are [batch, time, features], or symbols [batch, time].

    Formula: h = tanh(x W + h U + b).

    Paper: Elman, "Finding structure in time", 1990.

    Example on sequences: `{rnn: 16}`
    """

    gates: ClassVar[int] = 1
    nonlinearity: Literal["tanh", "relu"] = Field(default="tanh", description="What the sum passes through.")

    def walk(
        self, x: Tensor, weights: dict[str, Tensor], first: States, mask: Tensor | None
    ) -> tuple[Tensor, States, dict[str, Tensor]]:
        states, last = rnn(x, **weights, h=first[0], mask=mask, rectified=self.nonlinearity == "relu")
        return states, (last,), {}
