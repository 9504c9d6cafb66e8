"""The program that holds the screens: themes, keys, help, palette, and an end that leaves the terminal as it was."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.filter import LineFilter, NoColor
from textual.screen import Screen
from textual.worker import WorkerFailed

from lab.errors import LabError
from lab.terminal.capabilities import NO_COLOURS, SIXTEEN_COLOURS, TRUE_COLOURS, Capabilities
from lab.tui import keys, themes
from lab.tui.ascii import AsciiOnly
from lab.tui.input_bytes import drop_bytes_of_other_encodings
from lab.tui.live import LiveSessions
from lab.tui.problems import ProblemDialog, ReportsProblems, place, sentence, while_painting, write_log
from lab.tui.progress import Progress
from lab.tui.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from lab.graph.devices import Choice
    from lab.store import Store
    from lab.terminal.style import Style
    from lab.tui.explore.lessons import Target
    from lab.tui.run.app_services import AppServices

HEADLESS = Capabilities(True, True, 80, 24, TRUE_COLOURS, True)
"""What tests see unless they ask for less."""
FIRST_PACE = 15.0
"""Seconds in which the first run of a lesson goes by, until somebody chooses others."""
FIRST_SCREEN = 2
"""So many screens are on the stack when the list of lessons is on top: Textual has an empty one below."""


class LabApp(ReportsProblems, App[None]):
    """The lab on a terminal.

    What screens may use of it: `settings`, `fps`, `style` (colours, characters and palette for pictures), `live` (where
    a started session is added), `progress`, `store`, `last_folder` (where a file was looked for last), and
    `showing_errors` around whatever may raise a LabError.

    target:       what `lab tui` was asked to open
    capabilities: what the terminal can show
    complaint:    something to say at the beginning, about the settings file
    fps:          instead of what the settings say
    tour:         whether to begin with the tour

    `problems` are the exceptions that nobody has caught; `failure` is one that made the lab end, if there was one;
    `told_to_end` says whether a signal did.
    """

    TITLE = "lab"
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("everywhere"))
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-normal"), (110, "-wide"), (160, "-huge")]
    CSS = """
    Screen { layers: base above; }
    ToastRack { align-horizontal: right; }
    """

    def __init__(
        self,
        target: Target | None = None,
        *,
        settings: Settings | None = None,
        capabilities: Capabilities = HEADLESS,
        complaint: str | None = None,
        fps: float | None = None,
        device: Choice | None = None,
        tour: bool = False,
    ) -> None:
        self._unicode = capabilities.unicode
        drop_bytes_of_other_encodings()
        super().__init__()
        self.target = target
        self.device = device
        self._tour = tour
        self.last_folder: Path | None = None
        self.settings = settings or Settings()
        self.fps = fps or self.settings.fps
        self.live = LiveSessions()
        self.progress = Progress(warn=self._warn)
        self.problems: list[BaseException] = []
        self.failure: BaseException | None = None
        self.told_to_end = False
        self._complaint = complaint
        self._colours = capabilities.colours
        self._store: Store | None = None
        self._ender: Callable[[int], None] | None = None
        self.animation_level = "none"
        for theme in themes.THEMES.values():
            self.register_theme(theme)
        self.theme = self._first_theme()
        if self._colours == NO_COLOURS:
            self.no_color = True
            self._filters.append(NoColor())
        self.set_keymap(self.settings.keys)

    def _first_theme(self) -> str:
        if self.settings.theme != "auto":
            return self.settings.theme
        if self._colours <= SIXTEEN_COLOURS:
            return "terminal"
        chosen = self.progress.theme
        return chosen if chosen in themes.THEMES else "dark"

    # What screens use

    @property
    def style(self) -> Style:
        """How pictures and curves are drawn now."""
        from lab.terminal.style import Style

        return Style(self._colours, self._unicode, themes.palette_of(self.theme))

    @property
    def store(self) -> Store:
        """The run store."""
        if self._store is None:
            from lab.store import Store

            self._store = Store.open()
        return self._store

    async def run_action(
        self,
        action: Any,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """As Textual does; an exception in an action becomes a dialog, whichever widget had the key."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except Exception as error:
            self.report_problem(error)
            return True

    @contextmanager
    def showing_errors(self) -> Iterator[None]:
        """Errors that are sentences become a message on the screen, and whatever was begun is left."""
        try:
            yield
        except LabError as error:
            self.tell(str(error))

    def tell(self, sentence: str, title: str = "") -> None:
        """A problem, as a message that stays for a while."""
        self.notify(sentence, title=title, severity="error", timeout=12, markup=False)

    def _warn(self, sentence: str) -> None:
        if self.is_running:
            self.notify(sentence, severity="warning", timeout=12, markup=False)

    # Beginning and end

    def on_mount(self) -> None:
        from lab.tui.explore.screen import ExploreScreen

        self.push_screen(ExploreScreen(self.target))
        if self._tour and not self.progress.toured:
            self.show_tour()
        if self._complaint:
            self.notify(self._complaint, severity="warning", timeout=20, markup=False)
        if not self.is_headless and self._ender is not None:
            for name in ("SIGTERM", "SIGHUP", "SIGINT"):
                number = getattr(signal, name, None)  # Windows has no SIGHUP
                if number is not None:
                    self._end_on(number)

    def _end_on(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            loop.add_signal_handler(number, self._ended_by, number)
        except NotImplementedError:  # the loops of Windows know no signals
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._ended_by, number))

    def end_with(self, ender: Callable[[int], None]) -> None:
        """Before running: `ender(exit code)` is called when a signal ends the lab, and returns at once."""
        self._ender = ender

    def _ended_by(self, number: int) -> None:
        code, self.told_to_end = 128 + number, True
        if self._ender is not None:
            self._ender(code)
        self.exit(return_code=code)

    def action_leave_lab(self) -> None:
        """End the lab; sessions that are going on are ended by whoever opened it."""
        self.exit()

    def _handle_exception(self, error: Exception) -> None:
        """What Textual calls with an exception outside the handlers of our own screens: in a worker, in a timer, while
        something is drawn. Before there is a screen to say so, and when the first one cannot be drawn, the lab ends."""
        cause = error.error if isinstance(error, WorkerFailed) else error
        if self.is_running and len(self.screen_stack) > 1 and self.report_problem(cause):
            return
        if self.failure is None:
            self.failure = cause
        super()._handle_exception(error)

    def report_problem(self, error: BaseException) -> bool:
        """Say in a dialog that something went wrong, once for each place in the code; later ones are only kept.

        Over a screen that cannot be painted no dialog could be seen: it is left for the first screen, and its sessions
        end as if interrupted. False if the first screen itself cannot be painted.
        """
        known = {place(each) for each in self.problems}
        self.problems.append(error)
        if while_painting(error):
            if len(self.screen_stack) <= FIRST_SCREEN:
                return False
            self.call_later(self._back_to_the_first_screen)
        if place(error) not in known:
            self.call_later(self._show_problem, error)
        return True

    def _show_problem(self, error: BaseException) -> None:
        from lab.home import home_folder

        self.push_screen(ProblemDialog(sentence(error), write_log(error, home_folder())))

    def _back_to_the_first_screen(self) -> None:
        threading.Thread(target=self.live.stop_all, name="ending", daemon=True).start()
        while len(self.screen_stack) > FIRST_SCREEN:
            self.pop_screen()

    def close_screen(self, screen: Screen[Any]) -> None:
        """Take a screen away that could not be opened; what has been put over it goes, too, but for the problem."""
        stack = self.screen_stack
        if screen not in stack or len(stack) <= FIRST_SCREEN:
            return
        above = [each for each in stack[stack.index(screen) + 1 :] if isinstance(each, ProblemDialog)]
        sentences = [(each.sentence, each.log_file) for each in above]
        while screen in self.screen_stack:
            self.pop_screen()
        for told in sentences:
            self.push_screen(ProblemDialog(*told))

    def _fatal_error(self) -> None:
        """Instead of a page of traceback over the terminal: `open_lab` raises the failure again."""
        self._close_messages_no_wait()

    # Everywhere

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """Only what can be seen: Textual lays out and paints the screen below also where the one above is opaque, which
        doubles the time of every resize."""
        return super()._background_screens if self.screen.styles.background.a < 1 else []

    def get_line_filters(self) -> Sequence[LineFilter]:
        filters = super().get_line_filters()
        return filters if self._unicode else [*filters, AsciiOnly()]

    def get_key_display(self, binding: Any) -> str:
        return binding.key_display or keys.shown(binding.key.partition(",")[0])

    def action_explain(self) -> None:
        """The help for the screen that is on top."""
        from lab.tui.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def show_tour(self) -> None:
        """The five pages on what the lab is, over whatever is shown."""
        from lab.tui.tour.screen import TourScreen

        self.push_screen(TourScreen())

    def action_next_theme(self) -> None:
        """The next theme, remembered for the next time."""
        self.choose_theme(themes.following(self.theme))

    def choose_theme(self, name: str) -> None:
        """Take a theme, and remember it for the next time."""
        self.theme = name
        self.progress.choose_theme(name)
        self.notify(f"Theme: {name}", timeout=2)

    def choose_pace(self, seconds: float | None) -> None:
        """Remember how long the steps of a lesson's first run take; None: as fast as it can."""
        self.progress.choose_pace(seconds or 0.0)

    @property
    def pace(self) -> float | None:
        """How many seconds the first run of a lesson takes at least; None: as fast as it can."""
        chosen = self.settings.pace
        if isinstance(chosen, str):
            chosen = FIRST_PACE if self.progress.pace is None else self.progress.pace
        return chosen or None

    def copy(self, text: str, what: str, beyond: str = "") -> None:
        """Put a text on the clipboard of the terminal, and show it for terminals that do not allow that.

        beyond: what the text leaves out, as a sentence
        """
        from lab.tui.copying import CopiedScreen

        self.copy_to_clipboard(text)
        self.push_screen(CopiedScreen(text, what, beyond))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the menu offers: every action of the screen, the lessons, the themes."""
        seen = {"everywhere.command_palette"}
        for _, binding, enabled, _ in screen.active_bindings.values():
            if enabled and binding.id and binding.id not in seen:
                seen.add(binding.id)
                owner: Any = self if binding.id.startswith("everywhere.") else screen
                act = partial(owner.call_next, owner.run_action, binding.action)
                yield SystemCommand(binding.description, binding.tooltip or binding.id, act)
        from lab.tui.explore.screen import ExploreScreen

        if isinstance(screen, ExploreScreen):
            for item in screen.items:
                yield SystemCommand(item.title, f"{item.chapter}/{item.slug}", partial(screen.go_to, item.name), False)
        for name in themes.THEMES:
            yield SystemCommand(f"Theme {name}", "Change the colours.", partial(self.choose_theme, name))
        yield SystemCommand("The tour", "Five short pages on what the lab is.", partial(self.call_next, self.show_tour))
        yield SystemCommand(
            "Settings file", "Show where it is and what can stand in it.", partial(self.call_next, self._show_settings)
        )

    def _show_settings(self) -> None:
        from lab.tui.settings import example, settings_path

        self.copy(example(), f"What can stand in {settings_path()}")


if TYPE_CHECKING:

    def _offers(app: LabApp) -> AppServices:
        """The type checker sees that the lab is what the screens of a run expect."""
        return app
