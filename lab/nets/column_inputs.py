"""Columns of a table that are no numbers: what stands in front of the first layer for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.graph.functions.windows import concatenate, take
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import layer


def column_inputs(
    columns: Sequence[tuple[int, int, int]], symbols: int = 0
) -> Callable[[Tensor, Builder], Tensor] | None:
    """What stands before the first layer for columns that are looked up, or are tokens; None where there are none.

    columns: (place, rows of the table, numbers of a row) of each that is looked up, by place
    symbols: of inputs that are tokens of texts, how many different ones there are, with padding; 0: they are none
    """
    if symbols:
        return _tokens(symbols)
    return _embeddings(columns) if columns else None


def _tokens(symbols: int) -> Callable[[Tensor, Builder], Tensor]:
    """Inputs [batch, time] as they are, of which layers know where each text ends."""

    def build(x: Tensor, builder: Builder) -> Tensor:
        builder.timed = True
        builder.padding.begin(x, symbols)
        return x

    return build


def _embeddings(columns: Sequence[tuple[int, int, int]]) -> Callable[[Tensor, Builder], Tensor]:
    """What stands before the first layer: inputs [batch, features], or [batch, time, features], with a row of learned
    numbers in the place of each feature that says which row.

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

    return build
