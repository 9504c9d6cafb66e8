"""Rows of a plan as a GPU reads them: whole numbers of 32 bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kernels.language import Kernel
from kernels.plan import SHARED, Row
from kernels.targets.cuda.driver import DeviceProblem

LARGEST = 2**31 - 1


Signature = tuple[tuple[Any, ...], ...]


def signature(rows: Sequence[Row]) -> Signature:
    """Return what rows do, whatever they are called: it is the same for plans that are the same for a GPU."""
    return tuple((row.kernel.name, row.operands, row.extents, row.integers) for row in rows)


def width(kernels: Sequence[Kernel]) -> int:
    """Numbers in a row of a table for these kernels."""
    return 1 + max((each.width for each in kernels), default=0)


def table(rows: Sequence[Row], width: int, number: Callable[[Kernel], int]) -> np.ndarray:
    """A line for each row: the kernel's number, where its operands stand, extents, integers.

    The rows are as a GPU runs them (`kernels.targets.cuda.matmul.lowered`). A place in the shared segment is
    -1 - offset. Raises DeviceProblem for what does not fit into 32 bits.
    """
    lines = np.zeros((len(rows), width), np.int32)
    for line, row in zip(lines, rows, strict=True):
        places = [-1 - offset if segment == SHARED else offset for segment, offset in row.operands]
        values = [number(row.kernel), *places, *row.extents, *row.integers]
        sizes = [row.kernel.size(each, row.sizes) for each in row.kernel.operands]
        if max(map(abs, [*values, *sizes])) > LARGEST:
            raise DeviceProblem(
                f"{row.label or row.kernel.name} is too large for a GPU: it counts up to {LARGEST:,} elements."
            )
        line[: len(values)] = values
    return lines
