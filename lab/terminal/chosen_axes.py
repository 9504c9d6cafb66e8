"""How a metric's plot is drawn: as its scenario's `show` says, and otherwise as suits what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lab.terminal.axes import logarithmic
from lab.terminal.curves import Line, axis_values

if TYPE_CHECKING:
    from lab.scenario import Show


class ChosenAxes:
    """Reads `show.axes` and `show.points`; without a scenario nothing is chosen."""

    def __init__(self, show: Show | None) -> None:
        self._axes = show.axes if show is not None else {}
        self._points = frozenset(show.points) if show is not None else frozenset()

    def log_x(self, metric: str) -> bool:
        """Whether the axis of the steps is logarithmic: only where the scenario says so."""
        chosen = self._axes.get(metric)
        return chosen is not None and chosen.x == "log"

    def log_y(self, metric: str, lines: Sequence[Line]) -> bool:
        """Whether the axis of the values is: as the scenario says, else where they span powers of ten."""
        chosen = self._axes.get(metric)
        if chosen is not None and chosen.y is not None:
            return chosen.y == "log"
        return logarithmic(metric, axis_values(lines, log=False))

    def within(self, metric: str) -> tuple[float, float] | None:
        """The lowest and the highest value that is seen, where the scenario chose them; None: all that was measured."""
        chosen = self._axes.get(metric)
        return chosen.range if chosen is not None else None

    def drawn(self, metric: str, line: Line) -> Line:
        """The line as points that nothing joins, where the scenario wants that."""
        return replace(line, points=True) if metric in self._points else line
