"""Columns of a table whose values are looked up: each has a learned row of numbers, in front of the first layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.graph.functions.windows import concatenate, take
from lab.graph.tensor import Tensor
from lab.nets.layer import layer
from lab.nets.network import Builder


def column_embeddings(columns: Sequence[tuple[int, int, int]]) -> Callable[[Tensor, Builder], Tensor] | None:
    """What stands before the first layer: inputs [batch, features], or [batch, time, features], with a row of learned
    numbers in the place of each feature that says which row. None where no feature does.

    columns: (place, rows of the table, numbers of a row), by place

    Rows begin at 0, so that a value that training never saw counts for nothing: no gradient ever reaches its row. Guo
    and Berkhahn, "Entity embeddings of categorical variables", 2016.
    """

    def build(x: Tensor, builder: Builder) -> Tensor:
        parts, done = [], 0
        for place, rows, width in columns:
            if place > done:
                parts.append(take(x, (..., slice(done, place))))
            code = builder.add(layer({"select": [place]}, ()), x)
            row = builder.add(layer({"embedding": {"width": width, "symbols": rows, "init": "zero"}}, ()), code)
            parts.append(row.reshape(*x.shape[:-1], width))
            done = place + 1
        if done < x.shape[-1]:
            parts.append(take(x, (..., slice(done, x.shape[-1]))))
        return builder.joined(concatenate(parts), parts)

    return build if columns else None
