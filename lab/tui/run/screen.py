"""The run screen: watch a session, steer it without a reset, and read the verdict."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import BindingType

from lab.cli.diagnosis import troubled
from lab.errors import LabError
from lab.events import Claimed, Event, Measured, Started
from lab.scenario.measured import values
from lab.session import Session, keeping
from lab.session.record import Record
from lab.session.verdict import SeedCurves
from lab.tasks import judges_time
from lab.terminal.numbers import count, duration, short
from lab.terminal.style import Style
from lab.tui.keys import bindings
from lab.tui.run.app_services import services
from lab.tui.run.dialogs import LeaveDialog
from lab.tui.run.ending import against, answered, held
from lab.tui.run.keys import RUN
from lab.tui.run.lesson_panel import LessonPanel
from lab.tui.run.moment_screen import MomentScreen
from lab.tui.run.outcome import Outcome
from lab.tui.run.session_controls import SessionControls
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.scenario import Loaded, Try
    from lab.store import RunInfo

_PATIENCE = 20.0
"""Seconds for a session to end."""
_WHILE_IT_TRAINS = ("pause", "skip", "step")
"""Actions that do something only while there are steps to do."""
_SWITCH = 0.001
"""Seconds after which Python gives its lock to another thread: drawing must not hold up the trainers for longer."""


class RunScreen(MomentScreen):
    """Trains a scenario and shows it; dismissed with an `Outcome`.

    guess:  what was answered to the scenario's question
    seeds:  one replica of each variant for each; by default the scenario's own
    resume: a run that was interrupted (its record, or its name), to be taken up where it is
    keep:   whether the run goes to the store
    only:   the names of the variants that are run; by default all
    before: the run against which this one is compared when it is over, by its name in the store
    tries:  whether what the lesson suggests to try next can be started from here: whoever opened this then finds it in
            the outcome
    pace:   how many seconds its steps take at least, unless it judges time; None: as fast as it can
    """

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("run", RUN))

    def __init__(
        self,
        loaded: Loaded,
        guess: str | None = None,
        seeds: Sequence[int] | None = None,
        resume: RunInfo | str | None = None,
        *,
        keep: bool = True,
        steps: int | None = None,
        only: Sequence[str] | None = None,
        before: str | None = None,
        tries: bool = False,
        pace: float | None = None,
    ) -> None:
        self.guess, self._tries = guess, tries
        super().__init__(loaded)
        self._only, self._before = only, before
        self._effect: list[str] = []
        self._troubled: str | None = None
        self._next: Try | None = None
        self._seeds, self._resume, self._keep, self._steps = seeds, resume, keep, steps
        self._pace = pace
        self.record: Record | None = None
        self._first: Outcome | None = None
        self._earlier: list[Event] = []
        self._ready = self._judged = self._leaving = self._settled = False
        self._switch = sys.getswitchinterval()

    # Beginning and end

    def on_mount(self) -> None:
        super().on_mount()
        sys.setswitchinterval(_SWITCH)
        try:
            self._prepare()
        except LabError as error:
            self._tell(str(error))
            self.call_after_refresh(self._give_up)
            return
        self.controls = SessionControls(self.session)
        if self._pace is not None and not judges_time(self.session.loaded):
            self.controls.keep_pace(self._pace)
        self._ready = True
        self.subscription = self.session.subscribe()
        self.look_at_this()
        services(self).live.add(self.session, self._close_record)
        record = self.record
        name = record.writer.name if record is not None and record.saving else None
        at_rest = None if record is None else partial(record.close_finished, self.session)
        self.session.start(record, name, keep_open=True, at_rest=at_rest)

    def _give_up(self) -> None:
        self.dismiss(Outcome(None, None, None))

    def _prepare(self) -> None:
        """The session, and its record in the store."""
        assert self.loaded is not None
        if self._resume is not None:
            store = services(self).store
            info = store.info(self._resume) if isinstance(self._resume, str) else self._resume
            self.session, writer, self._earlier = keeping.take_up(store, info, None, self._warn)
            self.record = Record(store, writer, self._warn, self._begun_anew)
            self.loaded = self.session.loaded
            return
        self.session = Session(
            self.loaded, seeds=self._seeds, steps=self._steps, variants=self._only, device=services(self).device
        )
        if self._keep:
            store = services(self).store
            writer = keeping.begin(self.session, store, self._warn)
            self.record = Record(store, writer, self._warn, self._begun_anew)

    def _settle(self) -> None:
        """From now on nothing that is there already is searched for garbage: with a compiler in memory that takes a
        tenth of a second each time, during which neither keys are answered nor steps begun."""
        self._settled = True
        gc.freeze()

    def on_unmount(self) -> None:
        sys.setswitchinterval(self._switch)
        gc.unfreeze()

    def _close_record(self) -> None:
        if self.record is not None:
            self.record.close_ended(self.session)

    def _warn(self, sentence: str) -> None:
        """Saving has stopped; comes from any thread."""
        self.app.call_later(self._say_unsaved, sentence)

    def _say_unsaved(self, sentence: str) -> None:
        if self.record is not None:
            self.run_state.unsaved = self.record.writer.reason
        self.status.say(sentence, True)

    def _begun_anew(self, before: str, now: str) -> None:
        """A finished run was changed, so another one goes on; comes from any thread."""
        self.app.call_later(self._say_begun_anew, before, now)

    def _say_begun_anew(self, before: str, now: str) -> None:
        self.session.is_kept_as(now)
        self.status.say(f"{self.status.said} {before} stays as it was; what follows is kept as {now}.".strip())

    def _tell(self, sentence: str) -> None:
        self.app.notify(sentence, severity="error", timeout=12, markup=False)

    def hint(self) -> str:
        return f"Your guess: {self.guess}" if self.guess is not None else ""

    # The lesson, and what it suggests

    def action_lesson(self) -> None:
        """Open the lesson beside the plots, or close it."""
        scenario = self.loaded.scenario if self.loaded is not None else None
        read = self.run_state.started.read if self.run_state.started else ()
        if scenario is None or not (scenario.lesson.strip() or scenario.try_next or read):
            self.status.say("This scenario has no text.")
            return
        if open_ones := list(self.query(LessonPanel)):
            open_ones[0].remove()
            self.status.say("")
        else:
            panel = LessonPanel(scenario, read)
            panel.tell(self._numbers())
            self.row.mount(panel)
            self.status.say(f"{self.key_of('scroll_verdict(1)')} reads on, {self.key_of('lesson')} closes the lesson.")
        self.call_after_refresh(self.redraw)

    def _fill_panel(self) -> None:
        for panel in self.query(LessonPanel):
            panel.tell(self._numbers())

    def _numbers(self) -> dict[str, list[float]]:
        """The numbers that the lesson states, as this run has measured them; none before it is over."""
        if not self._judged or self.loaded is None:
            return {}
        lookups = [SeedCurves(self.session.history, seed) for seed in self.session.seeds]
        return values(self.loaded.scenario.measured, lookups)

    def on_lesson_panel_chosen(self, message: LessonPanel.Chosen) -> None:
        self.action_try_next(message.number + 1)

    def action_try_next(self, number: int) -> None:
        """Leave this run and start what the lesson suggests."""
        tries = self.loaded.scenario.try_next if self.loaded is not None and self._tries else []
        if number > len(tries) or not (self._judged or self.query(LessonPanel)):
            return  # while it trains, a digit means something only beside the list
        self._next = tries[number - 1]
        self.action_leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that steer training are not offered once there is nothing left to train."""
        return not (action in _WHILE_IT_TRAINS and self._judged and self.session.finished)

    def action_leave(self) -> None:
        if self._leaving or not self._ready:
            return
        lost = self.lost_by_leaving()
        if not lost:
            self._leave()
            return

        def answered(answer: str | None) -> None:
            if answer is not None:
                self._leave()
            else:
                self._next = None

        self.app.push_screen(LeaveDialog(f"{lost} Leave?", {"stop": "Leave"}), answered)

    def lost_by_rewinding(self) -> str:
        record = self.record
        if record is not None and record.closed:
            return f"{record.writer.name} is finished and stays as it was; what follows will be another run."
        return super().lost_by_rewinding()

    def lost_by_leaving(self) -> str:
        """What could not be had again after leaving, as a sentence; empty if that is nothing."""
        session, record = self.session, self.record
        over = session.state == "ended" or session.finished
        reached = max((each.steps_done for each in session.replicas), default=0)
        if record is None:
            return "" if over or not reached else f"This run is not kept: its {count(reached, 'step')} would be lost."
        if record.saving or not reached:
            return ""  # it is resumed where it was left
        return f"{record.writer.warning or 'This run is not saved.'} Its curves would be lost."

    def _leave(self) -> None:
        self._leaving = True
        self.status.say("Saving…")
        self._end()

    @work(thread=True)
    def _end(self) -> None:
        session = self.session
        session.stop()
        try:
            ended = session.wait(_PATIENCE)
        except LabError:
            ended = True  # its sentence has been on the screen
        if ended and self.record is not None:
            self.record.close_ended(session)
        services(self).live.remove(session)
        self.subscription.close()
        if session.ended is not None and session.ended.interrupted and self.record is not None:
            tell(self, self._say_kept, self.record)
        tell(self, self.dismiss, self._outcome())

    def _say_kept(self, record: Record) -> None:
        if (name := record.writer.name) is not None and record.writer.warning is None and not record.closed:
            self.app.notify(
                f"{name} is kept as far as it came: the list of runs, or `lab resume {name}`, goes on with it."
            )

    def _outcome(self) -> Outcome:
        if self._first is not None:
            return replace(self._first, next=self._next)
        ended = self.session.ended
        name = self.record.writer.name if self.record is not None else None
        if ended is None or ended.interrupted:
            return Outcome(name, None, None, self._next)
        return Outcome(name, self._held([*self.session.verdicts]), self._guess_right(), self._next)

    def _held(self, claims: Sequence[Claimed]) -> bool | None:
        """Whether every claim held; None if none was made, or of other settings than those of which it was made."""
        known = {each.name for each in self.session.loaded.variants}
        changed = any(variant in known for variant, _, _ in self.changes_made())
        others = any(each.changed or each.steps for each in claims)
        return all(each.held for each in claims) if claims and not changed and not others else None

    def _guess_right(self) -> bool | None:
        question = self.loaded.scenario.question if self.loaded is not None else None
        return None if self.guess is None or question is None else self.guess == question.answer

    # Watching

    def take_events(self) -> list[Event]:
        if self._leaving or not self._ready:
            return []
        events = [*self.subscription.get(0), *self.pictures_arrived()]
        if self._earlier and any(isinstance(each, Started) for each in events):
            place = next(n for n, each in enumerate(events) if isinstance(each, Started)) + 1
            events[place:place] = self._earlier
            self._earlier = []
        return events

    def after_events(self, events: Sequence[Event]) -> None:
        if self._leaving or not self._ready:
            return
        if not self._settled and any(isinstance(each, Measured) for each in events):
            self._settle()
        read = next((each.read for each in events if isinstance(each, Started) and each.read), ())
        if read:
            more = " r tells the rest." if len(read) > 1 else ""
            self.status.say(read[0] + more)
        finished = self.session.finished and self.session.state != "new"
        if finished and (not self._judged or any(isinstance(each, Measured) for each in events)):
            self.run_state.claims = self.session.judge()
            self._judged = self.verdict.display = self.run_state.finished = True
            self.refresh_bindings()
            if self._first is None:
                name = self.record.writer.name if self.record is not None else None
                self._first = Outcome(name, self._held(self.run_state.claims), self._guess_right())
            self._compare()
            noticed = {(each.variant, each.detector) for each in self.run_state.noticed}
            self._troubled = troubled(self.session, noticed)
            self._fill_panel()
            self.redraw()
            self.call_after_refresh(self.redraw)
        elif self._judged and not finished:
            self.run_state.claims, self._judged, self.verdict.display = [], False, False
            self.run_state.finished = False
            self.refresh_bindings()
            self.redraw()
        self.follow_cursor()

    def _compare(self) -> None:
        """Put beside each other what the run before and this one came to."""
        if self._before is None:
            return
        try:
            before = services(self).store.curves(self._before)
        except LabError:
            return  # it was deleted
        arrow = "→" if services(self).style.unicode else "->"
        self._effect = against(self._before, before, self.session.history, self.run_state.metrics, arrow)

    def guess_sentences(self) -> list[str]:
        scenario = self.loaded.scenario if self.loaded is not None else None
        told = [*self._effect, *held(self.run_state.claims, self._judged, self.key_of)]
        question = scenario.question if scenario is not None else None
        if scenario is not None and question is not None and self._judged and self._before is None:
            told += answered(question, self.guess, scenario.measured, self._numbers())
        if self._judged and self._tries and scenario is not None and scenario.try_next:
            told.append(f"{self.key_of('lesson')} opens the lesson beside the plots, with what to try next.")
        if self._judged and self._troubled:
            told.append(f"Should {self._troubled} learn better? {self.key_of('diagnose')} tries what would mend it.")
        return told

    def seconds_left(self, variant: str) -> float:
        """At the pace that is kept, or as long as the speed so far lets expect."""
        left = self.session.paced_seconds_left(variant)
        return super().seconds_left(variant) if left is None else left

    def parts(self, style: Style) -> list[tuple[str, str]]:
        if not self._ready:
            return super().parts(style)
        run_state = self.run_state
        signs = {"running": "▶", "paused": "‖", "ended": "■", "new": "…"} if style.unicode else {}
        state = "over" if self._judged else self.session.state
        parts = [(f"{signs.get(state, '')} {run_state.title or self.session.loaded.scenario.title}".strip(), "title")]
        if state == "paused":
            parts.append(("paused", "state"))
        parts += self.looked_at(style)
        if self.controls.pace is not None and not self._judged:
            parts.append((f"in {duration(self.controls.pace)}", "state"))
        settings = list(self._settings().items())
        first = self._setting % max(1, len(settings))
        # The marked one comes first, as not all have room; the others follow as `t` would mark them.
        for number, (name, value) in enumerate([*settings[first:], *settings[:first]]):
            marked = number == 0
            whose = " (all)" if marked and self._every else ""
            parts.append((f"{_short_name(name)} {short(value)}{whose}", "marked" if marked else ""))
        return parts

    def changes_made(self) -> list[tuple[str, int, str]]:
        """Of each variant what the events tell or what the session does, whichever is more: the events tell those of a
        run before it was interrupted, the session those after which nothing has been measured yet."""
        made = [(each.name, step, name) for each in self.session.replicas for step, name, _ in each.changes_made]
        made += [(each.name, -1, name) for each in self.session.replicas for name in each.changes_waiting]
        told = super().changes_made()
        found: list[tuple[str, int, str]] = []
        for variant in dict.fromkeys(each[0] for each in (*told, *made)):
            by_events, by_session = ([each for each in some if each[0] == variant] for some in (told, made))
            found += by_events if len(by_events) >= len(by_session) else by_session
        return found

    def with_added(self, loaded: Loaded) -> Loaded:
        from lab.tui.run.configuration import with_variants

        return with_variants(loaded, self.controls.added)


def _short_name(setting: str) -> str:
    return setting.removeprefix("optimizer.")
