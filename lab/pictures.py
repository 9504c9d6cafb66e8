"""Pictures as data: what a task shows beside the curves, without saying how a terminal draws it.

The set is closed, so that a viewer (terminal, TUI, PNG or SVG export) that draws each kind draws every task. Arrays
are float32 and small (a few thousand numbers); NaN is a gap.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True, slots=True)
class Curves:
    """Lines over a common axis. `lines`: name to values, each as long as `x`."""

    kind: ClassVar[str] = "curves"
    title: str
    x: np.ndarray
    lines: dict[str, np.ndarray]
    x_label: str = ""
    y_label: str = ""
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar per name. `unit` stands behind the numbers."""

    kind: ClassVar[str] = "bars"
    title: str
    values: dict[str, float]
    unit: str = ""
    log: bool = False


@dataclass(frozen=True, slots=True)
class Histograms:
    """One histogram per row name (a layer, a variant), over common bins. `edges`: bins + 1; `counts[name]`: bins."""

    kind: ClassVar[str] = "histograms"
    title: str
    edges: np.ndarray
    counts: dict[str, np.ndarray]
    x_label: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """Numbers on a grid, row 0 on top: a weight matrix, a filter, a heat map, a loss surface.

    `values[rows, columns]`; `low` and `high` span the colour scale (None: the smallest and largest finite value);
    `diverging` centres the scale at 0. `extent` is (left, right, bottom, top) in data coordinates, for axes.
    `paths`: lines drawn on top, name to points [n, 2] in data coordinates.
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


@dataclass(frozen=True, slots=True)
class Regions:
    """A plane divided into classes, with the examples on top.

    `classes[rows, columns]`: class per cell, row 0 on top; `confidence` likewise, 0 to 1; `points` [n, 2] in data
    coordinates with their `labels` [n]; `extent` (left, right, bottom, top).
    """

    kind: ClassVar[str] = "regions"
    title: str
    classes: np.ndarray
    confidence: np.ndarray
    extent: tuple[float, float, float, float]
    points: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points in a plane: group name to [n, 2]; `lines` are drawn through their points in order."""

    kind: ClassVar[str] = "scatter"
    title: str
    groups: dict[str, np.ndarray]
    lines: dict[str, np.ndarray] = field(default_factory=dict)
    x_label: str = ""
    y_label: str = ""


@dataclass(frozen=True, slots=True)
class Images:
    """Images side by side: [count, height, width] grey or [count, height, width, 3] colour, 0 to 1; a caption each."""

    kind: ClassVar[str] = "images"
    title: str
    images: np.ndarray
    captions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Units:
    """One cell per unit, layer by layer. `activity[layer]`: mean absolute output of each unit; `dead[layer]`: bool."""

    kind: ClassVar[str] = "units"
    title: str
    activity: dict[str, np.ndarray]
    dead: dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Diagram:
    """A graph of boxes. `nodes`: (name, label, value, gradient; "" where there is none); `edges`: (from, to) names."""

    kind: ClassVar[str] = "diagram"
    title: str
    nodes: tuple[tuple[str, str, str, str], ...]
    edges: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows and columns."""

    kind: ClassVar[str] = "table"
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Picture = Curves | Bars | Histograms | Field | Regions | Scatter | Images | Units | Diagram | Table
_KINDS: dict[str, type] = {
    kind.kind: kind for kind in (Curves, Bars, Histograms, Field, Regions, Scatter, Images, Units, Diagram, Table)
}


def _encode(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        flat = [None if isinstance(each, float) and not np.isfinite(each) else each for each in value.ravel().tolist()]
        return {"shape": list(value.shape), "type": value.dtype.name, "data": flat}
    if isinstance(value, dict):
        return {str(key): _encode(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_encode(each) for each in value]
    return value


def _decode(value: Any) -> Any:
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
