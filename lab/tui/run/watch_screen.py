"""What a run that goes on and one that is replayed have in common: the keys that choose what is seen of it, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll

from lab.terminal.palettes import letter
from lab.tui.run.app_services import services
from lab.tui.run.board_screen import BoardScreen
from lab.tui.run.dialogs import ChooseDialog
from lab.tui.run.order import metrics_of
from lab.tui.run.tile import Tile
from lab.tui.run.view_options import PROFILES, TileContent

if TYPE_CHECKING:
    from lab.scenario import Loaded
    from lab.tui.run.configuration import Configuration

_FAR = 10


class WatchScreen(BoardScreen):
    """Base of the run screen and the replay screen."""

    def action_cursor(self, columns: int) -> None:
        self.view.move_cursor(self.tile_data.whole(), self.tile_data.latest(), columns)
        self.cursor_moved()
        self.redraw()

    def action_cursor_far(self, columns: int) -> None:
        self.action_cursor(_FAR * columns)

    def cursor_moved(self) -> None:
        """Called when the cursor stands at another step."""

    def action_zoom(self, closer: bool) -> None:
        self.view.zoom(self.tile_data.whole(), self.view.cursor, closer)
        self.redraw()

    def action_pan(self, direction: int) -> None:
        self.view.pan(self.tile_data.whole(), 0.25 * direction)
        self.redraw()

    def action_next_tile(self) -> None:
        view = self.view
        if view.large:
            view.large = False
            page, _ = self.shown()
            view.tile, view.large = (view.tile + 1) % max(1, len(page)), True
        else:
            page, _ = self.shown()
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
        content = self.tile_data.content(subject)
        self.view.logs[subject.name] = not getattr(content, "log", False)
        self.redraw()

    def action_smooth(self) -> None:
        weight = self.view.smoother()
        told = f"Each value is a mean over about {1 / (1 - weight):.0f} measurements." if weight else "Not smoothed."
        self.status.say(told)
        self.redraw()

    def action_by_layer(self) -> None:
        subject = self.selected()
        if subject is None or subject.kind == "picture" or not self.tile_data.layers_of(subject.name):
            self.status.say("The selected plot shows nothing that is measured for each layer.")
            return
        self.view.layers ^= {subject.name}
        if self.view.chosen is not None:
            other = "metric" if subject.kind == "layers" else "layers"
            self.view.chosen = [TileContent(other, each.name) if each == subject else each for each in self.view.chosen]
        self.redraw()

    def action_define(self) -> None:
        from lab.tui.run.definitions import defined
        from lab.tui.run.dialogs import DefinitionDialog

        subject = self.selected()
        if subject is None:
            return
        if subject.kind == "picture":
            kind = "picture"
            names = [
                each.picture.name for each in self.run_state.pictures.values() if each.picture.title == subject.name
            ]
        else:
            kind, names = "metric", [each.partition(".")[0] for each in metrics_of(subject)]
        style = services(self).style
        if not defined(kind, names, 80, style).plain:
            self.status.say(f"Nothing is written about {subject.label}.")
            return
        self.app.push_screen(DefinitionDialog(subject.label, lambda width: defined(kind, names, width, style)))

    def action_gradients(self) -> None:
        self.view.gradients = not self.view.gradients
        self.status.say(f"The lines of the network are its {'gradients' if self.view.gradients else 'weights'}.")
        self.redraw()

    def action_next_variant(self) -> None:
        names = self.run_state.variants
        if names:
            self.view.variant = names[(names.index(self.tile_data.variant) + 1) % len(names)]
            self.looks_elsewhere()
            self.redraw()

    def action_next_seed(self) -> None:
        seeds = list(self.run_state.started.seeds) if self.run_state.started else []
        turns = [None, *seeds] if len(seeds) > 1 else seeds
        if turns:
            place = next((n for n, each in enumerate(turns) if each == self.view.seed), 0)
            self.view.seed = turns[(place + 1) % len(turns)]
            self.looks_elsewhere()
            self.redraw()

    def looks_elsewhere(self) -> None:
        """Called when another variant or seed is looked at."""

    def action_choose_plots(self) -> None:
        tile_data = self.tile_data
        known: dict[str, TileContent] = {}
        for each in [*self.subjects(), *tile_data.subjects()]:
            for kind in ("metric", "layers", *PROFILES) if each.kind != "picture" else ("picture",):
                subject = TileContent(kind, each.name)
                if kind in ("metric", "picture") or tile_data.layers_of(each.name):
                    known[subject.label] = subject
        shown = [each.label for each in self.subjects()]

        def take(labels: list[str] | None) -> None:
            if labels is not None:
                self.view.chosen = [known[each] for each in labels] or None
                self.view.page = self.view.tile = 0
                self.redraw()

        names = [(each, each) for each in known]
        self.app.push_screen(ChooseDialog("What is shown", names, shown), take)

    def action_choose_variants(self) -> None:
        names = self.run_state.variants
        rows = [(name, f"{letter(number)} {name}") for number, name in enumerate(names)]

        def take(chosen: list[str] | None) -> None:
            if chosen:
                self.view.hidden.clear()
                self.view.hidden.update(set(names) - set(chosen))
                self.redraw()

        shown = [name for name in names if name not in self.view.hidden]
        self.app.push_screen(ChooseDialog("Variants", rows, shown), take)

    def action_verdict(self) -> None:
        self.verdict.display = not self.verdict.display
        self.redraw()
        self.call_after_refresh(self.redraw)

    def action_noticed(self) -> None:
        self.noticed.display = not self.noticed.display
        self.redraw()
        self.call_after_refresh(self.redraw)

    def action_scroll_verdict(self, pages: int) -> None:
        read = next((each for each in self.row.children if isinstance(each, VerticalScroll)), self.verdict)
        if pages > 0:
            read.scroll_page_down(animate=False)
        else:
            read.scroll_page_up(animate=False)

    def action_copy_yaml(self) -> None:
        if (found := self.configuration()) is not None:
            self._copy(found.yaml, "The scenario as YAML", found.beyond_yaml)

    def action_copy_command(self) -> None:
        if (found := self.configuration()) is not None:
            self._copy(found.line, "The line that repeats this run", found.beyond_line)

    def configuration(self) -> Configuration | None:
        """What is on the screen, to take away; None before it has begun."""
        started = self.run_state.started
        if self.loaded is None or started is None:
            self.status.say("There is nothing to copy yet.", wrong=True)
            return None
        from lab.tui.run.configuration import Configuration, started_steps, unique

        loaded = self.with_added(self.loaded)
        number = unique(self.changes_made(), [each.name for each in loaded.variants])
        steps = started_steps(started, self.loaded)
        return Configuration(loaded, started.seeds, steps, tuple(self.run_state.variants), number)

    def changes_made(self) -> list[tuple[str, int, str]]:
        """Settings that were changed while it ran: variant, step, setting."""
        return [(each.variant, each.step, each.name) for each in self.run_state.changes]

    def with_added(self, loaded: Loaded) -> Loaded:
        """The scenario with the variants that were added."""
        return loaded

    def _copy(self, text: str, what: str, beyond: str) -> None:
        services(self).copy(text, what, beyond)

    def on_tile_pointed(self, message: Tile.Pointed) -> None:
        self.view.tile = self.board.tiles.index(message.tile) if not self.view.large else self.view.tile
        self.view.put_cursor(self.tile_data.whole(), message.x)
        self.cursor_moved()
        self.redraw()

    def on_tile_turned(self, message: Tile.Turned) -> None:
        self.view.zoom(self.tile_data.whole(), message.x, message.closer)
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
