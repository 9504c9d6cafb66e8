"""The kernels screen: every row of a plan with its time and speed, and the source of the one that is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.syntax import Syntax
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.screen import Screen
from textual.widgets import DataTable, Static

from lab.errors import LabError
from lab.terminal.numbers import count, short
from lab.tui.footer import KeysThatFit
from lab.tui.keys import bindings
from lab.tui.problems import ReportsProblems
from lab.tui.run.keys import KERNELS
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.graph.profile import Timing
    from lab.scenario import Loaded
    from lab.tui.kernels.measuring import Measured

_COLUMNS = ("row", "layer", "kernel", "µs", "share", "GFLOP/s", "GB/s", "limit", "operands")


class KernelsScreen(ReportsProblems, Screen[None]):
    """Measures the programs of one variant (by default the first), and shows them."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("kernels", KERNELS))
    DEFAULT_CSS = """
    KernelsScreen { layout: vertical; }
    KernelsScreen #told { height: auto; max-height: 4; }
    KernelsScreen #both { layout: vertical; height: 1fr; }
    KernelsScreen DataTable { height: 1fr; min-height: 5; }
    KernelsScreen VerticalScroll { height: 1fr; border-top: solid $primary; }
    KernelsScreen #source { height: auto; }
    KernelsScreen DataTable, KernelsScreen VerticalScroll { scrollbar-size: 1 1; }
    KernelsScreen.-wide #both { layout: horizontal; }
    KernelsScreen.-wide DataTable { width: 3fr; height: 100%; }
    KernelsScreen.-wide VerticalScroll { width: 2fr; height: 100%; border-top: none; border-left: solid $primary; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]

    def __init__(self, loaded: Loaded, variant: str | None = None) -> None:
        super().__init__()
        self.loaded, self.variant = loaded, variant
        self.measured: Measured | None = None
        self._program = "step"
        self._by_time = False
        self._rows: list[Timing] = []

    def compose(self) -> ComposeResult:
        yield Static("Preparing the kernels…", id="told", markup=False)
        with Container(id="both"):
            yield DataTable(cursor_type="row", zebra_stripes=False)
            with VerticalScroll(can_focus=False):
                yield Static(id="source")
        yield KeysThatFit(compact=True)

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        for name in _COLUMNS:
            table.add_column(name, key=name)
        table.focus()
        self.action_measure()

    def action_measure(self) -> None:
        self._tell("Preparing the kernels…")
        self._measure()

    @work(thread=True, exclusive=True)
    def _measure(self) -> None:
        from lab.tui.kernels.measuring import measure

        def progress(kernel: str, left: int) -> None:
            told = f"compiling {kernel}: {count(left, 'kernel')} left" if left else "Measuring each row…"
            tell(self, self._tell, told)

        try:
            tell(self, self._tell, "Measuring each row…")
            measured = measure(self.loaded, self.variant, progress)
        except LabError as error:
            tell(self, self._tell, str(error))
            return
        tell(self, self._show, measured)

    def _tell(self, sentence: str) -> None:
        if self.is_attached:
            self.query_one("#told", Static).update(sentence)

    def _show(self, measured: Measured) -> None:
        self.measured = measured
        if self._program not in measured.programs:
            self._program = next(iter(measured.programs))
        self._fill()

    def _fill(self) -> None:
        """The table of the chosen program, and the line above it."""
        if self.measured is None or not self.is_attached:
            return
        from lab.graph.catalogue import shapes

        profile, limits = self.measured.programs[self._program], self.measured.limits
        whole = sum(each.seconds for each in profile.rows) or 1.0
        self._rows = sorted(profile.rows, key=lambda each: -each.seconds) if self._by_time else list(profile.rows)
        numbers = {id(each): number for number, each in enumerate(profile.rows)}
        table = self.query_one(DataTable)
        table.clear()
        for each in self._rows:
            cells = (
                str(numbers[id(each)]),
                each.row.label,
                each.row.kernel.name,
                short(each.seconds * 1e6),
                f"{each.seconds / whole:.0%}",
                short(each.operations_per_second / 1e9),
                short(each.bytes_per_second / 1e9),
                f"{limits.share(each.operations, each.bytes, each.seconds):.0%}",
                shapes(each.row),
            )
            right = (0, 3, 4, 5, 6, 7)
            table.add_row(*(Text(cell, justify="right" if n in right else "left") for n, cell in enumerate(cells)))
        copies = ", ".join(f"{speed / 1e9:.0f} ({_size(size)})" for size, speed in limits.copies)
        self._tell(
            f"{self.loaded.scenario.title}, {self.measured.variant}: program {self._program}, "
            f"{count(len(profile.rows), 'row')}, {short(profile.seconds * 1e6)} µs for one walk "
            f"(each row alone and warm: {short(whole * 1e6)} µs), "
            f"{short(profile.operations_per_second / 1e9)} GFLOP/s. Measured limits of one core: "
            f"{limits.operations / 1e9:.0f} GFLOP/s; {copies} GB/s."
        )
        self._show_source(0)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self._show_source(event.cursor_row)

    def _show_source(self, number: int) -> None:
        if not 0 <= number < len(self._rows):
            return
        from rich.console import Group

        from lab.graph.catalogue import rules_of, source

        kernel = self._rows[number].row.kernel
        colours = self.app.current_theme
        theme = "ansi_light" if not colours.dark else "ansi_dark"
        background = "default" if colours.ansi else colours.background or "default"

        def code(text: str) -> Syntax:
            return Syntax(text, "python", theme=theme, background_color=background, word_wrap=True)

        parts: list[Any] = [Text(kernel.function.__module__.replace(".", "/") + ".py", "bold"), code(source(kernel))]
        rules = rules_of(kernel)
        for name, rule in rules.items():
            own = name == kernel.name
            title = f"The gradient rule of {name}" if own else f"It serves the gradient rule of {name}"
            parts += [Text(), Text(title, "bold"), code(rule)]
        if not rules:
            parts += [Text(), Text("No gradient passes through it", "bold")]
        self.query_one("#source", Static).update(Group(*parts))
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_next_program(self) -> None:
        if self.measured is not None:
            names = list(self.measured.programs)
            self._program = names[(names.index(self._program) + 1) % len(names)]
            self._fill()

    def action_sort(self) -> None:
        self._by_time = not self._by_time
        self._fill()

    def action_leave(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [
            ("row", "Its place in the plan: the order in which the kernels run."),
            ("layer", "The layer that it belongs to; its gradient has the same name."),
            ("µs", "Time of one call, in millionths of a second: alone, warm, the median of several rounds."),
            ("share", "Of the sum of all rows."),
            ("GFLOP/s", "Thousands of millions of floating-point operations per second."),
            ("GB/s", "Bytes that it reads and writes at least, per second."),
            ("limit", "How near it comes to what one core can do: in arithmetic or in memory, whichever is nearer."),
            ("operands", "What it reads, → what it writes, each with its shape; ! if it is read, too."),
        ]


def _size(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"
