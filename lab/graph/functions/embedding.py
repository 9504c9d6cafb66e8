"""Embeddings: rows of a table, chosen by index."""

from __future__ import annotations

from kernels.batches import gather_rows
from kernels.embedding import embedding_gradient
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["embedding"]

Gradients = list[Tensor | None]


def embedding(table: Tensor, indices: Tensor) -> Tensor:
    """table[indices]: a table [symbols, width] and indices [...] give [..., width]."""
    rows = call(gather_rows, table, indices.reshape(indices.size), shapes=[(indices.size, table.shape[1])]).result
    return rows.reshape(*indices.shape, table.shape[1])


@gradient_of(gather_rows)
def _embedding_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    table, indices = made.reads
    (d_rows,) = upstream
    assert d_rows is not None
    return [call(embedding_gradient, indices, d_rows, shapes=[table.shape]).result if needs[0] else None, None]
