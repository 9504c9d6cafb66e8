"""A diagnosis for a person: how far it is, and what was found."""

from __future__ import annotations

import json
import math
import textwrap
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from lab.cli.columns import aligned
from lab.cli.interrupts import interruptible
from lab.cli.progress_drawing import drawing

if TYPE_CHECKING:
    from rich.text import Text

    from lab.diagnosis import Diagnosis, Outcome, Progress, Round
    from lab.session import Session

TROUBLE = ("divergence", "gradients", "plateau", "overfitting")
"""What is noticed in a run (see `lab.noticing`) of a network that may not learn as it should."""
WRONG, UNUSUAL, TRIED = "What was wrong:", "What is unusual,", "One change at a time"
FOR_NEW = "Tried for new examples"
HELPS = "helps"
SHOWN = 6
"""Changes that did not help that are listed, the best of them."""


def carried_out(diagnose: Callable[[Callable[[Progress], bool]], Diagnosis], *, shown: bool) -> tuple[Diagnosis, bool]:
    """The diagnosis, and whether it was interrupted. shown: draw on stderr how far it is."""
    interrupted = False
    now: list[Progress] = []
    begun = time.monotonic()

    def stop() -> None:
        nonlocal interrupted
        interrupted = True

    news, close = drawing(lambda width, style: _bar(now, begun, width, style), shown)

    def tell(progress: Progress) -> bool:
        now[:] = [progress]
        news()
        return not interrupted

    try:
        with interruptible(stop, close, "nothing of it is kept"):
            found = diagnose(tell)
    finally:
        close()
    return found, interrupted and not found.complete


def _bar(now: Sequence[Progress], begun: float, width: int, style: Any) -> list[Text]:
    from lab.terminal.progress import progress
    from lab.terminal.style import DIM
    from lab.terminal.text_lines import clip, line

    if not now:
        return []
    (each,) = now
    spent = time.monotonic() - begun
    bar = progress(each.done, each.total, "trainings", width, style, spent=spent, left=each.left)
    return [bar, line(clip(style.words(each.doing), width, style), DIM)]


def troubled(session: Session, noticed: Collection[tuple[str, str]]) -> str | None:
    """The first variant of a scenario of one's own that may not learn as it should; None where nothing suggests that.

    noticed: (variant, what was noticed) of this run. Lessons are left alone: failing is what many of them are about.
    """
    from lab.diagnosis.case import TASKS
    from lab.scenario.command_line import source_of

    loaded = session.loaded
    if source_of(loaded.slug, loaded.path) == loaded.slug:
        return None
    names = {variant for variant, detector in noticed if detector in TROUBLE}
    names |= {each.name for each in session.replicas if each.state == "diverged"}
    known = {each.name for each in loaded.variants}
    return next((v.name for v in session.variants if v.name in names & known and v.scenario.task in TASKS), None)


def suggested(session: Session, noticed: Collection[tuple[str, str]]) -> str:
    """The line that would find out why a variant does not learn; "" where nothing suggests that one does not."""
    from lab.scenario.command_line import source_of

    name = troubled(session, noticed)
    if name is None:
        return ""
    loaded = session.loaded
    variant = f" --variant {name}" if len(loaded.variants) > 1 else ""
    line = f"lab diagnose {source_of(loaded.slug, loaded.path)}{variant}"
    return f"Should it learn better? `{line}` tries what would mend it."


def lines(found: Diagnosis, width: int) -> list[str]:
    """The diagnosis in words and tables."""
    from lab.diagnosis.diagnosis import FEW

    case, seeds, train = found.case, len(found.seeds), found.case.scenario.train
    held = ", new ones are held back" if case.holds_back else ", none are held back"
    whose = f", variant {case.name}" if found.named else ""
    told = [
        f"{case.loaded.slug}{whose}: {train.steps:,} steps on {seeds} seed{'s' * (seeds != 1)}{held}",
        "",
    ]
    if not math.isnan(found.before.typical):
        told += [*_wrapped(f"As it is, {_left_in_words(found.before)}.", width), ""]
    told += _verdict(found, width)
    if found.symptoms:
        told += ["", f"{UNUSUAL} on the first seed"]
        for each in found.symptoms:
            told += textwrap.wrap(each, width - 4, initial_indent="  - ", subsequent_indent="    ")
    if found.by_heart is not None:
        heart = f"{_percent(found.by_heart)} is left"
        said = "not even these are learned by heart" if found.by_heart > 0.2 else "these it learns by heart"
        told += ["", *_wrapped(f"Trained on {FEW} examples alone, {heart}: {said}.", width)]
    for number, made in enumerate(found.rounds):
        two = any(each.treatment is not None and not each.treatment.kind for each in made.tried)
        title = f"{TRIED}{', and two' * two}" if number == 0 else f"On top of that, once more ({number + 1})"
        told += ["", f"{title}; left of guessing's loss, median of the seeds", *_table(made)]
    if found.generalising is not None:
        told += ["", FOR_NEW, *_table(found.generalising)]
    return told


def _percent(share: float) -> str:
    if not math.isfinite(share):
        return "diverged"
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"


def _left_in_words(outcome: Outcome) -> str:
    if not math.isfinite(outcome.typical):
        return "it diverges: numbers are no longer finite"
    new = f", and {_percent(outcome.typical_new)} on new ones" if outcome.new else ""
    return (
        f"{_percent(outcome.typical)} of guessing's loss is left on the examples it is trained on{new} "
        "(100 %: as bad as guessing; 0 %: all known)"
    )


def _table(made: Round) -> list[str]:
    helped = list(made.helped)
    others = [each for each in made.tried if each not in helped]
    rows = [["", "trained on", "new", "change"]]
    for each in [*helped, *others[:SHOWN]]:
        assert each.treatment is not None
        mark = HELPS if each in helped else ""
        new = _percent(each.typical_new) if each.new else ""
        rows.append([mark, _percent(each.typical), new, each.treatment.says])
    told = [f"  {each}" for each in aligned(rows, right=(1, 2))]
    more = len(others) - SHOWN
    return [*told, f"  {more} more, none of which helps"] if more > 0 else told


def _verdict(found: Diagnosis, width: int) -> list[str]:
    from lab.diagnosis.diagnosis import LEARNED
    from lab.scenario.writing import flow

    if not found.complete:
        return _wrapped("Interrupted: what was tried until then says no more than the above.", width)
    told: list[str] = []
    if found.found:
        told += _wrapped(f"{WRONG} {'; and '.join(found.faults)}.", width)
        after = f"{_percent(found.last.typical)} is left on examples that it is trained on"
        new = f", {_percent(found.last.typical_new)} on new ones" if found.last.new else ""
        told += _wrapped(f"Mended, {after}{new}.", width)
        told += ["", "In the file, or with --set:"]
        told += [f"  {path}: {flow(value)}" for path, value in found.changes.items()]
        told += ["", again(found)]
    elif found.before.typical <= LEARNED:
        told += _wrapped("Nothing is wrong with how it learns: it knows nearly all that it is trained on.", width)
    else:
        told += _wrapped(
            "Nothing that was tried makes it clearly better on every seed. What is left may be in the data: inputs "
            "that say too little about the answer, or answers that are partly wrong.",
            width,
        )
    if (made := found.generalising) is not None:
        last = found.last
        told += ["", *_wrapped(
            f"It knows its own examples better ({_percent(last.typical)} left) than new ones "
            f"({_percent(last.typical_new)}): it overfits. " + _for_new(made, last),
            width,
        )]  # fmt: skip
    lessons = list(dict.fromkeys(name for each in found.found for name in each.lessons))
    lessons += ["train-val-gap"] if found.generalising is not None else []
    if lessons:
        told += ["", *_wrapped(f"Lessons that show it: {', '.join(lessons)}.", width)]
    return told


def _for_new(made: Round, last: Outcome) -> str:
    import numpy as np

    from lab.diagnosis.diagnosis import LESS

    best = float(np.median(last.best))
    early = (
        f" Stopped at the right moment (under train, stop: {{when: val_loss}}), {_percent(best)} would be left."
        if best < LESS * last.typical_new
        else ""
    )
    if made.chosen is not None and made.chosen.treatment is not None:
        return f"Of what was tried, this helps most: {made.chosen.treatment.says}.{early} More examples help as well."
    return f"Neither penalties nor dropout help clearly on every seed; more examples would.{early}"


def again(found: Diagnosis) -> str:
    """The `lab run` line that trains what was found."""
    from lab.scenario.command_line import command_line, source_of

    loaded = found.loaded
    own = f"variants.{found.case.name}." if found.named else ""
    values = {f"{own}{path}": value for path, value in found.changes.items()}
    source = source_of(loaded.slug, loaded.path)
    variants = [found.case.name] if own else []
    return command_line(
        source, {**found.loaded.overrides, **values}, loaded.scenario.train.own_seeds, found.seeds, None, variants
    )


def as_json(found: Diagnosis) -> str:
    """All of it as one JSON object."""

    def number(value: float) -> float | None:
        return round(value, 6) if math.isfinite(value) else None

    def of(each: Outcome | None) -> dict[str, Any] | None:
        if each is None:
            return None
        treatment = each.treatment
        what = {} if treatment is None else {"change": treatment.set, "says": treatment.says, "fault": treatment.fault}
        return {**what, "left": [number(v) for v in each.left], "new": [number(v) for v in each.new]}

    def round_of(made: Round) -> dict[str, Any]:
        return {"tried": [{**(of(each) or {}), "helps": each in made.helped} for each in made.tried]}

    content = {
        "scenario": found.case.loaded.slug,
        "variant": found.case.name,
        "seeds": found.seeds,
        "before": of(found.before),
        "by_heart": None if found.by_heart is None else number(found.by_heart),
        "unusual": found.symptoms,
        "rounds": [round_of(each) for each in found.rounds],
        "faults": found.faults,
        "changes": found.changes,
        "after": of(found.last),
        "new_examples": None if found.generalising is None else round_of(found.generalising),
        "complete": found.complete,
    }
    return json.dumps(content, ensure_ascii=False)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width)
