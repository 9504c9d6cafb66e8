"""The colour scales of pictures: one for all variants of a run, and the same from picture to picture while it fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from lab.pictures import Cells, Field, Picture, Units
from lab.terminal import axes

_TOO_WIDE = 4.0
"""A scale so many times as wide as what it shows is made anew."""

Spans = dict[str, tuple[float, float]]
"""By name of a scale (a layer, or "" for the only one) the lowest and the highest value that it has to show."""


class PictureScales:
    """Remembers the scales of pictures by their titles."""

    def __init__(self) -> None:
        self._known: dict[str, Spans] = {}

    def fit(self, title: str, pictures: Iterable[Picture]) -> bool:
        """Make the scale fit all these pictures of one title; whether it is another one now."""
        needed = _union(_spans(each) for each in pictures)
        old = self._known.get(title, {})
        new = {name: _kept(old.get(name), span) for name, span in needed.items()}
        self._known[title] = new
        return new != old

    def scaled(self, picture: Picture) -> Picture:
        """The picture with the scale of its title; itself where it has none or needs none."""
        spans = self._known.get(picture.title)
        if not spans:
            return picture
        if isinstance(picture, Units):
            return replace(picture, brightest={name: high for name, (_, high) in spans.items()})
        if isinstance(picture, Field | Cells) and "" in spans:
            low, high = spans[""]
            return replace(picture, low=low, high=high)
        return picture


def _spans(picture: Picture) -> Spans:
    if isinstance(picture, Units):
        tops = {name: axes.finite(np.asarray(values)) for name, values in picture.activity.items()}
        return {name: (0.0, float(values.max())) for name, values in tops.items() if len(values) and values.max() > 0}
    if isinstance(picture, Field | Cells) and (picture.low is None or picture.high is None):
        shown = axes.finite(np.asarray(picture.values))
        if len(shown):
            low = float(shown.min()) if picture.low is None else picture.low
            high = float(shown.max()) if picture.high is None else picture.high
            return {"": (low, high)}
    return {}


def _union(found: Iterable[Spans]) -> Spans:
    needed: Spans = {}
    for spans in found:
        for name, (low, high) in spans.items():
            before = needed.get(name, (low, high))
            needed[name] = min(low, before[0]), max(high, before[1])
    return needed


def _kept(old: tuple[float, float] | None, needed: tuple[float, float]) -> tuple[float, float]:
    """The old scale if it covers what is needed and is not far too wide for it; else a wider or another one, rounded
    outwards so that it need not change again at once."""
    low, high = needed
    if old is not None and old[1] - old[0] <= _TOO_WIDE * (high - low):
        if old[0] <= low and high <= old[1]:
            return old
        low, high = min(low, old[0]), max(high, old[1])
    if not high > low:
        return needed
    step = axes.round_step((high - low) / 5)
    return float(np.floor(low / step + 1e-6) * step), float(np.ceil(high / step - 1e-6) * step)
