"""Ranges, ticks and their labels for the axes of a plot. NumPy only: the printed plots and the TUI share it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lab.terminal.metric_words import is_share

LABEL_WIDTH = 7
_LARGEST = 1e300  # so that a difference of two values never overflows
_SMALLEST = 1e-300
_SMALLEST_SPAN = 5e-4  # relative: less than this, and neighbouring ticks would have the same label
_ROUNDING = 1e-9
_LOG_FROM = 100.0
_SI = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Range:
    """What an axis covers: `low` < `high`, both finite; on a logarithmic axis both are positive."""

    low: float
    high: float
    log: bool = False

    def place(self, values: np.ndarray) -> np.ndarray:
        """Where values stand on the axis, 0 at `low` and 1 at `high`; NaN for what is not finite or not positive on a
        logarithmic axis. Values outside stand outside of 0 to 1."""
        values = np.asarray(values, dtype=np.float64)
        shown = np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), np.nan)
        if self.log:
            logs = np.log10(np.where(shown > 0, np.maximum(shown, _SMALLEST), 1.0))
            shown = np.where(shown > 0, logs, np.nan)
            low, high = math.log10(self.low), math.log10(self.high)
        else:
            low, high = self.low, self.high
        places = (shown - low) / (high - low)
        # What differs from an end by rounding alone stands on it: a constant curve there would be seen in part only.
        return np.where(np.abs(places - np.rint(places)) < _ROUNDING, np.rint(places), places)

    def value(self, share: float) -> float:
        """The value that stands at a share of the axis."""
        if self.log:
            low, high = math.log10(self.low), math.log10(self.high)
            return 10.0 ** (low + share * (high - low))
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Axis:
    """A range with the values that are marked on it and their labels."""

    range: Range
    ticks: tuple[float, ...]
    labels: tuple[str, ...]


def finite(*arrays: np.ndarray) -> np.ndarray:
    """All finite values of the arrays, in one."""
    flat = [np.asarray(array, dtype=np.float64).ravel() for array in arrays]
    joined = np.concatenate(flat) if flat else np.zeros(0)
    return np.clip(joined[np.isfinite(joined)], -_LARGEST, _LARGEST)


def spread(values: np.ndarray) -> float:
    """The ratio of the largest to the smallest value; 1 where there are not two, or where any is not above 0."""
    if len(values) < 2 or (values <= 0).any():
        return 1.0
    return 10.0 ** min(300.0, math.log10(values.max()) - math.log10(max(values.min(), _SMALLEST)))


def logarithmic(metric: str, *values: np.ndarray) -> bool:
    """Whether a metric reads better on a logarithmic axis: if it spans more than two powers of ten, all above 0.

    Shares of a whole, such as the accuracy, never do. `metric` may be several that share a plot, with commas.
    """
    shares = any(is_share(each) for each in metric.split(", "))
    return not shares and spread(finite(*values)) >= _LOG_FROM


def axis(
    values: np.ndarray, count: int = 5, *, log: bool = False, tight: bool = False, width: int = LABEL_WIDTH
) -> Axis:
    """An axis that shows all finite values, with about `count` round ticks and labels of at most `width` characters.

    NaN and infinities are left out; no value at all gives 0 to 1; a constant stands in the middle. A logarithmic axis
    of nothing positive is a linear one.
    log:   logarithmic
    tight: begin and end at the values themselves (for steps), not at round numbers
    """
    shown = finite(values)
    if log and (shown > 0).any():
        return _log_axis(shown[shown > 0], max(2, count), tight, width)
    return _linear_axis(shown, max(2, count), tight, width)


def _linear_axis(shown: np.ndarray, count: int, tight: bool, width: int) -> Axis:
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
    size = max(abs(low), abs(high))
    if high - low <= max(_SMALLEST_SPAN * size, _SMALLEST):
        half = max(_SMALLEST_SPAN * size, 0.1 * size) if size > _SMALLEST else 1.0
        low, high = (0.0, 1.0) if size <= _SMALLEST else ((low + high) / 2 - half, (low + high) / 2 + half)
        tight = False
    whole = _are_whole(shown)
    step = _tick_step((high - low) / (count - 1), whole)
    if not tight:
        # A fifth of a tick is coarse enough for an axis that stands still while its curves grow.
        part = step / 5
        low, high = math.floor(low / part + 1e-9) * part, math.ceil(high / part - 1e-9) * part
    ticks = _round_ticks(low, high, step)
    for parts in (3, 5):  # more than was asked for, but round; two multiples of any number lie in twice its length
        if len(ticks) < 2:
            ticks = _round_ticks(low, high, _tick_step((high - low) / parts, whole))
    return _marked(Range(low, high), ticks, labels(ticks, width))


def _are_whole(values: np.ndarray) -> bool:
    """Whether the values are whole numbers that are more than one apart, such as those that count something."""
    return len(values) > 1 and float(np.ptp(values)) >= 2 and bool((values == np.rint(values)).all())


def _tick_step(size: float, whole: bool) -> float:
    """The round step between two ticks that is not below `size`; whole: between whole numbers there is no 2.5."""
    step = round_step(size)
    return step if not whole or step.is_integer() else 1.0 if step < 1 else 5.0


def _round_ticks(low: float, high: float, step: float) -> tuple[float, ...]:
    """The multiples of a step in a range."""
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(
        index * step for index in range(first, last + 1) if low - 1e-9 * step <= index * step <= high + 1e-9 * step
    )


def _log_axis(positive: np.ndarray, count: int, tight: bool, width: int) -> Axis:
    low, high = max(float(positive.min()), _SMALLEST), max(float(positive.max()), _SMALLEST)
    if not tight or high < 1.01 * low:
        low, high = _round_log(low, up=False), _round_log(high, up=True)
    if high < 1.01 * low:
        low, high = low / 2, high * 2
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 2:
        stride = math.ceil((last - first + 1) / count)
        exponents = [each for each in range(first, last + 1) if each % stride == 0]
        if len(exponents) < 2:
            exponents = [first, first + (last - first) // 2 * 2] if count > 2 else [first, last]
        candidates = [10.0**exponent for exponent in exponents]
    else:
        candidates = [factor * 10.0**exponent for exponent in range(first - 1, last + 1) for factor in (1, 2, 5)]
    ticks = tuple(tick for tick in candidates if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9))
    ticks = ticks if len(ticks) > 1 else (low, high)
    return _marked(Range(low, high, log=True), ticks, _log_labels(ticks, width))


def _log_labels(ticks: tuple[float, ...], width: int) -> tuple[str, ...]:
    """Labels for ticks at equal ratios, all in one style: as they are, with k, M, G and T, or as powers of ten."""
    if all(1e-3 <= tick < 1e15 for tick in ticks):
        return tuple(label(tick, width) for tick in ticks)
    return tuple("1" if tick == 1 else power_of_ten(tick, width) for tick in ticks)


def _marked(shown: Range, ticks: tuple[float, ...], texts: tuple[str, ...]) -> Axis:
    """An axis without the ticks whose label would repeat the one before (numbers too long for their width)."""
    kept = [index for index, text in enumerate(texts) if index == 0 or text != texts[index - 1]]
    return Axis(shown, tuple(ticks[index] for index in kept), tuple(texts[index] for index in kept))


def _round_log(value: float, *, up: bool) -> float:
    """The nearest of 1, 2 or 5 times a power of ten that is not below the value (up) or not above it."""
    exponent = math.floor(math.log10(value))
    rounds = [factor * 10.0**power for power in (exponent - 1, exponent, exponent + 1) for factor in (1, 2, 5)]
    if up:
        return min(each for each in rounds if each >= value * (1 - 1e-9))
    return max(each for each in rounds if each <= value * (1 + 1e-9))


def round_step(size: float) -> float:
    """The smallest of 1, 2, 2.5 or 5 times a power of ten that is not below `size`."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= size * (1 - 1e-9))


def labels(ticks: tuple[float, ...], width: int = LABEL_WIDTH) -> tuple[str, ...]:
    """Labels for equally spaced ticks: all with the decimals that tell them apart, in one unit."""
    size = max((abs(tick) for tick in ticks), default=0.0)
    if size == 0 or len(ticks) < 2:
        return tuple(label(tick, width) for tick in ticks)
    step = abs(ticks[1] - ticks[0])
    unit, suffix = 1.0, ""
    if size >= 1e15 or size < 1e-3:
        exponent = math.floor(math.log10(size))
        unit, suffix = 10.0**exponent, f"e{exponent}"
    elif size >= 1e4:
        unit, suffix = next((each, letter) for each, letter in _SI if size >= each)
    decimals = next((digits for digits in range(9) if _is_round(step / unit, digits)), 9)
    texts = tuple("0" if tick == 0 else f"{tick / unit:.{decimals}f}{suffix}" for tick in ticks)
    return texts if max(map(len, texts)) <= width else tuple(label(tick, width) for tick in ticks)


def _is_round(value: float, digits: int) -> bool:
    scaled = value * 10**digits
    return abs(scaled - round(scaled)) < 1e-6 * max(1.0, abs(scaled))


def label(value: float, width: int = LABEL_WIDTH) -> str:
    """One number in at most `width` characters: "0.25", "1e-3", "12k", "2.5M"; fewer digits where it must."""
    if value == 0:
        return "0"
    size = abs(value)
    for digits in range(6, 0, -1):
        if 1e-3 <= size < 1e4:
            decimals = max(0, digits - 1 - math.floor(math.log10(size)))
            text = f"{value:.{decimals}f}"
            text = text.rstrip("0").rstrip(".") if "." in text else text
        elif 1e4 <= size < 1e15:
            unit, suffix = next((each, letter) for each, letter in _SI if size >= each)
            text = f"{value / unit:.{digits}g}"
            text = (f"{value / unit:.0f}" if "e" in text else text) + suffix
        else:
            return power_of_ten(value, width)
        if len(text) <= width:
            return text
    return text[:width]


def power_of_ten(value: float, width: int = LABEL_WIDTH) -> str:
    """One number as "1e-3" or "2.5e26"; fewer digits where it must be short."""
    for digits in range(6, 0, -1):
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa}e{int(exponent)}"
        if len(text) <= width:
            break
    return text[:width]
