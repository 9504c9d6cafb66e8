"""Pictures as data: what a task shows beside its curves, without saying how a terminal draws it.

There are thirteen kinds of pictures and no others, so that a viewer (terminal, full screen, PNG or SVG export) that
draws each kind draws every task. Arrays are float32 unless something else is said, and small: a few thousand numbers.
NaN means that there is nothing to show at that place. `name` is what a scenario calls a picture, in `show` and
`options.pictures`, whatever stands in its title; "" of pictures that were kept before they had one.

A picture is part of the stream of events and of kept runs: `picture_to_json` and `picture_from_json` write and read it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args

import numpy as np


@dataclass(frozen=True, slots=True)
class Curves:
    """Lines over a common horizontal axis.

    x:            [n], in the unit that `x_label` says; steps are whole numbers
    lines:        by name the line's values, [n], in the unit that `y_label` says
    log_x, log_y: whether an axis is logarithmic; values of 0 and below have no place on such an axis
    points:       the names of those whose values are points that no line joins
    extent:       (left, right, bottom, top), what the axes show at least; None: what the lines need
    """

    kind: ClassVar[str] = "curves"
    title: str
    x: np.ndarray
    lines: dict[str, np.ndarray]
    x_label: str = ""
    y_label: str = ""
    log_x: bool = False
    log_y: bool = False
    points: tuple[str, ...] = ()
    extent: tuple[float, float, float, float] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar for each name, in the order given.

    values: by name the length of its bar
    unit:   the unit of all values, which is shown behind the numbers; empty where they have none
    log:    whether the bars' axis is logarithmic
    extent: (lowest, highest), what the axis shows at least; None: what the bars need
    beside: name and value of all bars that stand beside these, whose names and numbers take as much room in all of
            these pictures, so that equal lengths mean equal values
    """

    kind: ClassVar[str] = "bars"
    title: str
    values: dict[str, float]
    unit: str = ""
    log: bool = False
    extent: tuple[float, float] | None = None
    name: str = ""
    beside: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Histograms:
    """One histogram for each name, such as that of a layer, all over the same bins.

    edges:   [bins + 1], the ends of the bins in ascending order, in the unit that `x_label` says
    counts:  by name how many numbers lie in each bin, [bins]
    """

    kind: ClassVar[str] = "histograms"
    title: str
    edges: np.ndarray
    counts: dict[str, np.ndarray]
    x_label: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """Numbers on a grid, as colours: a weight matrix, a filter, a heat map, a loss surface.

    values:    [rows, columns]; row 0 is on top, column 0 on the left
    low, high: the numbers at the ends of the colour scale; None: the smallest and the largest finite value
    diverging: whether the scale is symmetric around 0, with a colour for each sign
    extent:    (left, right, bottom, top), where the axes begin and end, in the units that the labels say; bottom may
               be more than top; None: the rows and columns have no coordinates
    paths:     by name a line that is drawn on top, [points, 2] as (x, y) in the same coordinates
    variants:  of each path the number of the variant whose it is, which gives it letter and colour; empty: in order
    """

    kind: ClassVar[str] = "field"
    title: str
    values: np.ndarray
    low: float | None = None
    high: float | None = None
    diverging: bool = False
    extent: tuple[float, float, float, float] | None = None
    paths: dict[str, np.ndarray] = field(default_factory=dict)
    x_label: str = ""
    y_label: str = ""
    variants: tuple[int, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Regions:
    """A plane divided into classes, with the examples on top.

    classes:    [rows, columns] int32, the number of the class at each place; row 0 is on top, column 0 on the left
    confidence: [rows, columns], the probability of that class there, from 0 to 1
    extent:     (left, right, bottom, top): the first column stands for `left`, the last for `right`, and so on
    points:     [n, 2], the examples as (x, y) in these coordinates
    labels:     [n] int32, their classes
    names:      what the classes are called, by number; empty: nothing is said about it
    """

    kind: ClassVar[str] = "regions"
    title: str
    classes: np.ndarray
    confidence: np.ndarray
    extent: tuple[float, float, float, float]
    points: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points in a plane, in groups with a colour each, and lines.

    groups: by name the points of a group, [n, 2] as (x, y) in the units that the labels say
    lines:  by name the points that a line goes through in this order, [n, 2]
    extent: (left, right, bottom, top), what the axes show at least; None: what points and lines need
    """

    kind: ClassVar[str] = "scatter"
    title: str
    groups: dict[str, np.ndarray]
    lines: dict[str, np.ndarray] = field(default_factory=dict)
    x_label: str = ""
    y_label: str = ""
    extent: tuple[float, float, float, float] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Images:
    """Images side by side.

    images:   [count, height, width] in grey, or [count, height, width, 3] in red, green and blue; from 0 to 1, row 0
              on top
    captions: a text below each image, of a line or more; empty: none has one
    outlines: what the boxes and lines on top of the images are, such as `truth`, `answer`; each has a line of its own,
              the first a solid one
    boxes:    [b, 6]: the number of the image, which of the outlines, x_min, y_min, x_max, y_max in pixels
    lines:    [l, 6]: the same with the ends of a line: x, y, x, y; of a point, both are the same
    """

    kind: ClassVar[str] = "images"
    title: str
    images: np.ndarray
    captions: tuple[str, ...] = ()
    name: str = ""
    outlines: tuple[str, ...] = ()
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 6), np.float32))
    lines: np.ndarray = field(default_factory=lambda: np.zeros((0, 6), np.float32))


@dataclass(frozen=True, slots=True)
class Units:
    """One cell for each unit, layer by layer from input to output.

    activity: by layer the mean absolute output of each unit, [units]
    dead:     by layer whether a unit gives 0 for every example, [units] bool
    brightest: by layer the activity that is shown brightest; of layers without one, that of the most active unit
    """

    kind: ClassVar[str] = "units"
    title: str
    activity: dict[str, np.ndarray]
    dead: dict[str, np.ndarray]
    brightest: dict[str, float] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A graph of boxes and arrows: a computation graph, a tree.

    nodes: (name, label, value, gradient) of each box; the last three are texts as they are shown, "" for nothing
    edges: (from, to), the names of the boxes that an arrow connects
    """

    kind: ClassVar[str] = "diagram"
    title: str
    nodes: tuple[tuple[str, str, str, str], ...]
    edges: tuple[tuple[str, str], ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows and columns.

    columns: the head of each column
    rows:    the cells of each row, one for each column
    """

    kind: ClassVar[str] = "table"
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """A network as units in columns, from the input on the left to the output, and a line for each weight.

    layers:    by name how many units stand in each column
    weights:   by name of the layer behind them the weights between two columns, [units before, units of the layer]
    gradients: by name the gradient of each of them
    shows:     which of the two the lines are
    whole:     by name how many units a layer has of which only the first are in the columns; the others have all
    scales:    what the widest line stands for, of weights and of gradients; what is not there follows from the numbers
    """

    kind: ClassVar[str] = "network"
    title: str
    layers: dict[str, int]
    weights: dict[str, np.ndarray]
    gradients: dict[str, np.ndarray]
    shows: str = "weights"
    whole: dict[str, int] = field(default_factory=dict)
    scales: dict[str, float] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Passages:
    """Texts whose characters are coloured by numbers: by what one unit of a network is while it reads them.

    texts:     by name a text, with its ends of lines
    values:    by name a number for each of its characters, [characters], ends of lines included
    low, high: the numbers at the ends of the colour scale, which is symmetric around 0, with a colour for each sign
    """

    kind: ClassVar[str] = "passages"
    title: str
    texts: dict[str, str]
    values: dict[str, np.ndarray]
    low: float = -1.0
    high: float = 1.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Cells:
    """A map of few cells, each with a colour and a number, a sign beside it, or a number for each of its four sides.

    values:    [rows, columns], the number of each cell, and its colour; NaN where it has none
    marks:     [rows][columns] a short text in each cell: an arrow, a letter. A cell with neither is a wall
    sides:     [rows, columns, 4], numbers at the top, right, bottom and left of each cell, which are shown where there
               is room, in place of `values`; empty: there are none
    low, high: the numbers at the ends of the colour scale; None: the smallest and the largest finite value
    diverging: whether the scale is symmetric around 0, with a colour for each sign
    note:      what is so at the moment, behind the title
    """

    kind: ClassVar[str] = "cells"
    title: str
    values: np.ndarray
    marks: tuple[tuple[str, ...], ...]
    sides: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 4), np.float32))
    low: float | None = None
    high: float | None = None
    diverging: bool = False
    note: str = ""
    name: str = ""


Picture = (
    Curves
    | Bars
    | Histograms
    | Field
    | Regions
    | Scatter
    | Images
    | Units
    | Diagram
    | Table
    | Network
    | Passages
    | Cells
)
_KINDS: dict[str, type] = {kind.kind: kind for kind in get_args(Picture)}


def _encode(value: Any) -> Any:
    """A field of a picture for JSON; an array keeps its shape and type, and NaN and infinite numbers become null."""
    if isinstance(value, np.ndarray):
        flat = [None if isinstance(each, float) and not np.isfinite(each) else each for each in value.ravel().tolist()]
        return {"shape": list(value.shape), "type": value.dtype.name, "data": flat}
    if isinstance(value, dict):
        return {str(key): _encode(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_encode(each) for each in value]
    return value


def _decode(value: Any) -> Any:
    """What `_encode` was given; null becomes NaN, and lists become tuples."""
    if isinstance(value, dict) and set(value) == {"shape", "type", "data"}:
        data = [np.nan if each is None else each for each in value["data"]]
        return np.array(data, dtype=value["type"]).reshape(value["shape"])
    if isinstance(value, dict):
        return {key: _decode(each) for key, each in value.items()}
    if isinstance(value, list):
        return tuple(_decode(each) for each in value)
    return value


def picture_to_json(picture: Picture) -> dict[str, Any]:
    """A picture as a JSON object; its kind stands under "kind"."""
    names = (each.name for each in dataclasses.fields(picture))
    return {"kind": picture.kind, **{name: _encode(getattr(picture, name)) for name in names}}


def picture_from_json(content: dict[str, Any]) -> Picture:
    """The picture that `picture_to_json` wrote. Raises ValueError for an unknown kind."""
    fields = dict(content)
    name = fields.pop("kind", None)
    kind = _KINDS.get(str(name))
    if kind is None:
        raise ValueError(f"unknown picture {name!r}")
    return kind(**{key: _decode(value) for key, value in fields.items()})
