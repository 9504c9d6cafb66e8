"""How large pictures that keep their shape become in some room, and how much of it they fill: images and maps without
axes, whose pixels are whole characters, maps of cells, and tables. More room does not always make them larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.pictures import Cells, Field, Images, Table
from lab.terminal.pictures import cells, field, images
from lab.terminal.style import Style

_ROWS = 4
"""Rows of a table are counted in so many, so that tiles do not move with each row more."""
_NARROWEST_TABLE, _NARROWEST_CELL = 40, 6
"""Columns in which a table can be read, and a cell with a number in it."""
_HEADING = 1
"""Lines above a picture: its title, or whose it is."""


@dataclass(frozen=True, slots=True)
class KeptShape:
    """What decides how large a picture is drawn.

    kind:     the kind of the picture
    shape:    [count, height, width]
    told:     lines below each image
    outlined: whether boxes or lines lie on top, or there is a scale of colours, so that a legend stands above
    """

    kind: str
    shape: tuple[int, ...]
    told: int = 0
    outlined: bool = False

    def fit(self, width: int, height: int, style: Style) -> images.Fit:
        """How it stands in so many columns and lines, its heading included."""
        inside = max(0, height - _HEADING)
        if self.kind == Images.kind:
            return images.fit(self.shape, self.told, self.outlined, width, inside, style)
        room = max(0, inside - self.told)
        if self.kind == Table.kind:
            rows = min(inside, self.shape[1])
            return images.Fit(
                1, rows / self.shape[1], width, rows, 1, 1, width >= _NARROWEST_TABLE and rows == self.shape[1]
            )
        if self.kind == Cells.kind:
            wide, high = cells.cell_size(self.shape[1], self.shape[2], width, inside)
            readable = wide >= _NARROWEST_CELL and high >= 1
            return images.Fit(1, min(wide / 2, high), wide * self.shape[2], high * self.shape[1], 1, 1, readable)
        scale = field.scale_of(self.shape[1:], width, room, style)
        columns, rows = field.plain_size(self.shape[1:], width, room, style)
        return images.Fit(1, scale, columns, rows, 1, 1, scale >= 1)

    def lines(self, fit: images.Fit) -> int:
        """Lines that it takes so, its heading included."""
        between = 0 if self.told or self.kind != Images.kind else 1
        return _HEADING + fit.down * (fit.rows + self.told + between) - between


def kept_shape(picture: object) -> KeptShape | None:
    """What decides how large a picture is; None if it fills whatever room it has."""
    if isinstance(picture, Images) and picture.images.ndim in (3, 4) and picture.images.size:
        return KeptShape(picture.kind, picture.images.shape[:3], images.caption_lines(picture), bool(picture.outlines))
    if isinstance(picture, Field) and picture.extent is None and picture.values.ndim == 2 and picture.values.size:
        high, wide = picture.values.shape
        if max(high, wide) < 2 * min(high, wide):  # a narrower one is stretched
            return KeptShape(picture.kind, (1, high, wide), told=1)
    if isinstance(picture, Table) and picture.rows:
        return KeptShape(picture.kind, (1, -(-(1 + len(picture.rows)) // _ROWS) * _ROWS, _NARROWEST_TABLE))
    if isinstance(picture, Cells) and picture.values.ndim == 2 and picture.values.size:
        return KeptShape(picture.kind, (1, *picture.values.shape), outlined=True)
    return None


def common_shape(pictures: Sequence[object]) -> KeptShape | None:
    """What all of them together need: as many images, pixels and lines below them as the one that has most; None if
    they are of several kinds, or one of them fills whatever room it has."""
    found = [kept_shape(each) for each in pictures]
    known = [each for each in found if each is not None]
    if not known or len(known) < len(found) or len({each.kind for each in known}) > 1:
        return None
    shape = tuple(map(max, zip(*(each.shape for each in known), strict=True)))
    told, outlined = max(each.told for each in known), any(each.outlined for each in known)
    return KeptShape(known[0].kind, shape, told, outlined)
