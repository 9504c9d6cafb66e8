"""Data that would not fit are refused before they are made or read, with the memory that they would take."""

from __future__ import annotations

from lab.errors import InvalidValue, Path

MEMORY = 2 * 2**30
"""The most that one data set may take, in bytes."""

BYTES_PER_NUMBER = 4 + 8
"""A number in float32, and once more in float64 while it is made, read or prepared."""


def refuse_if_too_large(path: Path, what: str, memory: int) -> None:
    """Raises InvalidValue at `path` if `what` ("900 examples of 2 numbers") takes more than MEMORY bytes."""
    if memory > MEMORY:
        raise InvalidValue(
            path, f"{what} would need about {size(memory)} of memory; at most {size(MEMORY)} are allowed."
        )


def size(number: float) -> str:
    """A number of bytes for people.

    >>> size(2 * 2**30), size(300), size(1.3e15)
    ('2 GiB', '300 bytes', '1.15 PiB')
    """
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if number < 1024 or unit == "PiB":
            break
        number /= 1024
    return f"{number:.3g} {unit}" if number < 1000 else f"{number:,.0f} {unit}"
