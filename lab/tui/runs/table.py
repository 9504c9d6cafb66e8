"""The runs of the store as a table."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.theme import Theme
from textual.widgets import DataTable
from textual.widgets.data_table import CellKey

from lab.store import RunInfo
from lab.terminal.numbers import duration
from lab.tui.markdown import colour
from lab.tui.problems import ReportsProblems

COLUMNS = ("", "run", "state", "claims", "var×seeds", "steps", "took", "begun")
SPARED = ("var×seeds", "steps", "took")
"""Left out where there is no room, the first of them first: the details of a run say the same."""
STATE_COLOURS = {
    "running": "primary", "finished": "success", "interrupted": "warning", "diverged": "error", "failed": "error",
}  # fmt: skip


class RunTable(ReportsProblems, DataTable[Text], inherit_bindings=False):
    """Moving about is done here; what is done with a run is the screen's affair."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", show=False),
        Binding("down", "cursor_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
    ]
    DEFAULT_CSS = """
    RunTable { background: $background; scrollbar-size-vertical: 1; }
    RunTable > .datatable--header { background: $background; color: $text-muted; }
    RunTable:nocolor > .datatable--cursor { text-style: reverse; }
    """

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=1)
        self._drawn: dict[str, tuple[RunInfo, bool, str]] = {}
        self._shown: tuple[str, ...] = ()

    def on_resize(self) -> None:
        """Another width may have room for other columns."""
        theme = self.app.current_theme
        cells = [_row(info, marked, theme) for info, marked, _ in self._drawn.values()]
        if self._fitting(cells) != self._shown:
            drawn = self._drawn
            self._drawn = {}
            self.fill([info for info, _, _ in drawn.values()], [each for each, row in drawn.items() if row[1]], theme)

    def _fitting(self, rows: Sequence[Sequence[Text]]) -> tuple[str, ...]:
        """The columns that have room beside each other."""
        widths = {
            name: max([cell_len(name), *(row[number].cell_len for row in rows)]) + 2 * self.cell_padding
            for number, name in enumerate(COLUMNS)
        }
        shown = list(COLUMNS)
        for name in SPARED:
            if sum(widths[each] for each in shown) > self._room():
                shown.remove(name)
        return tuple(shown)

    def _room(self) -> int:
        """How wide the table may become; a scroll bar may take a column."""
        whole = self.screen.size.width
        return (int(0.7 * whole) if self.screen.has_class("-wide", "-huge") else whole) - 1

    def fill(self, runs: Iterable[RunInfo], marked: Iterable[str], theme: Theme) -> None:
        """Show these runs, and keep the cursor where it was as far as that run is still there.

        Of runs that are in the table already only those are drawn anew about which something else is known now.
        """
        chosen, before, row = set(marked), self.run_name, self.cursor_row
        wanted = {info.name: (info, info.name in chosen, theme.name) for info in runs}
        names, old, self._drawn = list(wanted), self._drawn, wanted
        cells = {name: _row(info, is_marked, theme) for name, (info, is_marked, _) in wanted.items()}
        columns = self._fitting(list(cells.values()))
        places = [COLUMNS.index(each) for each in columns]
        if names == list(old) and columns == self._shown:
            for name in names:
                if wanted[name] != old[name]:
                    for place in places:
                        self.update_cell(name, COLUMNS[place], cells[name][place], update_width=True)
            return
        self.clear(columns=columns != self._shown)
        if columns != self._shown:
            self._shown = columns
            for each in columns:
                self.add_column(each, key=each)
        for name in names:
            self.add_row(*(cells[name][place] for place in places), key=name)
        if names:
            self.move_cursor(row=names.index(before) if before in names else min(row, len(names) - 1))

    def _update_column_widths(self, updated_cells: set[CellKey]) -> None:
        """Textual keeps what it has painted before it measured the columns, and so would cut a longer text off."""
        super()._update_column_widths(updated_cells)
        self._update_count += 1

    def mark(self, name: str, marked: bool, theme: Theme) -> None:
        """Put a mark on a run, or take it away."""
        self._drawn[name] = (self._drawn[name][0], marked, theme.name)
        self.update_cell(name, "", _mark(marked, theme))

    @property
    def run_name(self) -> str | None:
        """The run under the cursor."""
        if not self.row_count or not self.is_valid_row_index(self.cursor_row):
            return None
        return self.ordered_rows[self.cursor_row].key.value


def _mark(marked: bool, theme: Theme) -> Text:
    return Text("●" if marked else " ", colour(theme, "accent"))


def _row(info: RunInfo, marked: bool, theme: Theme) -> list[Text]:
    state = Text(info.state, colour(theme, STATE_COLOURS[info.state]))
    claims = Text(f"{info.claims_held} of {info.claims}" if info.claims else "")
    if info.claims and info.state == "interrupted":
        claims = Text(f"({claims.plain})", "dim")  # so far: the run may still change its mind
    elif info.claims:
        claims.stylize(colour(theme, "success" if info.claims_held == info.claims else "error"))
    steps = f"{max(info.steps.values()):,}" if info.steps else ""
    begun = time.strftime("%b %d %H:%M", time.localtime(info.created))
    return [
        _mark(marked, theme),
        Text(info.name, "bold"),
        state,
        claims,
        Text(f"{len(info.variants)} × {len(info.seeds)}", justify="right"),
        Text(steps, justify="right"),
        Text(duration(info.seconds), justify="right"),
        Text(begun),
    ]
