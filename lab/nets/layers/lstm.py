"""Long short-term memory."""

from __future__ import annotations

from typing import ClassVar

from lab.graph.functions.recurrent import lstm_and_gates
from lab.graph.tensor import Tensor
from lab.nets.layers.recurrent import Recurrent, States


class Lstm(Recurrent, name="lstm"):
    """A cell that is added to, c = f c + i g, and a state h = o tanh(c) (Hochreiter and Schmidhuber 1997).

    The gates i, f, o and the candidate g are functions of x input.weight + h recurrent.weight + bias, side by side in
    this order. Inputs are [batch, time, features], or symbols [batch, time].

    Formula: i, f, o = sigmoid(x W + h U + b) each; g = tanh(x W + h U + b); c = f c + i g; h = o tanh(c).

    Paper: Hochreiter and Schmidhuber, "Long short-term memory", 1997.

    Example on sequences: `{lstm: 16}`
    """

    gates: ClassVar[int] = 4
    kept: ClassVar[tuple[str, ...]] = ("h", "c")

    def walk(
        self, x: Tensor, weights: dict[str, Tensor], first: States, mask: Tensor | None
    ) -> tuple[Tensor, States, dict[str, Tensor]]:
        states, h, c, gates, cell = lstm_and_gates(x, **weights, h=first[0], c=first[1], mask=mask)
        return states, (h, c), {"gates": gates, "cell": cell}
