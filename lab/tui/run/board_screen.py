"""A board and the lines around it, drawn from a run, that is, from events alone, whenever there is news."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.screen import Screen

from lab.events import Event
from lab.terminal.numbers import short
from lab.terminal.palettes import letter
from lab.terminal.run_state import RunState
from lab.terminal.style import Style
from lab.tui import keys
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems
from lab.tui.run.app_services import frames_per_second, services
from lab.tui.run.board import Board
from lab.tui.run.noticed import NoticedLog
from lab.tui.run.order import in_short
from lab.tui.run.summary import WIDE, Heading, Status, Variants, Verdict
from lab.tui.run.tile_data import TileData
from lab.tui.run.view_options import TileContent, ViewOptions

if TYPE_CHECKING:
    from lab.scenario import Loaded

MANY = 60
"""From so many replicas on, curves per layer are not kept: there are too many to be drawn."""
SHARE = 0.1
"""Of the processor's time for drawing at most: a slow machine sees fewer frames, not a slower training."""
LONGEST_REST = 0.5
"""Seconds without a frame at most, however busy the interface is with keys."""


class BoardScreen(ReportsProblems, Screen[Any]):
    """A run on a board. A subclass feeds `run_state` in `take_events`."""

    DEFAULT_CSS = """
    BoardScreen { layout: vertical; overflow: hidden; }
    BoardScreen #row { height: 1fr; layout: horizontal; }
    BoardScreen #middle { width: 1fr; height: 1fr; layout: vertical; }
    BoardScreen #middle.beside { layout: horizontal; }
    BoardScreen Board { height: 1fr; width: 1fr; min-height: 3; }
    """
    AUTO_FOCUS: ClassVar[str | None] = ""
    paced = True

    def __init__(self, loaded: Loaded | None) -> None:
        super().__init__()
        self.loaded = loaded
        self.view = ViewOptions()
        self.start_over()
        self.view.layers |= self.tile_data.decisive.layered
        self.frames = 0
        self._used, self._looked = 0.0, 0.0

    def start_over(self) -> None:
        """Begin with an empty state, also when a replay jumps back."""
        self.run_state = RunState(keep=self._keeps)
        scenario = self.loaded.scenario if self.loaded is not None else None
        self.tile_data = TileData(self.run_state, self.view, scenario)

    def _keeps(self, metric: str) -> bool:
        return "." not in metric or len(self.run_state.replicas) <= MANY or metric in self.run_state.metrics

    def hint(self) -> str:
        """What the line below the board says as long as nothing has happened."""
        return ""

    def compose(self) -> ComposeResult:
        self.heading = Heading(lambda style: [*self.parts(style), *self._page_part()])
        decisive = self.tile_data.decisive
        self.variants = Variants(
            self.run_state,
            self.view.hidden,
            self.paced,
            in_short(decisive),
            self.seconds_left,
        )
        self.board = Board()
        self.verdict = Verdict()
        self.noticed = NoticedLog()
        self.status = Status(self.run_state, self.hint())
        yield self.heading
        yield self.variants
        self.middle = Container(self.board, self.verdict, id="middle")
        self.row = Container(self.middle, id="row")
        yield self.row
        yield self.noticed
        yield self.status
        yield KeysThatFit(compact=True)

    def on_mount(self) -> None:
        self._clock = self.set_interval(1.0 / frames_per_second(self), self.tick)
        self.call_after_refresh(self.redraw)

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    def on_board_resized(self) -> None:
        """The screen has another size, or something stands beside the board now."""
        self.redraw()

    # What a subclass adds

    def seconds_left(self, variant: str) -> float:
        """How long a variant still takes."""
        return self.run_state.seconds_left(variant)

    def take_events(self) -> list[Event]:
        """What has happened since the last call."""
        return []

    def after_events(self, events: Sequence[Event]) -> None:
        """Called after each look at the events, with those that came."""

    def parts(self, style: Style) -> list[tuple[str, str]]:
        """What stands in the heading."""
        return [(self.run_state.title or "Starting", "title"), *self.looked_at(style)]

    # Drawing

    def tick(self) -> None:
        """Look for news; draw what they change."""
        now, used = time.monotonic(), time.thread_time()
        if now - self._looked < min((used - self._used) / SHARE, LONGEST_REST):
            return
        self._looked, self._used = now, used
        events = self.take_events()
        for event in events:
            self.run_state.handle(event)
        self.after_events(events)
        if events:
            self.redraw()

    def redraw(self) -> None:
        """Draw everything that looks different now."""
        if not self.is_attached:
            return
        self.frames += 1
        if self.variants.run_state is not self.run_state:
            self.variants.run_state = self.status.run_state = self.run_state
        self.variants.fit(self.size.height)
        taken = sum(each.outer_size.width for each in self.row.children if each is not self.middle)
        room = self.size.width - taken
        self.middle.set_class(room >= WIDE, "beside")
        self.verdict.stand(room, away=taken > 0 and room < WIDE)
        self.heading.redraw()
        self.variants.redraw()
        self.status.judged = bool(self.verdict.display) and not self.verdict.away
        self.status.redraw()
        if self.verdict.display:
            self.verdict.tell(self.run_state, services(self).style, self.guess_sentences())
        if self.noticed.display:
            self.noticed.tell(self.run_state, services(self).style)
        subjects, selected = self.shown()
        self.board.show([self.tile_data.content(each) for each in subjects], selected, self._hint())

    def _hint(self) -> str:
        """What the key that enlarges a plot does now; nothing while values are read, which need the room."""
        if self.view.cursor is not None and not self.view.large:
            return ""
        return f"{key}: {'all plots' if self.view.large else 'enlarge'}" if (key := self.key_of("enlarge")) else ""

    def _page_part(self) -> list[tuple[str, str]]:
        """Which page of plots this is, if there are several, and the key for the next one."""
        pages = self.pages()
        if pages < 2 or self.view.large:
            return []
        return [(f"page {self.view.page % pages + 1} of {pages} ({self.key_of('page(1)')})", "kept")]

    def key_of(self, action: str) -> str:
        """The key of one of the screen's actions as people write it; "" if it has none."""
        own = next((each for each in type(self).BINDINGS if getattr(each, "action", "") == action), None)
        if not isinstance(own, Binding):
            return ""
        return keys.pressed(own.id or "", services(self).settings.keys, own.key)

    def guess_sentences(self) -> list[str]:
        """What is said of the question under the verdict."""
        return []

    def subjects(self) -> list[TileContent]:
        """All that the board may show, on however many pages."""
        return self.view.chosen if self.view.chosen is not None else self.tile_data.subjects()

    def pages(self) -> int:
        """How many pages the subjects take."""
        subjects = self.subjects()
        return max(1, -(-len(subjects) // self._room(subjects)))

    def _room(self, subjects: list[TileContent]) -> int:
        """How many of them a page holds."""
        first = self.tile_data.content(subjects[0]) if subjects else None
        return max(1, self.board.room(len(subjects), first))

    def shown(self) -> tuple[list[TileContent], int]:
        """The subjects on the current page, and which of them is selected."""
        view, subjects = self.view, self.subjects()
        room = self._room(subjects)
        pages = max(1, -(-len(subjects) // room))
        view.page %= pages
        page = subjects[view.page * room : (view.page + 1) * room]
        view.tile = min(view.tile, max(0, len(page) - 1))
        if view.large and page:
            return [page[view.tile]], 0
        return page, view.tile

    def selected(self) -> TileContent | None:
        """The subject of the selected tile."""
        page, number = self.shown()
        return page[number] if page else None

    def looked_at(self, style: Style) -> list[tuple[str, str]]:
        """Which variant and seed is looked at, and where the cursor is."""
        tile_data, view = self.tile_data, self.view
        found = []
        names = self.run_state.variants
        if tile_data.variant:
            seed = f" seed {tile_data.seed}" if view.seed is not None else ""
            found.append((f"{letter(names.index(tile_data.variant))} {tile_data.variant}{seed}", ""))
        if view.cursor is not None:
            found.append((f"at step {view.cursor:,.0f}", "state"))
        return found

    def help_entries(self) -> Sequence[tuple[str | Text, str | Text]]:
        style = services(self).style
        rows: list[tuple[str | Text, str | Text]] = []
        for number, name in enumerate(self.run_state.variants):
            text = Text(f"{letter(number)} {name}", style.text_style(style.colour(number), bold=True))
            rows.append((text, f"A variant, its colour and letter in every plot{self._differs(name)}"))
        rows += [
            ("steps/s", "Training steps per second, of all seeds of the variant together, measuring included."),
            ("braille dots", "A curve; each column shows the lowest and the highest value in it, so no peak is lost."),
            (
                "faint lines or bars",
                "From the lowest to the highest of several seeds; the bright line is their mean. Of more than two "
                "curves each has bars here and there instead of lines.",
            ),
            ("page 1 of 2 (])", "Not all plots and pictures have room: the key in brackets shows the next ones."),
            ("▸ before a title", "The selected plot, of which the keys speak; tab selects the next."),
            ("enter: enlarge", "What this key does with the selected plot: it fills the board, or all are back."),
            ("numbers in a title", "Each curve's latest value, or its value at the cursor's step."),
            ("▲ under a plot", "A setting was changed at this step, in the variant of that colour."),
            ("◆ on a curve", "Something was noticed at this step: a key shows all sentences, the newest stands below."),
            ("✗ on a curve", "It diverged there: something was no longer finite. The line below says what and where."),
            ("× in a unit", "A dead unit: it gives zero for every example of the evaluation sample."),
            ("brightness of a unit", "Its mean absolute activation, relative to the most active unit of its layer."),
            ("log", "The axis is logarithmic: equal distances are equal factors."),
        ]
        if self.loaded is not None:
            from lab.tui.help import metric_entries, picture_entries

            rows += picture_entries(self.loaded.scenario, (each.picture for each in self.run_state.pictures.values()))
            rows += metric_entries(self.loaded.scenario)
        return rows

    def _differs(self, name: str) -> str:
        changes = self.loaded.scenario.variants.get(name, {}) if self.loaded is not None else {}
        from lab.scenario.writing import flow

        told = ", ".join(
            f"{path}={short(each) if isinstance(each, float) else flow(each)}" for path, each in changes.items()
        )
        return f": {told}." if told else "."
