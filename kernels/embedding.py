"""Embeddings: a learned row for each of V symbols. Forward is `kernels.batches.gather_rows`; here is the way back."""

from __future__ import annotations

from kernels.language import kernel, zero


@kernel(
    "indices[B] d_rows[B,D] -> d_table[V,D]",
    operations=lambda B, D: B * D,
    typical={"V": 512},
    indices={"indices": "V"},
)
def embedding_gradient(indices, d_rows, d_table, thread, threads):
    """d_table[v] = the sum of d_rows[r] over the examples r whose index is v; 0 for symbols that do not occur.

    Threads divide the columns, so that equal indices never meet in one element, and the order of the sum is fixed.
    """
    V, D = d_table.shape
    for v in range(V):
        for c in range(thread, D, threads):
            d_table[v, c] = zero
    for r in range(indices.size):
        v = int(indices[r])
        for c in range(thread, D, threads):
            d_table[v, c] += d_rows[r, c]


@kernel(
    "indices[B] d_rows[B,D] factor[1] -> table[V,D]!",
    operations=lambda B, D: 2 * B * D,
    elements=lambda B, D: B + 3 * B * D,
    typical={"V": 512},
    indices={"indices": "V"},
)
def embedding_step(indices, d_rows, factor, table, thread, threads):
    """table[indices[r]] += factor d_rows[r] for every example r: a step that touches only symbols that occur.

    With factor = -rate it is plain gradient descent, at a cost that does not depend on V.
    """
    number = factor[0]
    for r in range(indices.size):
        v = int(indices[r])
        for c in range(thread, table.shape[1], threads):
            table[v, c] += number * d_rows[r, c]
