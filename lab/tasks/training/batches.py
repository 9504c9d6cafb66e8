"""The examples of one training step, as part of its program."""

from __future__ import annotations

from kernels.batches import choose_batch, gather_rows
from lab.errors import InvalidValue
from lab.graph import Tensor, scope
from lab.graph.tensor import call
from lab.tasks.training.examples import Inputs

BATCH_STREAM = 1


def batch(size: int | str, inputs: Tensor | Inputs, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs and targets of one step: "all" in the data's order, or so many in an order that is new in each epoch.

    As many as there are is all of them, which is the same step in any order, and so in the data's.
    Raises InvalidValue if there are not so many.
    """
    count = targets.shape[0]
    if isinstance(size, str) or size == count:
        return inputs.whole() if isinstance(inputs, Inputs) else inputs, targets
    if size > count:
        raise InvalidValue(
            ("train", "batch"), f"{size} examples are wanted per step, but there are only {count} to train on."
        )
    with scope("batch"):
        half_bits = max(1, -(-(count - 1).bit_length() // 2))
        chosen = call(choose_batch, shapes=[(size,)], N=count, bits=half_bits, stream=BATCH_STREAM).result
        return inputs.chosen(chosen) if isinstance(inputs, Inputs) else _rows(inputs, chosen), _rows(targets, chosen)


def _rows(table: Tensor, chosen: Tensor) -> Tensor:
    made = call(gather_rows, table.reshape(table.shape[0], -1), chosen).result
    return made.reshape(chosen.size, *table.shape[1:])
