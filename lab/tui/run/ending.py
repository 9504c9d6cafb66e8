"""What stands beside the verdict: what held, the question and its answer, and what a change has done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lab.events import Claimed
from lab.scenario.measured import Measured, Values, filled
from lab.terminal.numbers import count
from lab.tui.run.effect import effect, last_values

if TYPE_CHECKING:
    from lab.scenario.model import Question
    from lab.session.history import History


def held(claims: Sequence[Claimed], judged: bool, key_of: Callable[[str], str]) -> list[str]:
    """How many claims held, and which keys go on from here; nothing before the run is judged."""
    leave, down, hide = (key_of(each) for each in ("leave", "scroll_verdict(1)", "verdict"))
    read_on = f"The run stays open: {leave} leaves, {down} reads on, {hide} hides this."
    if claims:
        return [f"{sum(each.held for each in claims)} of {count(len(claims), 'claim')} held. {read_on}"]
    return [f"Done; there were no claims to judge. {read_on}"] if judged else []


def answered(question: Question, guess: str | None, measured: Mapping[str, Measured], numbers: Values) -> list[str]:
    """The question, whether the guess was right, the answer where it was not, and why.

    numbers: what the run has measured, for the numbers in the reason
    """
    told = [question.ask]
    if guess is not None:
        told.append(f"Your guess, “{guess}”, is {'right' if guess == question.answer else 'not right'}.")
    if guess != question.answer:
        told.append(f"Answer: {question.answer}")
    return [*told, filled(question.because, measured, numbers)]


def against(
    name: str, before: Mapping[Any, Mapping[str, Any]], history: History, metrics: Sequence[str], arrow: str
) -> list[str]:
    """What the run before and this one came to, beside each other.

    name:   of the run before;  before: its curves by variant and seed, and by metric, (steps, values)
    """
    was = last_values((who, metric, found[1]) for (who, _), own in before.items() for metric, found in own.items())
    now = last_values((who, metric, history.curve(who, seed, metric)[1]) for who, seed, metric in history)
    return [f"Against {name}, the run before the change:", *effect(was, now, metrics, arrow)]
