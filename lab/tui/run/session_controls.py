"""Steering a session, with a way back: every action returns the sentence that says what happened, or raises BadInput.

Nothing here trains or draws: the session does the one, the screen the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lab.errors import BadInput, nearest
from lab.scenario import parse_setting
from lab.scenario.names import explain_variant_name
from lab.session import Session
from lab.terminal.numbers import duration, short

PACES = (None, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""Seconds that all steps of a run take at least; None: as fast as it can."""
_STEP = "the step"
_NOTHING_LEFT = "Nothing is left to train: rewind (w), branch (b) or add a variant (a)."


class SessionControls:
    """The actions of the run screen on its session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.pace: float | None = None
        self.added: dict[str, dict[str, Any]] = {}
        self._undo: list[tuple[str, Callable[[], None]]] = []

    # Pace

    @property
    def paused(self) -> bool:
        """Whether everything stands still."""
        return self.session.state == "paused"

    def pause(self) -> str:
        """Pause, or go on."""
        if self.paused:
            # Afterwards, taking back a single step would throw away everything that followed it.
            self._undo = [each for each in self._undo if each[0] != _STEP]
            self.session.resume()
            return "Going on."
        if self.session.finished:
            raise BadInput(_NOTHING_LEFT)
        self.session.pause()
        return "Paused: space goes on, s does one step, e explains it."

    def step(self) -> str:
        """Pause, then one step of each variant."""
        session = self.session
        if not self.paused:
            session.pause()
        going = [each for each in session.replicas if not each.over and each.experiment is not None]
        if not going:
            raise BadInput(_NOTHING_LEFT)
        settings = {each.name: session.settings(each.name) for each in going}
        begun = session.single_step()

        def back() -> None:
            session.take_back(begun)
            for variant, values in settings.items():
                for name, value in values.items():
                    session.change(name, value, variant)

        self._undo.append((_STEP, back))
        return "One step of every variant that is not over; u takes it back."

    def keep_pace(self, seconds: float | None) -> None:
        """Let all steps take so many seconds, the early ones longer; None: go on as fast as it can."""
        self.pace = seconds
        self.session.pace(seconds, self.session.loaded.scenario.show.slow_until)

    def change_pace(self, faster: bool) -> str:
        """The next slower or faster pace."""
        known = [each or 0.0 for each in PACES]
        now = self.pace or 0.0
        others = [each for each in known if (each < now if faster else each > now)]
        chosen = (others[-1] if faster else others[0]) if others else now
        self.keep_pace(chosen or None)
        if not chosen:
            return "As fast as it can; < makes it slower."
        return f"All steps take {duration(chosen)} from now on: > is faster, < slower, z as fast as it can."

    def skip(self) -> str:
        """As fast as it can to the end of this run."""
        if self.pace is None:
            return "It goes as fast as it can already; < makes it slower."
        self.keep_pace(None)
        return "As fast as it can, until this run is over."

    # Settings

    def nudge(self, name: str, up: bool, variant: str | None) -> str:
        """Raise or lower a setting to the next round value; of one variant, or of all that have it."""
        owners = [variant] if variant is not None else [each.name for each in self.session.variants]
        wanted = {}
        for each in owners:
            settings = self.session.settings(each)
            if name in settings:
                wanted[each] = self.session.limits(each)[name].neighbour(settings[name], up)
        return self._change(name, wanted)

    def set(self, name: str, value: float, variant: str | None) -> str:
        """Give a setting a value; of one variant, or of all that have it."""
        owners = [variant] if variant is not None else [each.name for each in self.session.variants]
        return self._change(name, {each: value for each in owners if name in self.session.settings(each)})

    def _change(self, name: str, wanted: Mapping[str, float]) -> str:
        session = self.session
        before = {each: session.settings(each).get(name, 0.0) for each in wanted}
        if not wanted:
            raise BadInput(f"There is no {name} to change here yet.")
        for each, value in wanted.items():
            session.change(name, value, each)

        def back() -> None:
            for each, value in before.items():
                session.change(name, value, each)

        self._undo.append((f"the change of {name}", back))
        values = {short(value) for value in wanted.values()}
        told = values.pop() if len(values) == 1 else "new values"
        whose = next(iter(wanted)) if len(wanted) == 1 else f"{len(wanted)} variants"
        return f"{name} of {whose} is now {told}; u takes it back, t marks another setting."

    # Going back and branching off

    def rewind(self, variant: str | None, step: int) -> str:
        """Go back to a step, and stand still there. There is no way back from this: the screen asks first."""
        was_paused = self.paused
        self.session.pause()
        try:
            self.session.rewind(variant, step)
        except BadInput:
            if not was_paused:
                self.session.resume()
            raise
        self._undo.clear()
        where = "its first weights" if step == 0 else f"step {step:,}"
        return f"{variant or 'Every variant'} is back at {where} and stands still: space goes on, s does one step."

    def branch(self, source: str, name: str, step: int, changes: str) -> str:
        """A new variant that is `source` up to a step, and goes on with other settings: `optimizer.rate=0.5, …`."""
        self._check_name(name)
        settings = self.session.settings(source)
        wanted: dict[str, float] = {}
        for path, value in _assignments(changes).items():
            if path not in settings:
                raise BadInput(f"{path} cannot be changed while this runs: {nearest(path, settings)}.")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise BadInput(f"{path} must be a number, not {value!r}.")
            wanted[path] = float(value)
        self.session.branch(source, name, step, wanted)
        self._undo.append((f"the branch {name}", lambda: self.session.remove(name)))
        return f"{name} goes on from step {step:,} of {source}; u removes it."

    def add(self, source: str, name: str, overrides: str) -> str:
        """A new variant from the beginning: `source` with other values: `model.1=tanh, optimizer.rate=0.5`."""
        from lab.scenario import Variant
        from lab.tasks import task_of

        self._check_name(name)
        extra = _assignments(overrides)
        if not extra:
            raise BadInput("Write at least one difference, such as optimizer.rate=0.5 or model.1=tanh.")
        loaded = self.session.loaded
        if source not in {each.name for each in loaded.variants}:
            source = loaded.variants[0].name
        made = loaded.variant(source, extra, origin="override")
        variant = Variant(name, made.scenario, made.changes)
        from lab.errors import InvalidValue

        try:
            task_of(made.scenario).check(made.scenario, loaded.folder)
        except InvalidValue as error:
            raise BadInput(str(error)) from None
        self.session.add_variant(variant, source, extra)
        self.added[name] = {**loaded.scenario.variants.get(source, {}), **extra}
        self._undo.append((f"the variant {name}", lambda: self._remove(name)))
        return f"{name} is trained from its beginning; u removes it."

    def _remove(self, name: str) -> None:
        self.session.remove(name)
        self.added.pop(name, None)

    def free_name(self, source: str) -> str:
        """A name for a variant that comes from another one."""
        taken = {each.name for each in self.session.variants}
        return next(name for number in range(2, 10**6) if (name := f"{source}_{number}") not in taken)

    def _check_name(self, name: str) -> None:
        if problem := explain_variant_name(name):
            raise BadInput(f"{problem}.")
        if name in {each.name for each in self.session.variants}:
            raise BadInput(f"There already is a variant {name!r}.")

    def undo(self) -> str:
        """Take back what was done last. Raises BadInput if there is nothing."""
        if not self._undo:
            raise BadInput("There is nothing to take back.")
        what, back = self._undo.pop()
        back()
        return f"Took back {what}."


def _assignments(text: str) -> dict[str, Any]:
    """`a.b=1, c=[2, 3]` as a mapping; commas inside of brackets belong to a value. Raises BadInput."""
    found: dict[str, Any] = {}
    for part in _split(text):
        path, value = parse_setting(part)
        found[path] = value
    return found


def _split(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character in "[{(") - (character in "]})")
        if character in ",;\n" and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [each.strip() for each in [*parts, current] if each.strip()]
