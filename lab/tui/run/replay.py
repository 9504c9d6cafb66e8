"""The replay screen: a kept run, from its events alone, on the same board."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from lab.errors import LabError
from lab.events import Event
from lab.scenario.measured import Values, filled
from lab.session.kept_runs import numbers_of_run, readable_scenario_of_run
from lab.terminal.numbers import duration, short
from lab.terminal.question import answers_other_settings
from lab.terminal.replaying import without_waits
from lab.terminal.style import Style
from lab.tui.keys import bindings
from lab.tui.run.keys import REPLAY
from lab.tui.run.watch_screen import WatchScreen

if TYPE_CHECKING:
    from lab.scenario import Loaded
    from lab.store import Store

SPEEDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
SHOWN_SECONDS = 15.0
"""A replay begins at the speed at which the run lasts so long; keys make it faster and slower."""
SLOWEST = 0.01
MOST = 2_000_000
"""Events of a run that are held in memory for jumping; of a longer one the rest is left out, and the status says so."""


class Player:
    """Events with their times, played at any speed, from any point.

    seconds: where it is;  length: of the whole run
    """

    def __init__(self, events: list[tuple[float, Event]], speed: float) -> None:
        self.events = events
        self.times = [seconds for seconds, _ in events]
        self.length = self.times[-1] if events else 0.0
        self.speed, self.playing = speed, True
        self.seconds = 0.0
        self._next = 0

    def advance(self, elapsed: float) -> list[Event]:
        """What happens in so many seconds of the viewer's time."""
        if not self.playing or self.over:
            return []
        self.seconds = min(self.length, self.seconds + elapsed * self.speed)
        return self._take()

    def jump(self, seconds: float) -> tuple[bool, list[Event]]:
        """Go to a time: whether the run has to begin anew, and what happens up to there."""
        before = self.seconds
        self.seconds = min(max(0.0, seconds), self.length)
        if self.seconds < before:
            self._next = 0
            return True, self._take()
        return False, self._take()

    @property
    def over(self) -> bool:
        """Whether everything has been played."""
        return self._next >= len(self.events)

    def _take(self) -> list[Event]:
        end = bisect_right(self.times, self.seconds)
        taken, self._next = [event for _, event in self.events[self._next : end]], end
        return taken


class ReplayScreen(WatchScreen):
    """Plays run `name` of a store, `speed` times as fast as it was, by default so that it can be watched; dismissed
    with None."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("replay", REPLAY))
    paced = False

    def __init__(self, store: Store, name: str, speed: float | None = None) -> None:
        self.store, self.name_of_run, self._speed = store, name, speed
        self.player = Player([], 1.0)
        self._played = time.monotonic()
        super().__init__(_loaded(store, name))

    def on_mount(self) -> None:
        super().on_mount()
        try:
            events = []
            for each in without_waits(self.store.timed_events(self.name_of_run)):
                events.append(each)
                if len(events) >= MOST:
                    self.status.say(f"This run is long: its first {MOST:,} events are replayed.", wrong=True)
                    break
        except LabError as error:
            self.app.notify(str(error), severity="error", timeout=12, markup=False)
            self.call_after_refresh(self.action_leave)
            return
        speed = self._speed if self._speed is not None else events[-1][0] / SHOWN_SECONDS if events else 1.0
        self.player = Player(events, max(SLOWEST, speed))
        self._played = time.monotonic()
        self.tick()

    # Watching

    def take_events(self) -> list[Event]:
        now = time.monotonic()
        elapsed, self._played = now - self._played, now
        return self.player.advance(elapsed)

    def after_events(self, events: Sequence[Event]) -> None:
        if self.player.over and self.run_state.claims and not self.verdict.display and not self._seen_end:
            self._seen_end = self.verdict.display = True
            self.redraw()
            self.call_after_refresh(self.redraw)

    _seen_end = False
    _numbers: Values | None = None

    def guess_sentences(self) -> list[str]:
        if self.loaded is None or self.loaded.scenario.question is None or not self.run_state.claims:
            return []
        if answers_other_settings(self.loaded):
            return []
        question, measured = self.loaded.scenario.question, self.loaded.scenario.measured
        if self._numbers is None:
            try:
                self._numbers = numbers_of_run(self.store, self.store.info(self.name_of_run), measured)
            except LabError:
                self._numbers = {}
        return [question.ask, f"Answer: {question.answer}", filled(question.because, measured, self._numbers)]

    def parts(self, style: Style) -> list[tuple[str, str]]:
        player = self.player
        sign = {True: "▶", False: "‖"}[player.playing] if style.unicode else ""
        state = f"{duration(player.seconds)} of {duration(player.length)}"
        return [
            (f"{sign} {self.name_of_run}: {self.run_state.title}".strip(), "title"),
            (f"×{short(player.speed)}" if style.unicode else f"x{short(player.speed)}", "state"),
            (state if player.playing else f"{state}, held", "state"),
            *self.looked_at(style),
        ]

    # Actions

    def action_pause(self) -> None:
        player = self.player
        if player.over and not player.playing:
            self._jump(0.0)
        player.playing = not player.playing
        self._played = time.monotonic()
        self.status.say("Going on." if player.playing else "Held: space goes on, b and s jump.")
        self.redraw()

    def action_faster(self) -> None:
        self._change_speed(next((each for each in SPEEDS if each > self.player.speed), SPEEDS[-1]))

    def action_slower(self) -> None:
        self._change_speed(next((each for each in reversed(SPEEDS) if each < self.player.speed), SPEEDS[0]))

    def _change_speed(self, speed: float) -> None:
        self.player.speed = speed
        self.status.say(f"{short(speed)} times as fast as it was.")
        self.redraw()

    def action_jump(self, direction: int) -> None:
        self._jump(self.player.seconds + direction * self.player.length / 10)

    def action_jump_to_digit(self, tenths: int) -> None:
        self._jump(self.player.length * tenths / 10)

    def action_at_end(self) -> None:
        self._jump(self.player.length)

    def _jump(self, seconds: float) -> None:
        anew, events = self.player.jump(seconds)
        if anew:
            self.start_over()
            self.verdict.display = self._seen_end = False
        for event in events:
            self.run_state.handle(event)
        self._played = time.monotonic()
        self.status.say(f"At {duration(self.player.seconds)} of {duration(self.player.length)}.")
        self.after_events(events)
        self.redraw()

    def action_leave(self) -> None:
        self.dismiss(None)


def _loaded(store: Store, name: str) -> Loaded | None:
    """The scenario as it was run; None if this lab can no longer read it."""
    try:
        return readable_scenario_of_run(store.info(name))
    except LabError:
        return None
