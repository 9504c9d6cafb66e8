"""Rows of a plan as a GPU reads them: whole numbers of 32 bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kernels.language import Kernel
from kernels.plan import SHARED, Loop, Row
from kernels.repeats import moved
from kernels.targets.cuda.driver_answers import DeviceProblem

LARGEST = 2**31 - 1


Signature = tuple[tuple[Any, ...], ...]


LOOP = -1
"""In place of a kernel's number, in the line in front of a loop: behind it stand how many lines the loop has, and how
often they run. Their strides follow in as many lines."""


def signature(rows: Sequence[Row | Loop]) -> Signature:
    """Return what rows do, whatever they are called: it is the same for plans that are the same for a GPU."""
    return tuple(
        (each.count, each.strides, signature(each.rows))
        if isinstance(each, Loop)
        else (each.kernel.name, each.operands, each.extents, each.integers)
        for each in rows
    )


def width(kernels: Sequence[Kernel]) -> int:
    """Numbers in a row of a table for these kernels, or for a stretch of a placement."""
    return max(3, 1 + max((each.width for each in kernels), default=0))


def table(rows: Sequence[Row | Loop], width: int, number: Callable[[Kernel], int]) -> np.ndarray:
    """A line for each row: the kernel's number, where its operands stand, extents, integers. Of loops see `LOOP`.

    The rows are as a GPU runs them (`kernels.targets.cuda.matmul.lowered`). A place in the shared segment is
    -1 - offset. Raises DeviceProblem for what does not fit into 32 bits.
    """
    parts = []
    for each in rows:
        if isinstance(each, Loop):
            head = np.zeros((1, width), np.int32)
            head[0, :3] = LOOP, len(each.rows), each.count
            last = [moved(row, strides, each.count - 1) for row, strides in zip(each.rows, each.strides, strict=True)]
            begun, ended = _lines(each.rows, width, number), _lines(last, width, number)
            parts += [head, begun, (ended - begun) // (each.count - 1)]
        else:
            parts.append(_lines([each], width, number))
    return np.concatenate(parts) if parts else np.zeros((0, width), np.int32)


def _lines(rows: Sequence[Row], width: int, number: Callable[[Kernel], int]) -> np.ndarray:
    lines = np.zeros((len(rows), width), np.int32)
    for line, row in zip(lines, rows, strict=True):
        places = [-1 - offset if segment == SHARED else offset for segment, offset in row.operands]
        values = [number(row.kernel), *places, *row.extents, *row.integers]
        check_that_it_fits(row, values)
        line[: len(values)] = values
    return lines


def check_that_it_fits(row: Row, values: Sequence[int]) -> None:
    """Raises DeviceProblem for a row of which these numbers, or the sizes of its operands, do not fit into 32 bits."""
    sizes = [row.kernel.size(each, row.sizes) for each in row.kernel.operands]
    if max(map(abs, [*values, *sizes])) > LARGEST:
        raise DeviceProblem(
            f"{row.label or row.kernel.name} is too large for a GPU: it counts up to {LARGEST:,} elements."
        )
