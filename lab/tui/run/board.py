"""The board: as many tiles as there is room for, each as large as can be."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import Container

from lab.pictures import Picture
from lab.terminal.dashboard_content import Grid, arrange
from lab.tui.problems import ReportsProblems
from lab.tui.run.plot import Plot
from lab.tui.run.tile import Tile

MOST = 9
_NARROW, _LOW = 38, 8
"""Plots beside others are at least so wide and so high, if there is any choice."""


def fitting(wanted: int, width: int, height: int) -> Grid | None:
    """The grid for as many of the wanted tiles as can be read; None where there is room for none."""
    for number in range(min(wanted, MOST), 1, -1):
        grid = arrange(number, width, height)
        if grid is not None and grid.width >= _NARROW and grid.height >= _LOW:
            return grid
    for number in range(min(wanted, 4), 0, -1):
        if (grid := arrange(number, width, height)) is not None:
            return grid
    return Grid(1, 1, width, height) if wanted and width > 0 and height > 0 else None


class Board(ReportsProblems, Container):
    """Shows plots and pictures. The tiles are made once; a grid of another size only moves them."""

    DEFAULT_CSS = """
    Board { layout: grid; grid-size: 1 1; grid-gutter: 0 2; }
    Board Tile { width: 1fr; height: 1fr; }
    """

    def __init__(self, **options: object) -> None:
        self.tiles = [Tile() for _ in range(MOST)]
        super().__init__(*self.tiles, **options)  # type: ignore[arg-type]  # Textual's own options
        self._shape = (0, 0, 0)

    def room(self, wanted: int) -> int:
        """How many of so many tiles have room now."""
        grid = fitting(wanted, self.size.width, self.size.height)
        return min(wanted, grid.across * grid.down) if grid else 0

    def show(self, contents: Sequence[Plot | Picture | None], selected: int = -1, hint: str = "") -> None:
        """One tile for each content; a tile whose content is what it was is left alone.

        hint: what a key does with the selected one
        """
        grid = fitting(len(contents), self.size.width, self.size.height)
        shape = (grid.across, grid.down, len(contents)) if grid else (1, 1, 0)
        if shape != self._shape:
            self._shape = shape
            self.styles.grid_size_columns, self.styles.grid_size_rows = shape[:2]
            for number, tile in enumerate(self.tiles):
                tile.display = number < shape[2]
        for number, (tile, content) in enumerate(zip(self.tiles, contents, strict=False)):
            tile.show(content, hint if number == selected else None)
