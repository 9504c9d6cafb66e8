"""What threads share: a barrier and combinations in a fixed order. With one thread (CPU) they do nothing.

CUDA supplies a block barrier and block reductions; the plain-Python target has one thread, and a test several.
"""

from __future__ import annotations

from kernels.language import device


@device
def sync_threads():
    """Wait until every thread of the replica has come here."""


@device
def sum_over_threads(value):
    """The sum of every thread's value, in a fixed order, known to every thread."""
    return value


@device
def max_over_threads(value):
    """The largest of every thread's value, known to every thread."""
    return value
