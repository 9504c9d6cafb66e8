"""Where plots and pictures stand on the dashboard of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from lab.terminal.text_lines import beside

_PREFERRED = ("loss", "grad_norm", "dead_relu", "accuracy")
_MOST_PLOTS = 4
_NARROWEST, _LOWEST = 34, 7
_BESIDE_TEXT = 3
"""Plots that stand beside a text, at most; above or below it there are two."""
_WIDE = 120
"""Columns from which on a text stands beside plots."""


def plotted(metrics: Sequence[str], decisive: Sequence[str] = ()) -> list[str]:
    """Which of the watched metrics get a plot, and in which order: those that decide the lesson, the usual ones, then
    the others."""
    known = [name for name in (*decisive, *_PREFERRED) if name in metrics]
    return list(dict.fromkeys((*known, *metrics)))[:_MOST_PLOTS]


def in_plots(metrics: Sequence[str], together: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The same metrics, plot by plot: two that belong in one plot stand where the first of them stood."""
    pairs = [tuple(each) for each in together if len(each) == 2 and all(name in metrics for name in each)]
    return list(dict.fromkeys(next((pair for pair in pairs if each in pair), (each,)) for each in metrics))


@dataclass(frozen=True, slots=True)
class Grid:
    """How many plots side by side and under each other, and the size of each."""

    across: int
    down: int
    width: int
    height: int


def arrange(number: int, width: int, height: int) -> Grid | None:
    """The grid for `number` plots that makes each as large as can be, about twice as wide as high on the screen; None
    if they do not fit."""
    best, best_score = None, 0.0
    for across in range(1, number + 1):
        down = -(-number // across)
        each_width, each_height = (width - 2 * (across - 1)) // across, height // down
        if each_height < _LOWEST or (each_width < _NARROWEST and across > 1):
            continue
        score = min(each_width / 4.0, each_height)
        if score > best_score:
            best, best_score = Grid(across, down, each_width, each_height), score
    return best


def room_for_text(width: int, height: int) -> tuple[int, int]:
    """Width and height of a text among plots: half of a wide window, side by side; else its lines are as long as the
    window, which has plots above or below."""
    return ((width - 2) // 2, height) if width >= _WIDE else (width, height // 2)


def around_text(plots: int, text: tuple[int, int], width: int, height: int) -> Grid | None:
    """The grid of so many plots, or as many as fit, in what a text of this width and height leaves of a window."""
    aside = text[0] < width
    across, room = (width - 2 - text[0], height) if aside else (width, height - text[1])
    grids = (arrange(number, across, room) for number in range(min(plots, _BESIDE_TEXT if aside else 2), 0, -1))
    return next((grid for grid in grids if grid is not None), None)


def without_blank_end(text: Sequence[Text]) -> list[Text]:
    """Lines up to the last one with something in it."""
    written = [number for number, each in enumerate(text, 1) if each.plain.strip()]
    return list(text[: max(written, default=0)])


def in_grid(drawn: list[list[Text]], grid: Grid) -> list[Text]:
    rows: list[Text] = []
    for start in range(0, len(drawn), grid.across):
        rows += beside(drawn[start : start + grid.across])
    return rows
