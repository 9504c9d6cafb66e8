"""Moving numbers without changing them, and seeing them in another shape: copy, fill, flat."""

from __future__ import annotations

from typing import Any

from kernels.language import device, kernel


@kernel("x[n] -> y[n]", operations=lambda: 0)
def copy(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = x."""
    for i in range(lane, x.size, lanes):
        y[i] = x[i]


@kernel("value[1] -> y[n]", operations=lambda: 0)
def fill(value: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = value, everywhere."""
    v = value[0]
    for i in range(lane, y.size, lanes):
        y[i] = v


@device
def flat(x: Any) -> Any:
    """The same numbers as one row: a loop over them all vectorises, which loops over short rows do not."""
    return x.reshape(x.size)


@flat.on("python")
def _flat_python(x: Any) -> Any:
    return x.as_row
