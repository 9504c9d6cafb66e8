"""Numbers as text that stays readable at a fixed width."""

from __future__ import annotations

import math


def short(value: float, digits: int = 3) -> str:
    """A number with about `digits` significant digits: "0.0123", "12.3", "1,797", "3.4e-07", "nan", "inf".

    >>> short(0.012345), short(1797), short(3.4e-7), short(float("inf"))
    ('0.0123', '1,797', '3.4e-07', 'inf')
    """
    if not math.isfinite(value):
        return str(float(value))
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-3 or size >= 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{_trim(mantissa)}e{exponent}"
    if size >= 10**digits:
        return f"{round(value):,}"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return _trim(f"{value:.{decimals}f}")


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: float) -> str:
    """A length of time: "0.4 s", "12 s", "3 min 05 s", "2 h 10 min"."""
    if not math.isfinite(seconds) or seconds < 0:
        return "?"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02d} min"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun: "1 seed", "3 seeds", "2,000 steps"."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
