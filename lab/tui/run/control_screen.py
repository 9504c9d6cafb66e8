"""The actions that steer a session: what each key of the run screen does, what it asks, and what it says afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import work

from lab.errors import BadInput
from lab.session import Session
from lab.terminal.numbers import short
from lab.tui.run.app_services import services
from lab.tui.run.dialogs import FormDialog, FormField, ReadingDialog, RewindDialog
from lab.tui.run.session_controls import SessionControls
from lab.tui.run.watch_screen import WatchScreen
from lab.tui.worker_messages import tell

_ORDER = ("rate", "momentum", "decay", "weight_decay", "l2", "l1", "clip")
ANSWER_WITHIN = 20.0
"""Seconds for a replica to answer."""


class ControlScreen(WatchScreen):
    """Base of the run screen. A subclass sets `session` and `controls` when the run begins."""

    session: Session
    controls: SessionControls
    _setting = 0
    _every = False

    def _settings(self) -> dict[str, float]:
        """What can be changed of the variant that is looked at, the most useful first."""
        variant = self.tile_data.variant
        if not variant or all(each.name != variant for each in self.session.variants):
            return {}
        found = self.session.settings(variant)
        order = {name: number for number, name in enumerate(_ORDER)}

        def place(name: str) -> int:
            of, _, last = name.rpartition(".")
            own = of in ("", "optimizer", "options", "loss")  # the momentum of a layer's statistics is another thing
            return order.get(last, len(order)) if own else len(order)

        return dict(sorted(found.items(), key=lambda item: place(item[0])))

    def _steer(self, act: Callable[[], str]) -> None:
        """Do something and say what happened; an error is said, too."""
        try:
            self.status.say(act())
        except BadInput as error:
            self.status.say(str(error), wrong=True)
        self.redraw()

    def action_pause(self) -> None:
        self._steer(self.controls.pause)

    def action_step(self) -> None:
        self._steer(self.controls.step)

    def action_slower(self) -> None:
        self._change_pace(faster=False)

    def action_faster(self) -> None:
        self._change_pace(faster=True)

    def _change_pace(self, faster: bool) -> None:
        self._steer(lambda: self.controls.change_pace(faster))
        services(self).choose_pace(self.controls.pace)

    def action_skip(self) -> None:
        self._steer(self.controls.skip)

    def action_next_setting(self) -> None:
        settings = self._settings()
        self._setting = (self._setting + 1) % max(1, len(settings))
        try:
            name = self._marked()
        except BadInput as error:
            self.status.say(str(error), wrong=True)
            return
        self.status.say(f"{name} is marked, now {short(settings[name])}: + and - change it.")
        self.redraw()

    def action_every_variant(self) -> None:
        self._every = not self._every
        self.status.say("Changes concern every variant." if self._every else "Changes concern the variant looked at.")
        self.redraw()

    def _marked(self) -> str:
        settings = list(self._settings())
        if not settings:
            if self.session.state != "ended" and any(each.experiment is None for each in self.session.replicas):
                raise BadInput("Nothing can be changed yet: the kernels are still being prepared.")
            raise BadInput("This experiment has no number that could be changed while it runs.")
        return settings[self._setting % len(settings)]

    def _whose(self) -> str | None:
        return None if self._every else self.tile_data.variant

    def action_change(self, up: bool) -> None:
        self._steer(lambda: self.controls.nudge(self._marked(), up, self._whose()))

    def action_set_value(self) -> None:
        try:
            name = self._marked()
        except BadInput as error:
            self.status.say(str(error), wrong=True)
            return

        def use(written: dict[str, str]) -> str:
            try:
                value = float(written["value"])
            except ValueError:
                raise BadInput(f"{written['value']!r} is not a number.") from None
            return self.controls.set(name, value, self._whose())

        whose = self._whose() or "every variant"
        self._fill(FormDialog(f"{name} of {whose}", [FormField("value", short(self._settings()[name]))], use))

    def action_undo(self) -> None:
        self._in_background(self.controls.undo)

    @work(thread=True)
    def _in_background(self, act: Callable[[], str]) -> None:
        """For what may wait for the disk."""
        try:
            said = (act(), False)
        except BadInput as error:
            said = (str(error), True)
        tell(self, self.status.say, *said)
        tell(self, self.redraw)

    def action_rewind(self) -> None:
        cursor = self.view.cursor
        variant = self.tile_data.variant
        answers = {} if cursor is None else {"cursor": f"{variant}: to step {cursor:,.0f}"}
        answers["one"] = f"{variant}: to its first weights"
        answers["all"] = "Every variant: to the same first weights"

        def answered(answer: str | None) -> None:
            if answer is not None:
                step = int(cursor) if answer == "cursor" and cursor is not None else 0
                self._steer(lambda: self.controls.rewind(None if answer == "all" else variant, step))

        question = f"{self.lost_by_rewinding()} Rewind?"
        self.app.push_screen(RewindDialog(question, answers), answered)

    def lost_by_rewinding(self) -> str:
        """What becomes of what was measured from there on, as a sentence."""
        return "What was measured from there on is forgotten, and cannot be brought back."

    def action_branch(self) -> None:
        source = self.tile_data.variant
        step = int(self.view.cursor if self.view.cursor is not None else self.tile_data.latest())
        settings = self._settings()
        if not settings:
            self.status.say("There is nothing to branch off from yet.", wrong=True)
            return
        if step >= self.run_state.steps(source):
            back, again = self.key_of("cursor(-1)"), self.key_of("branch")
            told = f"Step {step:,} is the last one: move the cursor back ({back}), and {again} branches off there."
            self.status.say(told, wrong=True)
            return
        known = ", ".join(f"{name}={short(value)}" for name, value in settings.items())
        blanks = [
            FormField("name", self.controls.free_name(source)),
            FormField("changes", "", f"What is different from step {step:,} on. Now: {known}"),
        ]
        self._fill(
            FormDialog(
                f"Branch off {source} at step {step:,}",
                blanks,
                lambda written: self.controls.branch(source, written["name"], step, written["changes"]),
            )
        )

    def action_add_variant(self) -> None:
        source = self.tile_data.variant
        blanks = [
            FormField("name", self.controls.free_name(source)),
            FormField("overrides", "", f"What is different from {source}, such as optimizer.rate=0.5, model.1=tanh"),
        ]
        self._fill(
            FormDialog(
                "A new variant",
                blanks,
                lambda written: self.controls.add(source, written["name"], written["overrides"]),
            )
        )

    def _fill(self, form: FormDialog) -> None:
        def done(sentence: str | None) -> None:
            if sentence is not None:
                self.status.say(sentence)
                self.redraw()

        self.app.push_screen(form, done)

    def action_explain_step(self) -> None:
        self.status.say("Explaining the next step…")
        self._explain(self.tile_data.variant, self.tile_data.seed)

    @work(thread=True, exclusive=True)
    def _explain(self, variant: str, seed: int) -> None:
        from lab.tasks.training.explanation import explain, explainable

        session = self.session
        try:
            # What has no step to explain goes on undisturbed: `explain` only says so.
            if session.look(variant, seed, explainable).result(ANSWER_WITHIN) and not self.controls.paused:
                session.pause()
            sections = session.look(variant, seed, explain).result(ANSWER_WITHIN)
        except (BadInput, TimeoutError) as error:
            sentence = str(error) or "The variant has not answered; it may still be waiting for its kernels."
            tell(self, self.status.say, sentence, True)
            return
        tell(self, self._show_explanation, f"{variant}, seed {seed}", sections)

    def _show_explanation(self, whose: str, sections: Any) -> None:
        from lab.tui.run.explanation_text import explained

        def answered(more: bool | None) -> None:
            if more:
                self.action_step()
                self.set_timer(0.05, self.action_explain_step)

        style = services(self).style
        title = f"The next step of {whose}"
        on, step, explain = (self.key_of(each) for each in ("pause", "step", "explain_step"))
        if self.session.finished:
            self.status.say("Nothing is left to train; this would be the next step.")
        else:
            self.status.say(f"Paused: {on} goes on, {step} does one step, {explain} explains it.")
        self.app.push_screen(ReadingDialog(title, lambda width: explained(sections, width, style)), answered)

    def action_diagnose(self) -> None:
        """Pause, and find out why the variant that is looked at does not learn."""
        from lab.tui.run.diagnosis_screen import DiagnosisScreen

        assert self.loaded is not None
        variant = self.tile_data.variant
        if variant not in {each.name for each in self.loaded.variants}:
            self.status.say("Only variants of the file can be diagnosed, not those that were added.", wrong=True)
            return
        if not self.session.finished and not self.controls.paused:
            self.session.pause()
        self.app.push_screen(DiagnosisScreen(self.loaded, variant, self.session.steps))

    def action_kernels(self) -> None:
        from lab.tui.kernels.screen import KernelsScreen

        assert self.loaded is not None
        names = {each.name for each in self.loaded.variants}
        variant = self.tile_data.variant if self.tile_data.variant in names else None
        self.app.push_screen(KernelsScreen(self.loaded, variant))
