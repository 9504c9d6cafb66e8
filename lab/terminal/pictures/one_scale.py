"""Pictures of several variants, made comparable: what means the same has the same length, place and colour in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from lab.pictures import Bars, Curves, Field, Histograms, Network, Picture, Scatter
from lab.terminal import axes
from lab.terminal.pictures.network import reach

Extent = tuple[float, float, float, float]


def on_one_scale(pictures: Sequence[Picture]) -> list[Picture]:
    """Pictures of one kind, in the order given, with common axes; other kinds are as they were.

    Colour scales are common already: `lab.terminal.picture_scales`.
    """
    kinds = {type(each) for each in pictures}
    make = _KINDS.get(kinds.pop()) if len(kinds) == 1 and len(pictures) > 1 else None
    return cast(list[Picture], make(pictures)) if make is not None else list(pictures)


def one_map(maps: Sequence[tuple[int, str, Picture]]) -> list[tuple[tuple[int, ...], str, Picture]]:
    """Variants (number, name, picture) that go over the same landscape share one map with all their paths.

    Returns the numbers of the variants of each map, a name for it, and the map.
    """
    found: list[tuple[list[int], list[str], Picture]] = []
    for number, name, picture in maps:
        host = next((each for each in found if _same_landscape(each[2], picture)), None)
        if host is None:
            found.append(([number], [name], picture))
        else:
            host[0].append(number)
            host[1].append(name)
    made = []
    for numbers, names, picture in found:
        if isinstance(picture, Field) and picture.paths:
            own = [each for each in maps if each[0] in numbers]
            picture = _with_paths(picture, own)
        made.append((tuple(numbers), ", ".join(names), picture))
    return made


def _same_landscape(one: Picture, other: Picture) -> bool:
    return (
        isinstance(one, Field)
        and isinstance(other, Field)
        and bool(one.paths)
        and bool(other.paths)
        and one.extent == other.extent
        and np.array_equal(one.values, other.values)
    )


def _with_paths(host: Field, maps: Sequence[tuple[int, str, Picture]]) -> Field:
    paths, numbers = {}, []
    for number, name, picture in maps:
        assert isinstance(picture, Field)
        for own, points in picture.paths.items():
            paths[name if len(picture.paths) == 1 else f"{name} {own}"] = points
            numbers.append(number)
    return replace(host, paths=paths, variants=tuple(numbers))


def _bars(pictures: Sequence[Bars]) -> list[Bars]:
    shown = axes.finite(np.array([value for each in pictures for value in each.values.values()], np.float64))
    if not len(shown):
        return list(pictures)
    extent = float(shown.min()), float(shown.max())
    if any(each.log for each in pictures) and (shown > 0).any():
        extent = float(shown[shown > 0].min()), extent[1]
    everyone = tuple(dict.fromkeys((name, float(value)) for each in pictures for name, value in each.values.items()))
    return [replace(each, extent=extent, beside=everyone) for each in pictures]


def _histograms(pictures: Sequence[Histograms]) -> list[Histograms]:
    """Over common bins: a bin's numbers are spread evenly over those that take its place."""
    ends = axes.finite(*(each.edges for each in pictures))
    bins = max(len(each.edges) - 1 for each in pictures)
    if len(ends) < 2 or bins < 1 or not ends.max() > ends.min():
        return list(pictures)
    edges = np.linspace(float(ends.min()), float(ends.max()), bins + 1)
    made = []
    for each in pictures:
        own = np.asarray(each.edges, np.float64)
        if len(own) < 2 or not np.isfinite(own).all():
            made.append(each)
            continue
        counts = {}
        for name, values in each.counts.items():
            below = np.concatenate([[0.0], np.cumsum(np.nan_to_num(np.asarray(values, np.float64)))])
            counts[name] = np.diff(np.interp(edges, own, below)).astype(np.float32)
        made.append(replace(each, edges=edges.astype(np.float32), counts=counts))
    return made


def _curves(pictures: Sequence[Curves]) -> list[Curves]:
    x = axes.finite(*(np.asarray(each.x, np.float64) for each in pictures))
    y = axes.finite(*(np.asarray(line, np.float64) for each in pictures for line in each.lines.values()))
    return [replace(each, extent=_extent(x, y)) for each in pictures]


def _scatters(pictures: Sequence[Scatter]) -> list[Scatter]:
    points = [
        np.asarray(part, np.float64).reshape(-1, 2)
        for each in pictures
        for part in (*each.groups.values(), *each.lines.values())
    ]
    everything = np.concatenate(points) if points else np.zeros((0, 2))
    # What is not the same plane, such as other columns of a table, has no common axes.
    if len({(each.x_label, each.y_label) for each in pictures}) > 1:
        return list(pictures)
    extent = _extent(axes.finite(everything[:, 0]), axes.finite(everything[:, 1]))
    return [replace(each, extent=extent) for each in pictures]


def _extent(x: np.ndarray, y: np.ndarray) -> Extent | None:
    return (float(x.min()), float(x.max()), float(y.min()), float(y.max())) if len(x) and len(y) else None


def _networks(pictures: Sequence[Network]) -> list[Network]:
    ways = ("weights", "gradients")
    scales = {way: max(reach(replace(each, shows=way)) for each in pictures) for way in ways}
    return [replace(each, scales=scales) for each in pictures]


_KINDS: dict[type, Any] = {
    Bars: _bars,
    Histograms: _histograms,
    Curves: _curves,
    Scatter: _scatters,
    Network: _networks,
}
