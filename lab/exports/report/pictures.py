"""Pictures as HTML: one function per kind, found by the kind of the picture. Scales and layouts are the terminal's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, groupby
from typing import Any

import numpy as np

from lab.exports.report import boxes, markup, plots
from lab.exports.report.markup import escape
from lab.exports.report.plots import Frame
from lab.pictures import (
    Bars,
    Cells,
    Curves,
    Field,
    Histograms,
    Images,
    Passages,
    Picture,
    Regions,
    Scatter,
    Table,
    Units,
)
from lab.terminal import axes
from lab.terminal.curves import Line
from lab.terminal.numbers import short
from lab.terminal.palettes import Family, colour_scale, colours_of, series_colour, sign
from lab.terminal.pictures.bars import ends_of
from lab.terminal.pictures.common import limits, shares
from lab.terminal.pictures.field import span
from lab.terminal.pictures.regions import FAINTEST, STRONGEST

_SIDE = 280.0
"""Pixels of the longer side of a map without axes."""
_ROW = 24.0
_FEW = 400


def render(picture: Picture) -> str:
    """A picture without its title. Of a kind that is not known here it says so."""
    known = RENDERERS.get(picture.kind)
    if known is None:
        return f"<p>This report cannot draw pictures of the kind {escape(picture.kind)}: see them in the lab.</p>"
    return known(picture)


def _curves(picture: Curves) -> str:
    lines = [
        Line(name, picture.x, np.asarray(y), number, family="series", points=name in picture.points)
        for number, (name, y) in enumerate(picture.lines.items())
    ]
    drawn = plots.curves(
        lines, picture.title,
        x_label=picture.x_label, y_label=picture.y_label, log_x=picture.log_x, log_y=picture.log_y,
        x_range=picture.extent[:2] if picture.extent else (), y_range=picture.extent[2:] if picture.extent else (),
    )  # fmt: skip
    return drawn + plots.legend(enumerate(picture.lines))


def _bars(picture: Bars) -> str:
    values = np.array(list(picture.values.values()), dtype=np.float64)
    zero, ends = ends_of(values, picture.log, picture.extent)
    unit, ink = f" {picture.unit}" if picture.unit else "", markup.colour(0, "series")
    rows = []
    for number, (name, value) in enumerate(picture.values.items()):
        y, end = number * _ROW, float(ends[number])
        rows.append(markup.words(172, y + 16, _cut(name, 26), "tick", "end"))
        if np.isfinite(end):
            left, right = 180 + 300 * min(zero, end), 180 + 300 * max(zero, end)
            wide = max(1.0, right - left)
            rows.append(f'<rect x="{left:.1f}" y="{y + 4:g}" width="{wide:.1f}" height="16" style="fill:{ink}"/>')
        rows.append(markup.words(488, y + 16, short(float(value)) + unit, "tick"))
    note = '<p class="note">logarithmic</p>' if picture.log else ""
    return markup.drawing(600, max(1, len(values)) * _ROW, picture.title, "".join(rows)) + note


def _histograms(picture: Histograms) -> str:
    """One below the other, each as high as its own highest bin."""
    edges = np.asarray(picture.edges, dtype=np.float64)
    shown = axes.finite(edges)
    if len(shown) < 2 or not shown[-1] > shown[0]:
        return "<p>There are no bins.</p>"
    across = axes.axis(shown, 6, tight=True)
    places = 150 + 400 * across.range.place(edges)
    high, rows = 56.0, []
    for number, (name, counts) in enumerate(picture.counts.items()):
        clean = np.nan_to_num(np.maximum(np.asarray(counts, dtype=np.float64), 0), nan=0.0, posinf=0.0)
        tops = (high - 8) * clean / (clean.max(initial=0.0) or 1.0)
        base = (number + 1) * high
        bars = "".join(
            f"M{left:.1f},{base:g}v{-top:.1f}H{right:.1f}V{base:g}z"
            for left, right, top in zip(places[:-1].tolist(), places[1:].tolist(), tops.tolist(), strict=False)
            if top > 0
        )
        rows += [markup.words(142, base - 2, _cut(name, 22), "tick", "end")]
        rows += [f'<path d="{bars}" style="fill:{markup.colour(number, "layers")}"/>'] if bars else []
        rows += [markup.line(np.array([(150, base), (550, base)]), "var(--faint)", 1)]
    base = len(picture.counts) * high
    for tick, label in zip(across.ticks, across.labels, strict=True):
        x = 150 + 400 * float(across.range.place(np.array(tick)))
        rows.append(markup.words(x, base + 16, label, "tick", "middle"))
    rows.append(markup.words(550, base + 32, picture.x_label, "tick", "end"))
    return markup.drawing(600, base + 38, picture.title, "".join(rows))


def _field(picture: Field) -> str:
    values = np.asarray(picture.values, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        return "<p>There are no values.</p>"
    low, high = limits(values, picture.low, picture.high, picture.diverging)
    pixels = colour_scale(shares(values, low, high), picture.diverging)
    scale = _scale(low, high, picture.diverging)
    if picture.extent is None:
        rows, columns = values.shape
        cell = _SIDE / max(rows, columns)
        wide, up = max(columns * cell, _SIDE / 4), max(rows * cell, _SIDE / 8)
        return markup.drawing(wide, up, picture.title, markup.image(pixels, 0, 0, wide, up)) + scale
    frame = _plane(picture.extent, picture.x_label, picture.y_label)
    family: Family = "variants" if picture.variants else "series"
    numbers = dict(zip(picture.paths, picture.variants or range(len(picture.paths)), strict=False))
    inside = frame.image(pixels)
    for name, number in numbers.items():
        points = np.asarray(picture.paths[name], dtype=np.float64).reshape(-1, 2)
        ink = markup.colour(number, family)
        path = frame.clipped(points)
        # On the ground of the page, since no colour can be seen everywhere on a map of all colours.
        inside += markup.line(path, "var(--page)", 5) + markup.line(path, ink, 2)
        inside += markup.dots(frame.inside(points[-1:]), ink, 4)
    legend = plots.legend(((number, name) for name, number in numbers.items()), family)
    return frame.drawn(picture.title, inside, grid=False) + legend + scale


def _regions(picture: Regions) -> str:
    """The colour of the class at each place, stronger where the net is surer, and each example in its own."""
    classes = np.asarray(picture.classes).astype(np.int64)
    if classes.ndim != 2 or classes.size == 0:
        return "<p>There are no regions.</p>"
    sure = np.clip(np.nan_to_num(np.asarray(picture.confidence, dtype=np.float64), nan=0.0), 0.0, 1.0)
    inks = np.array([series_colour(number, "default", "series").rgb for number in range(colours_of("series"))])
    strength = np.where(classes < 0, 0.0, FAINTEST + (STRONGEST - FAINTEST) * sure)
    pixels = np.concatenate([inks[classes % len(inks)], np.rint(255 * strength)[..., None]], axis=2).astype(np.uint8)
    frame = _plane(picture.extent)
    points = np.asarray(picture.points, dtype=np.float64).reshape(-1, 2)
    labels = np.asarray(picture.labels).astype(np.int64).ravel()[: len(points)]
    inside = frame.image(pixels)
    for label in np.unique(labels).tolist():
        inside += _points(frame, points[: len(labels)][labels == label], label)
    return frame.drawn(picture.title, inside, grid=False) + plots.legend(enumerate(picture.names))


def _scatter(picture: Scatter) -> str:
    groups, lines = (
        {name: np.asarray(points, dtype=np.float64).reshape(-1, 2) for name, points in found.items()}
        for found in (picture.groups, picture.lines)
    )
    numbers = {name: number for number, name in enumerate(dict.fromkeys((*groups, *lines)))}
    everything = [points for points in (*groups.values(), *lines.values()) if len(points)]
    if picture.extent is not None:
        everything.append(np.reshape(picture.extent, (2, 2)).T)
    stacked = np.concatenate(everything) if everything else np.zeros((0, 2))
    frame = Frame(axes.axis(stacked[:, 0], 6), axes.axis(stacked[:, 1], 5), picture.x_label, picture.y_label)
    inside = "".join(
        [_points(frame, points, numbers[name]) for name, points in groups.items()]
        + [markup.line(frame.clipped(points), markup.colour(numbers[name], "series")) for name, points in lines.items()]
    )
    return frame.drawn(picture.title, inside) + plots.legend((number, name) for name, number in numbers.items())


def _points(frame: Frame, points: np.ndarray, number: int) -> str:
    """Points as the sign of their class or group, which tells them apart without colours; many as dots."""
    places, ink = frame.inside(points), markup.colour(number, "series")
    if len(places) > _FEW:
        return markup.dots(places, ink, 2.4)
    return markup.signs(places, sign(number, "series"), ink)


def _images(picture: Images) -> str:
    images = np.asarray(picture.images, dtype=np.float64)
    if images.ndim not in (3, 4) or images.size == 0:
        return "<p>There are no images.</p>"
    colours = images if images.ndim == 4 else np.repeat(images[..., None], 3, axis=3)
    pixels = np.rint(255 * np.nan_to_num(np.clip(colours, 0.0, 1.0), nan=0.3)).astype(np.uint8)
    rows, columns = images.shape[1:3]
    size = max(1, min(4, 112 // max(1, columns))) * columns
    shown = []
    for number, each in enumerate(pixels):
        caption = picture.captions[number] if number < len(picture.captions) else ""
        said, below = caption.replace("\n", " "), escape(caption).replace("\n", "<br>")
        alone = (
            f'<img src="{markup.bitmap(each)}" width="{size}" height="{size * rows // max(1, columns)}" '
            f'alt="{escape(said or f"image {number + 1}")}">'
        )
        drawn = _outlined(picture, number, each, size / max(1, columns)) if picture.outlines else alone
        shown.append(f"<figure>{drawn}<figcaption>{below}</figcaption></figure>")
    told = ", ".join(f"{name} {how}" for name, (_, _, how) in zip(picture.outlines, cycle(_OUTLINES), strict=False))
    note = f'<p class="note">{escape(told)}</p>' if told else ""
    return f'<div class="images">{"".join(shown)}</div>{note}'


_OUTLINES = (("#fafafa", "", "white"), ("#fabe28", "4 2", "yellow, dashed"), ("#5ac8fa", "1 2", "blue, dotted"))
"""Colour and dashes of each outline on top of images, and how it is called."""


def _outlined(picture: Images, number: int, pixels: np.ndarray, scale: float) -> str:
    """One image with its boxes and lines on top."""
    high, wide = pixels.shape[0] * scale, pixels.shape[1] * scale
    parts = [markup.image(pixels, 0, 0, wide, high)]
    for row in picture.lines[picture.lines[:, 0] == number].tolist():
        colour, dashes, _ = _OUTLINES[int(row[1]) % len(_OUTLINES)]
        x, y, other_x, other_y = (each * scale for each in row[2:])
        if (x, y) == (other_x, other_y):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="none" stroke="{colour}"/>')
        else:
            parts.append(
                f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{other_x:.1f}" y2="{other_y:.1f}" stroke="{colour}" '
                f'stroke-dasharray="{dashes}"/>'
            )
    for row in picture.boxes[picture.boxes[:, 0] == number].tolist():
        colour, dashes, _ = _OUTLINES[int(row[1]) % len(_OUTLINES)]
        x, y, other_x, other_y = (each * scale for each in row[2:])
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, other_x - x):.1f}" height="{max(0.0, other_y - y):.1f}" '
            f'fill="none" stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"/>'
        )
    return markup.drawing(wide, high, picture.title, "".join(parts))


def _units(picture: Units) -> str:
    rows = []
    for layer, found in picture.activity.items():
        activity = np.asarray(found, dtype=np.float64).ravel()
        dead = np.zeros(len(activity), dtype=bool)
        known = np.asarray(picture.dead.get(layer, dead), dtype=bool).ravel()[: len(activity)]
        dead[: len(known)] = known
        brightest = picture.brightest.get(layer) or float(axes.finite(activity).max(initial=0.0)) or 1.0
        colours = colour_scale(0.15 + 0.85 * np.clip(activity / brightest, 0.0, 1.0)).tolist()
        cells = "".join(
            '<i class="dead">×</i>' if gone else f'<i style="background:rgb({red},{green},{blue})"></i>'
            for (red, green, blue), gone in zip(colours, dead.tolist(), strict=True)
        )
        told = f"{int(dead.sum())} of {len(activity)} dead"
        rows.append(f"<tr><td>{escape(layer)}</td><td class='cells'>{cells}</td><td>{told}</td></tr>")
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _table(picture: Table) -> str:
    return markup.table(picture.columns, picture.rows)


def _passages(picture: Passages) -> str:
    size = max(abs(picture.low), abs(picture.high)) or 1.0
    told = []
    for name, text in picture.texts.items():
        values = np.clip(np.nan_to_num(np.asarray(picture.values[name], dtype=np.float64)) / size, -1, 1)
        grounds = colour_scale(0.5 + values / 2, diverging=True).tolist()
        parts = []
        for (red, green, blue), run in groupby(zip(text, grounds, strict=False), key=lambda each: tuple(each[1])):
            ink = "#000" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#fff"
            content = escape("".join(character for character, _ in run))
            parts.append(f'<span style="background:rgb({red},{green},{blue});color:{ink}">{content}</span>')
        told.append(f"<p>{escape(name)}</p><pre class='passage'>{''.join(parts)}</pre>")
    return "".join(told) + _scale(picture.low, picture.high, True)


def _cells(picture: Cells) -> str:
    values = np.asarray(picture.values, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        return "<p>There are no cells.</p>"
    low, high = limits(values, picture.low, picture.high, picture.diverging)
    grounds = colour_scale(shares(values, low, high), picture.diverging).tolist()
    sides = np.asarray(picture.sides, np.float64)
    around = sides.tolist() if sides.size else np.full((*values.shape, 4), np.nan).tolist()
    rows = []
    for colours, numbers, marks, ends in zip(grounds, values.tolist(), picture.marks, around, strict=True):
        cells = []
        for (red, green, blue), value, mark, four in zip(colours, numbers, marks, ends, strict=True):
            ink = "#000" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#fff"
            ground = f"rgb({red},{green},{blue})" if np.isfinite(value) else "transparent" if mark else "var(--faint)"
            colour = f"color:{ink};" if np.isfinite(value) else ""
            style = f"background:{ground};{colour}text-align:center;min-width:4em"
            cells.append(f'<td style="{style}">{_inside(value, mark, four)}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    note = f'<p class="note">{escape(picture.note)}</p>' if picture.note else ""
    return f'<div class="wide"><table>{"".join(rows)}</table></div>{note}' + _scale(low, high, picture.diverging)


def _inside(value: float, mark: str, sides: Sequence[float]) -> str:
    """What stands in a cell: its number above its mark, or the numbers of its sides around it."""
    if np.isfinite(sides).all():
        top, right, bottom, left = (f"{each:.2f}" for each in sides)
        return f"{top}<br>{left} <b>{escape(mark)}</b> {right}<br>{bottom}"
    return f"{f'{value:.3f}' if np.isfinite(value) else ''}<br>{escape(mark)}"


def _scale(low: float, high: float, diverging: bool) -> str:
    """The colours from the lowest to the highest number."""
    pixels = colour_scale(np.linspace(0.0, 1.0, 64), diverging)[None]
    return (
        f'<p class="note">{escape(short(low))} <img class="scale" alt="to" src="{markup.bitmap(pixels)}"> '
        f"{escape(short(high))}</p>"
    )


def _plane(extent: tuple[float, float, float, float], x_label: str = "", y_label: str = "") -> Frame:
    """The axes of a map; a square plane, as far as the room goes, where both are of one length."""
    left, right, bottom, top = (float(each) for each in extent)
    across, up = span(left, right), span(bottom, top)
    ratio = min(1.6, max(1.0, (across.high - across.low) / (up.high - up.low)))
    x = axes.axis(np.array([across.low, across.high]), 6, tight=True)
    y = axes.axis(np.array([up.low, up.high]), 6, tight=True)
    return Frame(x, y, x_label, y_label, width=92 + 300 * ratio, height=54 + 300)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


RENDERERS: dict[str, Callable[[Any], str]] = {
    "curves": _curves,
    "bars": _bars,
    "histograms": _histograms,
    "field": _field,
    "regions": _regions,
    "scatter": _scatter,
    "images": _images,
    "units": _units,
    "diagram": boxes.diagram,
    "table": _table,
    "network": boxes.network,
    "passages": _passages,
    "cells": _cells,
}
