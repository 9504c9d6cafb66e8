"""What is searched: for each dotted path, a range or a list of values.

`optimizer.rate=log(1e-5, 1)` is uniform in the exponent, `data.noise=uniform(0, 0.5)` uniform, `model.0.dense=int(8,
64)` uniform over whole numbers, `model.0.dense=logint(8, 512)` over their logarithms, `model.0.dense=[16, 32, 64]` one
of a list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lab.errors import BadInput, InvalidValue, nearest
from lab.validation import shown

Kind = Literal["log", "uniform", "int", "logint", "choice"]
_RANGE = re.compile(r"(?P<kind>\w+)\((?P<low>[^,()]+),(?P<high>[^,()]+)\)$")
_RANGES = ("int", "log", "logint", "uniform")
LONGEST_LIST = 10_000


@dataclass(frozen=True)
class Axis:
    """One path and what it may be.

    low, high: the ends of a range (both belong to it);  choices: the values of a list
    """

    path: str
    kind: Kind
    low: float = 0.0
    high: float = 1.0
    choices: tuple[Any, ...] = ()

    def at(self, share: float) -> Any:
        """The value at `share` (0 to 1) of the way through the axis."""
        if self.kind == "choice":
            return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]
        if self.kind == "log":
            return 10 ** (math.log10(self.low) + share * (math.log10(self.high) - math.log10(self.low)))
        if self.kind == "int":
            return min(int(self.low + share * (self.high - self.low + 1)), int(self.high))
        if self.kind == "logint":
            # Half a number beyond both ends, so that these get their share.
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            return int(min(max(round(math.exp(low + share * (high - low))), self.low), self.high))
        return self.low + share * (self.high - self.low)

    def levels(self, count: int) -> list[Any]:
        """`count` values, evenly spaced from end to end; all values of a list, each whole number once."""
        if self.kind == "choice":
            return list(self.choices)
        if self.kind == "int":
            count = min(count, int(self.high - self.low) + 1)
            values = [self.low + (self.high - self.low) * each / max(count - 1, 1) for each in range(count)]
            return sorted({round(value) for value in values})
        if self.kind == "logint":
            steps = [each / max(count - 1, 1) if count > 1 else 0.5 for each in range(count)]
            return sorted({round(self.low * (self.high / self.low) ** each) for each in steps})
        return [self.at(each / max(count - 1, 1) if count > 1 else 0.5) for each in range(count)]


def parse_axis(text: str) -> Axis:
    """The axis that `path=range` describes. Raises BadInput."""
    path, equals, right = text.partition("=")
    path, right = path.strip(), right.strip()
    if not equals or not path or not right:
        raise BadInput(f"--over takes path=range, such as optimizer.rate=log(1e-5,1), not {text!r}.")
    values: Any = right
    if not _RANGE.match(right):
        from lab.scenario import parse_setting

        _, values = parse_setting(f"{path}={right}")
    try:
        return axis(path, values)
    except InvalidValue as error:
        raise BadInput(f"--over {path}: {error.message}") from None


def axis(path: str, given: Any) -> Axis:
    """The axis over a path: a text such as `log(1e-5, 1)`, or a list of values. Raises InvalidValue, with no path."""
    if isinstance(given, str) and (match := _RANGE.match(given.strip())):
        return _range(path, match["kind"], match["low"], match["high"])
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise InvalidValue(
            (), f"{shown(given)} is neither log(a,b), uniform(a,b), int(a,b), logint(a,b) nor a list such as [1, 2]."
        )
    if len(given) > LONGEST_LIST:
        raise InvalidValue((), f"a list of {len(given):,} values is too long; at most {LONGEST_LIST:,} are possible.")
    return Axis(path, "choice", choices=tuple(given))


def _range(path: str, kind: str, low_text: str, high_text: str) -> Axis:
    if kind not in _RANGES:
        raise InvalidValue((), f"there is no range {kind!r}; {nearest(kind, _RANGES)}.")
    try:
        low, high = float(low_text), float(high_text)
    except ValueError:
        raise InvalidValue((), f"{low_text.strip()} and {high_text.strip()} must be numbers.") from None
    if not (math.isfinite(low) and math.isfinite(high)) or low >= high:
        raise InvalidValue((), f"the range must go from a smaller to a larger number, not from {low} to {high}.")
    if kind == "log" and low <= 0:
        raise InvalidValue((), f"a log range must lie above 0, not begin at {low}.")
    if kind == "logint" and low < 1:
        raise InvalidValue((), f"a logint range holds whole numbers from 1 on, and cannot begin at {low:g}.")
    if kind in ("int", "logint"):
        low, high = math.ceil(low), math.floor(high)
        if low > high:
            raise InvalidValue((), "there is no whole number between the ends.")
    return Axis(path, kind, low, high)  # type: ignore[arg-type]  # checked above
