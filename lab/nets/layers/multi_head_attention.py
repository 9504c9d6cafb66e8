"""Every step of a sequence looks at the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lab.errors import InvalidValue
from lab.graph import functions as f
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.initialisers import Initialiser, Uniform, initialiser
from lab.nets.layers.looking import Looking
from lab.nets.limits import adjustable
from lab.validation import Real


class MultiHeadAttention(Looking, name="multi_head_attention"):
    """Self-attention: each step of a sequence [time, features] becomes a mean of what all steps have to say, weighted
    by how well their keys fit its query (Vaswani et al. 2017). It knows nothing of the order of the steps.

    Each head has queries, keys and values of features / num_heads numbers; what the heads give stands side by side and
    goes through one more linear layer. The weights of `multi_head_attention1` are those of
    `torch.nn.MultiheadAttention`, turned: `multi_head_attention1.query.weight` [features, features], key, value and
    output. Steps behind the end of a sequence (padding) are not looked at.

    Formula: Q, K, V = x W + b each, with weights of their own; a = softmax(Q Kᵀ / √d) in each head, d = features /
    num_heads; y = [a V of each head] W + b.

    Paper: Vaswani et al., "Attention is all you need", 2017.

    Example on sequences: `{multi_head_attention: 2}`
    """

    bias: bool = Field(default=True, description="Whether biases are added.")
    dropout: Real = adjustable(
        0.0, "Probability with which a weight of the mean is dropped in training.", steps="tenths", ge=0, lt=1
    )
    init: Any = Field(
        default=None,
        description="How all weights begin; by default uniform up to √(1.5 / features) in size, those of the output "
        "up to 1 / √features, as PyTorch's.",
    )

    def multiply_adds(self, x: Shape, y: Shape, weights: Sequence[Shape]) -> int:
        return x[0] * sum(map(math.prod, weights)) + self.products_of_inputs(x)

    def products_of_inputs(self, x: Shape) -> int:
        """Queries by keys, and weights by values: each step with each place."""
        return 2 * x[0] * x[0] * x[1]

    def other_steps(self) -> tuple[bool, bool]:
        return True, not self.causal

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        name = builder.layer_name
        check_steps(x, name)
        batch, time, features = x.shape
        heads = self.num_heads
        if features % heads:
            fitting = ", ".join(str(each) for each in range(1, min(features, 64) + 1) if features % each == 0)
            raise InvalidValue(
                (), f"{name}: {features} features cannot be divided among {heads} heads; num_heads may be {fitting}."
            )
        queries, keys, values = (
            f.split_heads(self._linear(x, each, math.sqrt(1.5 / features), builder), heads)
            for each in ("query", "key", "value")
        )
        scores = f.dot_product_scores(queries, keys, self.scale)
        if self.causal:
            scores = f.without_later_places(scores)
        weights = f.attention_weights(scores.reshape(batch, heads * time, time), builder.mask(x))
        builder.attention[name] = weights.reshape(batch, heads, time, time)
        rate = builder.setting(self, "dropout") if self.dropout else None
        if builder.training and rate is not None:
            weights = f.dropout(weights, rate, builder.stream())
        seen = f.join_heads(f.attend(weights.reshape(batch * heads, time, time), values), heads)
        builder.timed = True
        return self._linear(seen, "output", features**-0.5, builder)

    def _linear(self, x: Tensor, name: str, bound: float, builder: Builder) -> Tensor:
        features = x.shape[-1]
        own: Initialiser = Uniform(bound=bound) if self.init is None else initialiser(self.init)
        weight = builder.parameter(f"{name}.weight", (features, features), own, features, features)
        if not self.bias:
            return f.matmul(x, weight)
        return f.dense(x, weight, builder.parameter(f"{name}.bias", (features,), own.bias))


def check_steps(x: Tensor, name: str) -> None:
    """Raise InvalidValue if a layer of this name does not get sequences [batch, time, features]."""
    if len(x.shape) != 3:
        told = "×".join(map(str, x.shape[1:]))
        raise InvalidValue(
            (),
            f"{name} works on sequences, [time, features] of each example, but gets {told}: symbols must go through an "
            "embedding first.",
        )
