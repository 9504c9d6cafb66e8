"""The board: the tile that decides, large, and around it as many others as can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from textual.containers import Container
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.widget import Widget

from lab.pictures import Bars, Field, Picture
from lab.terminal.style import Style
from lab.tui.problems import ReportsProblems
from lab.tui.run.app_services import services
from lab.tui.run.kept_shapes import KeptShape, common_shape
from lab.tui.run.layout import GAP, MOST, Place, places
from lab.tui.run.multiples import Content, Multiples, arrangement
from lab.tui.run.plot import Plot
from lab.tui.run.tile import Tile

LOWEST_MULTIPLES = 14
"""Lines that several pictures side by side need at least, unless they fill fewer."""
LEAST_WIDTH = 20
"""Columns that each of two has where they stand side by side."""
_ABOVE = 3
"""Lines for the title, what they share of a legend, and the variants' names."""
_LOW_PLOT = 8
_CAPTION = 2
"""Lines that are kept for captions of images, if they have any."""


def lowest(content: Content | None, width: int) -> int:
    """Lines that the first tile has at least on a board of so many columns: those that what stands side by side there
    needs, and no more than it can fill."""
    if not isinstance(content, Multiples):
        return 0
    shown = [each.content for each in content.cells]
    filled = [_filled(each, (width - GAP) // 2) for each in shown]
    known = [each for each in filled if each is not None]
    beside = len(shown) <= 2 and width >= 2 * LEAST_WIDTH
    return min(LOWEST_MULTIPLES, max(known) + _ABOVE) if beside and len(known) == len(shown) > 0 else LOWEST_MULTIPLES


def _filled(content: Plot | Picture, width: int) -> int | None:
    """Lines that one of two that stand beside each other fills; None if that depends on more than its width."""
    if isinstance(content, Plot):
        return _LOW_PLOT
    if isinstance(content, Bars):
        return len(content.values)
    if isinstance(content, Field) and content.extent is None and content.values.shape[0] <= content.values.shape[1]:
        rows, columns = content.values.shape
        return -(-rows * max(1, width // columns) // 2)
    return None


@lru_cache(maxsize=64)
def _places(
    wanted: int, width: int, height: int, low: int, kept: KeptShape | None, cells: int, style: Style
) -> list[Place]:
    """Where tiles stand; kept: the shape of the first one's pictures, if they keep it;  cells: how many variants have
    one, 0 if it stands alone. Remembered, as it is asked for in each frame."""
    if kept is None:
        return places(wanted, width, height, low)
    shape = kept

    def filling(columns: int, lines: int) -> tuple[float, float]:
        above = _ABOVE - 1 if shape.outlined else 1
        room = max(1, lines - above * bool(cells))
        found = arrangement(max(1, cells), columns, room, drawn=lambda across, down: shape.fit(across, down, style))
        inside = min(each.width for each in found), min(each.height for each in found)
        fit = shape.fit(*inside, style)
        seen = len(found) / max(1, cells) * fit.seen / shape.shape[0]
        taken = (fit.across * (fit.columns + 1) - 1 + GAP) * shape.lines(fit) * len(found) + above * columns
        drawn = fit.seen * fit.columns * fit.rows * len(found)
        return seen * min(1.0, taken / (columns * lines)), drawn / (columns * lines)

    return places(wanted, width, height, low, filling)


class _Placed(Layout):
    """Each of the tiles that are shown stands at its place."""

    name = "placed"

    def __init__(self) -> None:
        self.places: list[Place] = []

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        return [
            WidgetPlacement(Region(*place), NULL_OFFSET, Spacing(), child, 0)
            for place, child in zip(self.places, children, strict=False)
        ]


class Board(ReportsProblems, Container):
    """Shows plots and pictures. The tiles are made once; another arrangement only moves them."""

    DEFAULT_CSS = """
    Board Tile { width: 1fr; height: 1fr; }
    """

    class Resized(Message):
        """There is more or less room now, and what is to be shown depends on it."""

    def __init__(self, **options: object) -> None:
        self._placed = _Placed()
        self.tiles = [Tile() for _ in range(MOST)]
        super().__init__(*self.tiles, **options)  # type: ignore[arg-type]  # Textual's own options

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    @property
    def layout(self) -> Layout:
        """Textual asks how the tiles are arranged."""
        return self._placed

    def room(self, wanted: int, first: Content | None = None) -> int:
        """How many of so many tiles have room now. first: what the first one shows."""
        return len(self._arranged(wanted, first))

    def _arranged(self, number: int, first: Content | None) -> list[Place]:
        """Where so many tiles stand now, or as many of them as have room."""
        width, height = self.size
        cells = len(first.cells) if isinstance(first, Multiples) else 0
        kept = common_shape([each.content for each in first.cells] if isinstance(first, Multiples) else [first])
        if kept is not None and kept.told:  # tiles must not move when a caption gets longer
            kept = replace(kept, told=max(_CAPTION, kept.told))
        return _places(number, width, height, lowest(first, width), kept, cells, services(self).style)

    def show(self, contents: Sequence[Content | None], selected: int = -1, hint: str = "") -> None:
        """One tile for each content; a tile whose content is what it was is left alone.

        hint: what a key does with the selected one
        """
        found = self._arranged(len(contents), contents[0] if contents else None)
        if len(found) < len(contents):  # as many as the first page has room for, whatever leads this one
            found = self._arranged(len(contents), None)
        if found != self._placed.places:
            self._placed.places = found
            for number, tile in enumerate(self.tiles):
                tile.display = number < len(found)
            self._clear_arrangement_cache()
            self.refresh(layout=True)
        for number, (tile, content) in enumerate(zip(self.tiles, contents, strict=False)):
            tile.show(content, hint if number == selected else None)
