"""Attention: for each query, a mean of values, weighted by how well their keys fit the query.

All of it is made of products of matrices and softmax: queries [batch, steps, units] look at places [batch, places, …].
Of images, places are the pixels of a map of features; of sequences, steps of what was read.
"""

from __future__ import annotations

import numpy as np

from kernels import batched_matmul as batched
from lab.graph.functions.activations import tanh
from lab.graph.functions.arithmetic import add, multiply, subtract
from lab.graph.functions.broadcasting import broadcast
from lab.graph.functions.dense import matmul
from lab.graph.functions.embedding import embedding
from lab.graph.functions.softmax import softmax
from lab.graph.functions.windows import transpose
from lab.graph.scopes import label_prefix
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Tensor, apply, constant

__all__ = [
    "additive_scores",
    "attend",
    "attention_weights",
    "dot_product_scores",
    "join_heads",
    "look_at",
    "split_heads",
    "without_later_places",
]

FORBIDDEN = 1e9
"""So much less is the score of a place that must not be looked at: its weight is 0, or below 1e-37 in float32."""


def dot_product_scores(queries: Tensor, keys: Tensor, scale: float | None = None) -> Tensor:
    """Return queries · keys times `scale`, of shape [batch, steps, places]; by default scale is 1 / √units (Vaswani et
    al. 2017, section 3.2.1).

    queries are [batch, steps, units], keys [batch, places, units].
    """
    _fit(queries, keys)
    products = apply(batched.batched_matmul_transposed_right, queries, keys)
    return multiply(products, constant(queries.shape[-1] ** -0.5 if scale is None else scale))


def additive_scores(queries: Tensor, keys: Tensor, weight: Tensor) -> Tensor:
    """Return Σ weight tanh(query + key) over the units, of shape [batch, steps, places] (Bahdanau et al. 2015, A.1.2).

    queries are [batch, steps, units], keys [batch, places, units], weight [units]. It takes memory for batch · steps ·
    places · units numbers, which the dot product does not.
    """
    _fit(queries, keys)
    (batch, steps, units), places = queries.shape, keys.shape[1]
    shape = (batch, steps, places, units)
    sums = add(
        broadcast(queries.reshape(batch, steps, 1, units), shape),
        broadcast(keys.reshape(batch, 1, places, units), shape),
    )
    return matmul(tanh(sums).reshape(-1, units), weight.reshape(units, 1)).reshape(batch, steps, places)


def attention_weights(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return softmax(scores) over the places: [batch, steps, places] of numbers that sum to 1 over the last axis.

    mask [batch, places] is 1 where a place may be looked at and 0 where not, such as behind the end of a sequence. It
    has no gradient. At least one place of each example must be allowed.
    """
    if mask is not None:
        batch, _, places = scores.shape
        shut = multiply(subtract(mask, constant(1.0)), constant(FORBIDDEN))
        scores = add(scores, broadcast(shut.reshape(batch, 1, places), scores.shape))
    return softmax(scores)


def without_later_places(scores: Tensor) -> Tensor:
    """Return scores [batch, steps, places] after which no step looks at a place behind its own: what it may not look at
    has weight 0 behind softmax. The last step may look at every place."""
    _, steps, places = scores.shape
    later = np.arange(places) > np.arange(steps)[:, None] + (places - steps)
    return add(scores, constant(np.where(later, -FORBIDDEN, 0.0), "later places"))


def split_heads(x: Tensor, heads: int) -> Tensor:
    """Return the features of x [batch, time, features] in so many equal parts, each an example of its own: [batch ·
    heads, time, features / heads]. Raises ShapeError if the features do not divide into the parts."""
    batch, time, features = x.shape
    if features % heads:
        raise ShapeError(f"{label_prefix()}{features} features cannot be divided among {heads} heads.")
    parts = transpose(x.reshape(batch, time, heads, features // heads), 0, 2, 1, 3) if heads > 1 else x
    return parts.reshape(batch * heads, time, features // heads)


def join_heads(x: Tensor, heads: int) -> Tensor:
    """Return [batch, time, features] of the parts that `split_heads` makes of it, [batch · heads, time, features /
    heads]."""
    count, time, width = x.shape
    parts = transpose(x.reshape(count // heads, heads, time, width), 0, 2, 1, 3) if heads > 1 else x
    return parts.reshape(count // heads, time, heads * width)


def attend(weights: Tensor, values: Tensor) -> Tensor:
    """Return the weighted means of the values: [batch, steps, places] by [batch, places, width] gives [batch, steps,
    width]."""
    return matmul(weights, values)


def look_at(places: Tensor, values: Tensor) -> Tensor:
    """Return the value at one place for each step: places [batch, steps] of values [batch, places, width] give [batch,
    steps, width]. Places are whole numbers and have no gradient."""
    batch, count, width = values.shape
    first = np.repeat(np.arange(batch) * count, places.shape[1]).reshape(places.shape)
    return embedding(values.reshape(batch * count, width), add(places, constant(first)))


def _fit(queries: Tensor, keys: Tensor) -> None:
    if len(queries.shape) != 3 or len(keys.shape) != 3 or queries.shape[::2] != keys.shape[::2]:
        raise ShapeError(
            f"{label_prefix()}queries {list(queries.shape)} and keys {list(keys.shape)} do not fit together: they must "
            "be [batch, steps, units] and [batch, places, units]."
        )
