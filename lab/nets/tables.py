"""Parameters of which a training step changes only some rows, such as an embedding's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.graph.tensor import Call, Tensor


@dataclass(frozen=True)
class Table:
    """A parameter of which a step changes only the rows in use, so that its gradient never takes the table's size.

    source: what the loss depends on in place of the whole table, as the rows that were looked up; None if the update
            needs no gradient from the graph
    update: from the gradient with respect to `source` and the rate [1] to the calls that change the rows
    """

    source: Tensor | None
    update: Callable[[Tensor | None, Tensor], Sequence[Call]]
