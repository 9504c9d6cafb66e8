"""Embeddings: the rows of a table are chosen by their indices."""

from __future__ import annotations

from kernels.batches import gather_rows
from kernels.embedding import embedding_gradient
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["embedding"]


def embedding(table: Tensor, indices: Tensor) -> Tensor:
    """Return table[indices]: table [symbols, width] and indices [...] give [..., width].

    Indices are whole numbers from 0 to symbols - 1; they have no gradient.
    """
    return apply(gather_rows, table, indices)


@gradient_of(gather_rows)
def _embedding_gradient(forward: Call, d_rows: Tensor) -> Gradients:
    table, indices = forward.reads
    return call(embedding_gradient, indices, d_rows, shapes=[table.shape]).result
