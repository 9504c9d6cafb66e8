"""What lanes share: a barrier and combinations in a fixed order. With one lane (CPU) they do nothing.

CUDA supplies a block barrier and block reductions; the plain-Python target runs lanes as threads when it has several.
"""

from __future__ import annotations

from typing import Any

from kernels.language import device


@device
def sync() -> None:
    """Wait until every lane of the replica has come here."""


@device
def lane_sum(value: Any) -> Any:
    """The sum of every lane's value, in a fixed order, known to every lane."""
    return value


@device
def lane_max(value: Any) -> Any:
    """The largest of every lane's value, known to every lane."""
    return value
