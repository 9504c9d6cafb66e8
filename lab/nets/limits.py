"""What a number that can be changed while it is used may be: its limits, and the steps in which keys change it.

A setting is declared once, as a field of an optimizer, a layer or a task's options. The scenario file, `--set`, a
change while it runs, a branch and the screen's keys all ask that field.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field

Steps = Literal["ratios", "shares", "tenths"]
"""1, 2, 5 times powers of ten; shares of something kept, which approach 1; tenths."""

SHARES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
SMALLEST, SMALLEST_BESIDE_ZERO = 1e-12, 1e-6
"""The smallest ratio: where 0 is not allowed, and where it comes next."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From `low` to `high`, each of which may be allowed or not; `steps` are those of `neighbour`."""

    low: float = -math.inf
    high: float = math.inf
    low_allowed: bool = True
    high_allowed: bool = True
    steps: Steps = "ratios"

    def allow(self, value: float) -> bool:
        """Whether a finite number is within the limits."""
        above = value >= self.low if self.low_allowed else value > self.low
        below = value <= self.high if self.high_allowed else value < self.high
        return math.isfinite(value) and above and below

    def refusal(self, name: str, value: float) -> str | None:
        """A sentence that says why a setting cannot have a value; None if it can."""
        if self.allow(value):
            return None
        low = f"{'at least' if self.low_allowed else 'above'} {self.low:g}" if math.isfinite(self.low) else ""
        high = f"{'at most' if self.high_allowed else 'below'} {self.high:g}" if math.isfinite(self.high) else ""
        allowed = " and ".join(each for each in (low, high) if each) or "a finite number"
        return f"{name} cannot become {value:g}: it must be {allowed}."

    def neighbour(self, value: float, up: bool) -> float:
        """The next value up or down, at most the limit; the value itself where there is none.

        >>> Limits(0, 1e6).neighbour(0.1, up=True)
        0.2
        """
        found = {"ratios": self._ratio, "shares": _share, "tenths": _tenth}[self.steps](value, up)
        if found == value:
            return value
        found = float(f"{found:.12g}")
        if self.allow(found):
            return found
        limit, allowed = (self.high, self.high_allowed) if up else (self.low, self.low_allowed)
        return limit if allowed else value

    def _ratio(self, value: float, up: bool) -> float:
        zero = self.low_allowed and self.low <= 0
        smallest = SMALLEST_BESIDE_ZERO if zero else SMALLEST
        if value <= smallest:
            return smallest * 10 if up else (0.0 if zero else value)
        power = math.floor(math.log10(value) + 1e-9)
        ratios = [factor * 10.0**each for each in (power - 1, power, power + 1) for factor in (1, 2, 5)]
        return _next_of(tuple(ratios), value, up)


def adjustable(default: Any, description: str, *, steps: Steps = "ratios", **limits: Any) -> Any:
    """The field of a number that may be changed while it is used. limits: `ge`, `gt`, `le` and `lt`, as pydantic's."""
    extra: dict[str, Any] | None = None if steps == "ratios" else {"steps": steps}
    return Field(default=default, allow_inf_nan=False, description=description, json_schema_extra=extra, **limits)


@functools.cache
def limits_of(model: type[BaseModel], name: str) -> Limits:
    """The limits that the field of a model declares."""
    about = model.model_fields[name]
    bounds = {
        word: getattr(each, word) for each in about.metadata for word in ("ge", "gt", "le", "lt") if hasattr(each, word)
    }
    extra = about.json_schema_extra
    return Limits(
        bounds.get("ge", bounds.get("gt", -math.inf)),
        bounds.get("le", bounds.get("lt", math.inf)),
        "gt" not in bounds,
        "lt" not in bounds,
        extra.get("steps", "ratios") if isinstance(extra, dict) else "ratios",  # type: ignore[arg-type]  # as `adjustable` wrote it
    )


def _share(value: float, up: bool) -> float:
    return _next_of(SHARES, value, up)


def _tenth(value: float, up: bool) -> float:
    return (math.floor(value * 10 + 1e-6) + 1 if up else math.ceil(value * 10 - 1e-6) - 1) / 10


def _next_of(values: tuple[float, ...], value: float, up: bool) -> float:
    if up:
        return next((each for each in values if each > value * (1 + 1e-6) + 1e-15), value)
    return next((each for each in reversed(values) if each < value * (1 - 1e-6) - 1e-15), value)
