"""A block of a transformer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import read_layers
from lab.nets.layers.looking import Looking
from lab.nets.limits import adjustable
from lab.validation import Real, Whole


class Transformer(Looking, name="transformer"):
    """Self-attention, then two dense layers at each step, a shortcut past each of the two, and layer normalisation
    (Vaswani et al. 2017): PyTorch's `TransformerEncoderLayer`. With `causal: true` it is a block of a decoder, as
    language models have it.

    With `norm_first: false` (post-norm, as published) the sum behind each shortcut is normalised; with `true`
    (pre-norm: Xiong et al. 2020) what enters attention or dense layers is, and the shortcut goes from end to end
    untouched. Behind the last block of such a stack usually stands one more `layer_norm`.

    It is short for `{residual: [layer_norm, {multi_head_attention: 4}]}, {residual: [layer_norm, {dense: 128}, relu,
    {dense: 32}]}`, or for the same with `layer_norm` behind each `residual`; so its parts are named:
    `transformer1.residual1.multi_head_attention1` and so on. Another kind of block is written out in this way.

    Formula: post-norm: z = norm(x + attention(x)), y = norm(z + dense(relu(dense(z)))); pre-norm: z = x +
    attention(norm(x)), y = z + dense(relu(dense(norm(z)))).

    Paper: Vaswani et al., "Attention is all you need", 2017; Xiong et al., "On layer normalization in the transformer
    architecture", 2020.

    Example on sequences: `{transformer: 1, dim_feedforward: 8}`
    """

    dim_feedforward: Whole | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Units of the first of the two dense layers; by default four times the features.",
    )
    norm_first: bool = Field(
        default=False, description="Whether what enters attention and dense layers is normalised, instead of the sums."
    )
    nonlinearity: Literal["relu", "gelu"] = Field(default="relu", description="What stands between the dense layers.")
    dropout: Real = adjustable(
        0.0,
        "Probability with which numbers are dropped in training: weights of attention, what goes into the second dense "
        "layer, and what is added to either shortcut.",
        steps="tenths",
        ge=0,
        lt=1,
    )

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        features = x.shape[-1]
        drops: list[Any] = [{"dropout": self.dropout}] if self.dropout else []
        looks: dict[str, Any] = {"num_heads": self.num_heads, "causal": self.causal, "dropout": self.dropout}
        if self.scale is not None:
            looks["scale"] = self.scale
        attention: list[Any] = [{"multi_head_attention": looks}, *drops]
        wide = self.dim_feedforward or 4 * features
        dense: list[Any] = [{"dense": wide}, self.nonlinearity, *drops, {"dense": features}, *drops]
        if self.norm_first:
            layers: list[Any] = [{"residual": ["layer_norm", *attention]}, {"residual": ["layer_norm", *dense]}]
        else:
            layers = [{"residual": attention}, "layer_norm", {"residual": dense}, "layer_norm"]
        if not self.dropout:
            return builder.inside(read_layers(layers), x)
        rate = builder.setting(self, "dropout")
        with builder.given({("multi_head_attention", "dropout"): rate, ("dropout", "rate"): rate}):
            return builder.inside(read_layers(layers), x)
