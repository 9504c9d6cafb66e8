"""Gated recurrent units."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lab.graph.functions.recurrent import gru_and_gates
from lab.graph.tensor import Tensor, constant
from lab.nets.builder import Builder
from lab.nets.initialisers import Uniform, initialiser
from lab.nets.layers.recurrent import Recurrent, States


class Gru(Recurrent, name="gru"):
    """A state between a candidate n and what it was, h = (1 - z) n + z h (Cho et al. 2014).

    The gates r and z and the candidate are functions of x input.weight, h recurrent.weight and bias, side by side in
    this order; the reset gate r acts behind the recurrent product, as in PyTorch, which makes a second bias of the
    candidate count. Inputs are [batch, time, features], or symbols [batch, time].

    Formula: r, z = sigmoid(x W + h U + b) each; n = tanh(x W + b + r (h U + b')); h = (1 - z) n + z h.

    Paper: Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine translation",
    2014.

    Example on sequences: `{gru: 16}`
    """

    gates: ClassVar[int] = 3

    def extra_parameters(self, builder: Builder, prefix: str) -> dict[str, Tensor]:
        if not self.bias:
            return {"candidate_bias": constant(np.zeros(self.units), "no bias")}
        first = Uniform(bound=self.units**-0.5) if self.init is None else initialiser(self.init).bias
        return {"candidate_bias": builder.parameter(f"{prefix}candidate.bias", (self.units,), first)}

    def walk(
        self, x: Tensor, weights: dict[str, Tensor], first: States, mask: Tensor | None
    ) -> tuple[Tensor, States, dict[str, Tensor]]:
        states, h, gates = gru_and_gates(x, **weights, h=first[0], mask=mask)
        return states, (h,), {"gates": gates}
