"""The curves of a run as a drawing: a panel per metric, a colour and a letter per variant, a thin line per seed.

The drawing is a list of shapes, so that svg and png, which only know how to draw those, show the same. Ranges, ticks,
colours and the choice of points are those of the terminal.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lab.errors import BadInput
from lab.exports.selection import Selection
from lab.store import Table
from lab.terminal import axes, series
from lab.terminal.curves import Line as Curve
from lab.terminal.curves import axis_values, traced
from lab.terminal.metric_words import unit, words
from lab.terminal.palettes import RGB, bad, letter, series_colour

INK: RGB = (40, 40, 48)
FAINT: RGB = (224, 224, 230)
MUTED: RGB = (110, 110, 120)
_PANEL = (420.0, 270.0)
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 26.0, 34.0, 40.0  # of a panel, around its plot
_HEADER, _LEGEND_LINE = 44.0, 18.0
_MOST_PANELS = 12


@dataclass(frozen=True, slots=True)
class Line:
    """Straight lines through points [n, 2], in pixels from the top left corner."""

    points: np.ndarray
    colour: RGB
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """A text; `x` is its left end, middle or right end as `anchor` says, `y` its base line."""

    x: float
    y: float
    text: str
    size: float = 11.0
    colour: RGB = INK
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False


Shape = Line | Words


@dataclass(frozen=True, slots=True)
class Figure:
    """Shapes on a white page of `width` × `height` pixels, those drawn later in front."""

    width: float
    height: float
    title: str
    shapes: list[Shape]


def figure(selection: Selection) -> Figure:
    """The curves of the selection. Without chosen metrics: all but those of single layers."""
    tables = selection.tables()
    metrics = selection.metric_names(tables)
    if not selection.metrics:
        metrics = [name for name in metrics if "." not in name] or metrics
    if not metrics:
        raise BadInput(f"{selection.info.name} has no curves to draw.")
    if len(metrics) > _MOST_PANELS:
        if selection.metrics:
            raise BadInput(f"A picture holds at most {_MOST_PANELS} metrics: choose fewer.")
        metrics = metrics[:_MOST_PANELS]
    columns = 1 if len(metrics) == 1 else 2 if len(metrics) <= 6 else 3
    variants = list(dict.fromkeys(table.variant for table in tables))
    broken = {(each.variant, each.seed) for each in selection.info.outcomes if each.state == "diverged"}
    width = columns * _PANEL[0]
    header, shapes = _header(selection, variants, tables, width)
    for number, metric in enumerate(metrics):
        row, column = divmod(number, columns)
        shapes += _panel(metric, tables, variants, broken, column * _PANEL[0], header + row * _PANEL[1])
    rows = math.ceil(len(metrics) / columns)
    return Figure(
        width, header + rows * _PANEL[1], _cut(selection.info.title or selection.info.name, math.inf, 1), shapes
    )


def _header(selection: Selection, variants: list[str], tables: list[Table], width: float) -> tuple[float, list[Shape]]:
    """Title and legend, and where they end."""
    info = selection.info
    seeds = sorted({table.seed for table in tables})
    told = f"{info.name} · {'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds[:12]))}"
    told += ", …" if len(seeds) > 12 else ""
    shapes: list[Shape] = [
        Words(16, 22, _cut(info.title or info.name, width, 15), 15, bold=True),
        Words(16, 38, _cut(told, width, 10.5), 10.5, MUTED),
    ]
    x, y = 16.0, _HEADER + 14
    for number, variant in enumerate(variants):
        name = f"{letter(number)}  {_cut(variant, 240, 11)}"
        needed = 40 + 6.6 * len(name)
        if x > 16 and x + needed > width:
            x, y = 16.0, y + _LEGEND_LINE
        shapes.append(Line(np.array([(x, y - 4), (x + 18, y - 4)]), series_colour(number, "light").rgb, 2.5))
        shapes.append(Words(x + 23, y, name))
        x += needed
    return y + 8, shapes


def _panel(
    metric: str, tables: list[Table], variants: list[str], broken: set[tuple[str, int]], left: float, top: float
) -> list[Shape]:
    """The curves of one metric; `broken`: variant and seed of the replicas that diverged."""
    curves: list[tuple[Table, Curve]] = []
    for table in (each for each in tables if metric in each.columns):
        lost = (table.variant, table.seed) in broken
        x, y = table.curves()[metric]
        curves.append((table, Curve(table.variant, x, y, variants.index(table.variant), broken=lost)))
    log = axes.logarithmic(metric, axis_values([each for _, each in curves], log=False))
    x_axis = axes.axis(np.concatenate([each.x for _, each in curves]), 5, tight=True)
    y_axis = axes.axis(axis_values([each for _, each in curves], log), 5, log=log)
    x0, x1 = left + _LEFT, left + _PANEL[0] - _RIGHT
    y0, y1 = top + _PANEL[1] - _BOTTOM, top + _TOP

    def points(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Shares of the axes as places of the drawing."""
        return np.column_stack([x0 + x * (x1 - x0), y0 + y * (y1 - y0)])

    shapes: list[Shape] = [Words(left + 16, y1 - 12, _cut(_named(metric), _PANEL[0] - 120, 12), 12, bold=True)]
    if log:
        shapes.append(Words(x1, y1 - 12, "logarithmic", 9.5, MUTED, "end"))
    for tick, label in zip(y_axis.ticks, y_axis.labels, strict=True):
        up = y0 + float(y_axis.range.place(np.array(tick))) * (y1 - y0)
        shapes.append(Line(np.array([(x0, up), (x1, up)]), FAINT))
        shapes.append(Words(x0 - 6, up + 3.5, label, 10, MUTED, "end"))
    for tick, label in zip(x_axis.ticks, x_axis.labels, strict=True):
        across = x0 + float(x_axis.range.place(np.array(tick))) * (x1 - x0)
        shapes.append(Line(np.array([(across, y0), (across, y0 + 4)]), MUTED))
        shapes.append(Words(across, y0 + 16, label, 10, MUTED, "middle"))
    shapes.append(Line(np.array([(x0, y1), (x0, y0), (x1, y0)]), MUTED))
    shapes.append(Words(x1, y0 + 32, "step", 10, MUTED, "end"))
    gaps: dict[str, str] = {}
    ends: dict[str, list[np.ndarray]] = {}
    several = len({table.seed for table, _ in curves}) > 1
    for table, curve in curves:
        colour = series_colour(curve.number, "light").rgb
        piece = traced(curve, curve.y, int(x1 - x0), x_axis.range, y_axis.range)
        drawn = points(piece.x, piece.y)
        for stretch in _unbroken(drawn):
            shapes.append(Line(stretch, colour, 1.0 if several else 1.6))
        end = drawn[np.isfinite(drawn).all(axis=1)][-1:]
        ends.setdefault(table.variant, []).extend(end)
        if curve.broken and len(end):
            shapes.append(
                Words(float(end[0, 0]), float(end[0, 1]) + 3.5, "×", 12, bad("light").rgb, "middle", bold=True)
            )
        for gap in series.gaps(curve.x, curve.y)[-1:]:
            gaps.setdefault(table.variant, series.describe_gap(f"{table.variant}, seed {table.seed}", gap))
    for variant, places in ends.items():
        if places:
            x_end, y_end = np.mean(places, axis=0)
            number = variants.index(variant)
            shapes.append(
                Words(x_end + 4, y_end + 3.5, letter(number), 10, series_colour(number, "light").rgb, bold=True)
            )
    shapes.append(Words(x0, y0 + 32, _cut("; ".join(gaps.values()), x1 - x0 - 40, 9.5), 9.5, MUTED))
    return [shape for shape in shapes if not isinstance(shape, Words) or shape.text]


def _named(metric: str) -> str:
    return f"{words(metric)}, {unit(metric)}" if unit(metric) else words(metric)


def _unbroken(points: np.ndarray) -> list[np.ndarray]:
    """The stretches without a gap; a single point becomes a short line, so that it can be seen."""
    good = np.isfinite(points).all(axis=1)
    starts = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(int)))
    stretches = [points[first:last] for first, last in zip(starts[::2], starts[1::2], strict=True)]
    return [each if len(each) > 1 else each + np.array([[-1.0, 0.0], [1.0, 0.0]]) for each in stretches]


def _cut(text: str, width: float, size: float) -> str:
    """The text on one line, cut to about `width` pixels, without characters that a file of text cannot carry."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    most = max(4, int(min(width, 1e6) / (0.56 * size)))
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


def scaled(shape: Shape, factor: float) -> Shape:
    """The shape on a page that is `factor` times as large."""
    if isinstance(shape, Line):
        return Line(shape.points * factor, shape.colour, shape.width * factor)
    return dataclasses.replace(shape, x=shape.x * factor, y=shape.y * factor, size=shape.size * factor)
