"""What a run that goes on and one that is replayed have in common: the board, the lines around it, and the keys that
choose what is seen. Everything on it comes from a story, that is, from events alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from lab.events import Event
from lab.terminal.look import Look
from lab.terminal.numbers import short
from lab.terminal.palettes import letter
from lab.terminal.story import Story
from lab.tui.run.board import Board
from lab.tui.run.dialogs import Choose
from lab.tui.run.sources import Sources
from lab.tui.run.summary import Heading, Status, Variants, Verdict
from lab.tui.run.surroundings import frames_per_second, look_of
from lab.tui.run.tile import Tile
from lab.tui.run.view import Subject, View

if TYPE_CHECKING:
    from lab.scenario import Loaded

MANY = 60
"""From so many replicas on, curves per layer are not kept: there are too many to be drawn."""
SHARE = 0.1
"""Of the processor's time for drawing at most: a slow machine sees fewer frames, not a slower training."""
LONGEST_REST = 0.5
"""Seconds without a frame at most, however busy the interface is with keys."""
_FAR = 10


class WatchScreen(Screen[Any]):
    """Base of the run screen and the replay screen. A subclass feeds `story` in `take_events`."""

    DEFAULT_CSS = """
    WatchScreen { layout: vertical; overflow: hidden; }
    WatchScreen Board { height: 1fr; min-height: 3; }
    """
    AUTO_FOCUS: ClassVar[str | None] = ""
    paced = True

    def __init__(self, loaded: Loaded | None) -> None:
        super().__init__()
        self.loaded = loaded
        self.view = View()
        self.begin_story()
        self.frames = 0
        self._used, self._looked = 0.0, 0.0

    def begin_story(self) -> None:
        """Begin with an empty story, also when a replay jumps back."""
        self.story = Story(time.monotonic, keep=self._keeps)
        self.sources = Sources(self.story, self.view)

    def _keeps(self, metric: str) -> bool:
        return "." not in metric or len(self.story.replicas) <= MANY or metric in self.story.metrics

    def compose(self) -> ComposeResult:
        idea = self.loaded.scenario.idea if self.loaded is not None else ""
        self.heading = Heading(self.parts)
        self.variants = Variants(self.story, self.view.hidden, self.paced)
        self.board = Board()
        self.verdict = Verdict()
        self.status = Status(self.story, idea)
        yield self.heading
        yield self.variants
        yield self.board
        yield self.verdict
        yield self.status
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self._clock = self.set_interval(1.0 / frames_per_second(self.app), self.tick)
        self.call_after_refresh(self.redraw)

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    # What a subclass adds

    def take_events(self) -> list[Event]:
        """What has happened since the last call."""
        return []

    def after_events(self, events: Sequence[Event]) -> None:
        """Called after each look at the events, with those that came."""

    def parts(self, look: Look) -> list[tuple[str, str]]:
        """What stands in the heading."""
        return [(self.story.title or "Starting", "title"), *self.looked_at(look)]

    # Drawing

    def tick(self) -> None:
        """Look for news; draw what they change."""
        now, used = time.monotonic(), time.thread_time()
        if now - self._looked < min((used - self._used) / SHARE, LONGEST_REST):
            return
        self._looked, self._used = now, used
        events = self.take_events()
        for event in events:
            self.story.handle(event)
        self.after_events(events)
        if events:
            self.redraw()

    def redraw(self) -> None:
        """Draw everything that looks different now."""
        if not self.is_attached:
            return
        self.frames += 1
        if self.variants.story is not self.story:
            self.variants.story = self.status.story = self.story
        self.variants.fit(self.size.height)
        self.heading.redraw()
        self.variants.redraw()
        self.status.redraw()
        if self.verdict.display:
            self.verdict.tell(self.story, look_of(self.app), self.guess_sentences())
        subjects, selected = self._shown()
        self.board.show([self.sources.content(each, n == selected) for n, each in enumerate(subjects)])

    def guess_sentences(self) -> list[str]:
        """What is said of the question under the verdict."""
        return []

    def subjects(self) -> list[Subject]:
        """All that the board may show, on however many pages."""
        return self.view.chosen if self.view.chosen is not None else self.sources.subjects()

    def _shown(self) -> tuple[list[Subject], int]:
        """The subjects on the current page, and which of them is selected."""
        view, subjects = self.view, self.subjects()
        room = max(1, self.board.room(len(subjects)))
        pages = max(1, -(-len(subjects) // room))
        view.page %= pages
        page = subjects[view.page * room : (view.page + 1) * room]
        view.tile = min(view.tile, max(0, len(page) - 1))
        if view.large and page:
            return [page[view.tile]], 0
        return page, view.tile

    def selected(self) -> Subject | None:
        """The subject of the selected tile."""
        page, number = self._shown()
        return page[number] if page else None

    def looked_at(self, look: Look) -> list[tuple[str, str]]:
        """Which variant and seed is looked at, where the cursor is, and which page this is."""
        sources, view = self.sources, self.view
        found = []
        names = self.story.variants
        if sources.variant:
            seed = f" seed {sources.seed}" if view.seed is not None else ""
            found.append((f"{letter(names.index(sources.variant))} {sources.variant}{seed}", ""))
        if view.cursor is not None:
            found.append((f"at step {view.cursor:,.0f}", "state"))
        return found

    # Actions

    def action_cursor(self, columns: int) -> None:
        self.view.move_cursor(self.sources.whole(), self.sources.latest(), columns)
        self.cursor_moved()
        self.redraw()

    def action_cursor_far(self, columns: int) -> None:
        self.action_cursor(_FAR * columns)

    def cursor_moved(self) -> None:
        """Called when the cursor stands at another step."""

    def action_zoom(self, closer: bool) -> None:
        self.view.zoom(self.sources.whole(), self.view.cursor, closer)
        self.redraw()

    def action_pan(self, direction: int) -> None:
        self.view.pan(self.sources.whole(), 0.25 * direction)
        self.redraw()

    def action_next_tile(self) -> None:
        view = self.view
        if view.large:
            view.large = False
            page, _ = self._shown()
            view.tile, view.large = (view.tile + 1) % max(1, len(page)), True
        else:
            page, _ = self._shown()
            view.tile = (view.tile + 1) % max(1, len(page))
        self.redraw()

    def action_enlarge(self) -> None:
        self.view.large = not self.view.large
        self.redraw()

    def action_page(self, direction: int) -> None:
        self.view.large = False
        self.view.page += direction
        self.view.tile = 0
        self.redraw()

    def action_logarithmic(self) -> None:
        subject = self.selected()
        if subject is None or subject.kind == "picture":
            self.status.say("Select a plot of curves first (tab): a picture has no axis to change.")
            return
        content = self.sources.content(subject)
        self.view.logs[subject.name] = not getattr(content, "log", False)
        self.redraw()

    def action_smooth(self) -> None:
        weight = self.view.smoother()
        told = f"Each value is a mean over about {1 / (1 - weight):.0f} measurements." if weight else "Not smoothed."
        self.status.say(told)
        self.redraw()

    def action_by_layer(self) -> None:
        subject = self.selected()
        if subject is None or subject.kind == "picture" or not self.sources.layers_of(subject.name):
            self.status.say("The selected plot shows nothing that is measured for each layer.")
            return
        self.view.layers ^= {subject.name}
        if self.view.chosen is not None:
            other = {"metric": "layers", "layers": "metric"}[subject.kind]
            self.view.chosen = [Subject(other, each.name) if each == subject else each for each in self.view.chosen]
        self.redraw()

    def action_next_variant(self) -> None:
        names = self.story.variants
        if names:
            self.view.variant = names[(names.index(self.sources.variant) + 1) % len(names)]
            self.looks_elsewhere()
            self.redraw()

    def action_next_seed(self) -> None:
        seeds = list(self.story.started.seeds) if self.story.started else []
        turns = [None, *seeds] if len(seeds) > 1 else seeds
        if turns:
            place = next((n for n, each in enumerate(turns) if each == self.view.seed), 0)
            self.view.seed = turns[(place + 1) % len(turns)]
            self.looks_elsewhere()
            self.redraw()

    def looks_elsewhere(self) -> None:
        """Called when another variant or seed is looked at."""

    def action_choose_plots(self) -> None:
        sources = self.sources
        known: dict[str, Subject] = {}
        for each in [*self.subjects(), *sources.subjects()]:
            for kind in ("metric", "layers") if each.kind != "picture" else ("picture",):
                subject = Subject(kind, each.name)
                if kind != "layers" or sources.layers_of(each.name):
                    known[subject.label] = subject
        shown = [each.label for each in self.subjects()]

        def take(labels: list[str] | None) -> None:
            if labels is not None:
                self.view.chosen = [known[each] for each in labels] or None
                self.view.page = self.view.tile = 0
                self.redraw()

        names = [(each, each) for each in known]
        self.app.push_screen(Choose("What is shown", names, shown), take)

    def action_choose_variants(self) -> None:
        names = self.story.variants
        rows = [(name, f"{letter(number)} {name}") for number, name in enumerate(names)]

        def take(chosen: list[str] | None) -> None:
            if chosen:
                self.view.hidden.clear()
                self.view.hidden.update(set(names) - set(chosen))
                self.redraw()

        shown = [name for name in names if name not in self.view.hidden]
        self.app.push_screen(Choose("Variants", rows, shown), take)

    def action_verdict(self) -> None:
        self.verdict.display = not self.verdict.display
        self.redraw()
        self.call_after_refresh(self.redraw)

    def action_copy_yaml(self) -> None:
        if self.loaded is not None:
            from lab.tui.copying import as_yaml

            self._copy(as_yaml(self.loaded), "The scenario as YAML")

    def action_copy_command(self) -> None:
        if self.loaded is not None and self.story.started is not None:
            from lab.tui.copying import command_line

            self._copy(command_line(self.loaded, seeds=self.story.started.seeds), "The line that repeats this run")

    def _copy(self, text: str, what: str) -> None:
        copy = getattr(self.app, "copy", None)
        if copy is not None:
            copy(text, what)
        else:
            self.app.copy_to_clipboard(text)

    def on_tile_pointed(self, message: Tile.Pointed) -> None:
        self.view.tile = self.board.tiles.index(message.tile) if not self.view.large else self.view.tile
        self.view.put_cursor(self.sources.whole(), message.x)
        self.cursor_moved()
        self.redraw()

    def on_tile_turned(self, message: Tile.Turned) -> None:
        self.view.zoom(self.sources.whole(), message.x, message.closer)
        self.redraw()

    async def action_release(self) -> None:
        if not self._release():
            await self.run_action("leave")

    def _release(self) -> bool:
        """Let go of enlargement, cursor or zoom, whichever there is; whether there was any."""
        view = self.view
        if view.large:
            view.large = False
        elif view.cursor is not None:
            view.cursor = None
            self.cursor_moved()
        elif view.window is not None:
            view.window = None
        else:
            return False
        self.redraw()
        return True

    def help_entries(self) -> Sequence[tuple[str | Text, str | Text]]:
        look = look_of(self.app)
        rows: list[tuple[str | Text, str | Text]] = []
        for number, name in enumerate(self.story.variants):
            text = Text(f"{letter(number)} {name}", look.style(look.ink(number), bold=True))
            rows.append((text, f"A variant, its colour and letter in every plot{self._differs(name)}"))
        rows += [
            ("steps/s", "Training steps per second, of all seeds of the variant together, measuring included."),
            ("braille dots", "A curve; each column shows the lowest and the highest value in it, so no peak is lost."),
            ("faint lines", "The lowest and the highest of several seeds; the bright line is their mean."),
            ("numbers in a title", "Each curve's latest value, or its value at the cursor's step."),
            ("▲ under a plot", "A setting was changed at this step, in the variant of that colour."),
            ("✗ on a curve", "It diverged there: something was no longer finite. The line below says what and where."),
            ("× in a unit", "A dead unit: it gives zero for every example of the probe set."),
            ("brightness of a unit", "Its mean absolute activation, relative to the most active unit of its layer."),
            ("log", "The axis is logarithmic: equal distances are equal factors."),
        ]
        if self.loaded is not None:
            from lab.tui.help import metric_entries

            rows += metric_entries(self.loaded.scenario)
        return rows

    def _differs(self, name: str) -> str:
        changes = self.loaded.scenario.variants.get(name, {}) if self.loaded is not None else {}
        told = ", ".join(
            f"{path} = {short(each) if isinstance(each, float) else each}" for path, each in changes.items()
        )
        return f": {told}." if told else "."
