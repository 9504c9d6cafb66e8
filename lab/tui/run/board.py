"""The board: the tile that decides, large, and around it as many others as can be read."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import Container
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from lab.tui.problems import ReportsProblems
from lab.tui.run.layout import MOST, Place, places
from lab.tui.run.multiples import Content, Multiples
from lab.tui.run.tile import Tile

LOWEST_MULTIPLES = 14
"""Lines that several pictures side by side need at least."""


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

    def __init__(self, **options: object) -> None:
        self._placed = _Placed()
        self.tiles = [Tile() for _ in range(MOST)]
        super().__init__(*self.tiles, **options)  # type: ignore[arg-type]  # Textual's own options

    @property
    def layout(self) -> Layout:
        """Textual asks how the tiles are arranged."""
        return self._placed

    def room(self, wanted: int, heavy: bool = False) -> int:
        """How many of so many tiles have room now. heavy: the first one has several pictures."""
        return len(places(wanted, *self.size, LOWEST_MULTIPLES * heavy))

    def show(self, contents: Sequence[Content | None], selected: int = -1, hint: str = "") -> None:
        """One tile for each content; a tile whose content is what it was is left alone.

        hint: what a key does with the selected one
        """
        heavy = bool(contents) and isinstance(contents[0], Multiples)
        found = places(len(contents), *self.size, LOWEST_MULTIPLES * heavy)
        if found != self._placed.places:
            self._placed.places = found
            for number, tile in enumerate(self.tiles):
                tile.display = number < len(found)
            self._clear_arrangement_cache()
            self.refresh(layout=True)
        for number, (tile, content) in enumerate(zip(self.tiles, contents, strict=False)):
            tile.show(content, hint if number == selected else None)
