"""The largest of several linear functions."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lab.graph.functions.activations import maxout
from lab.graph.functions.dense import dense
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.initialisers import Initialiser, initialiser
from lab.nets.layer import Layer
from lab.validation import Whole


class Maxout(Layer, name="maxout"):
    """Each unit is the largest of `pieces` linear functions of its inputs (Goodfellow et al. 2013).

    It has weights of its own, `pieces` times those of a dense layer: unit h's piece k is column k * units + h.

    Formula: y[h] = max over k of x weight[h, k] + bias[h, k].

    Paper: Goodfellow, Warde-Farley, Mirza, Courville and Bengio, "Maxout networks", 2013.

    Example: `{maxout: 16}`
    """

    activation = True
    can_die = True

    units: Whole = Field(ge=1, le=10**9, description="Number of units.")
    pieces: Whole = Field(default=2, ge=2, le=64, description="Linear functions per unit.")
    init: Any = Field(default=None, description="How its weights begin, instead of the scenario's `init`.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        own: Initialiser | None = initialiser(self.init) if self.init is not None else None
        if len(x.shape) > 2:
            x = x.reshape(x.shape[0], -1)
        fan_in, columns = x.shape[1], self.units * self.pieces
        weight = builder.parameter("weight", (fan_in, columns), own, fan_in, self.units)
        bias = builder.parameter("bias", (columns,), builder.first_bias(own))
        return maxout(dense(x, weight, bias), self.pieces)
