"""The scenario's question, to be answered in the verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.scenario.measured import Values


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked before the run, what is right and why.

    because: called when the answer is given, since the reason may quote what the run has measured until then
    """

    ask: str
    answer: str
    because: Callable[[], str]

    def lines(self) -> list[str]:
        """The question, its answer and the reason, one line each (without the empty ones)."""
        answer = f"Answer: {self.answer}" if self.answer else ""
        return [line for line in (self.ask, answer, self.because()) if line]


def question_of(loaded: Any, found: Callable[[], Values] | None = None) -> Question | None:
    """The question of a loaded scenario (anything with `.scenario.question`), None if it asks nothing.

    found: what the run has measured by then; a number that it has not stands in the reason as the range in which it
    lies
    Of a run whose settings were changed only where the answer stands: it is about the lesson's own.
    """
    from lab.scenario.measured import filled

    scenario = getattr(loaded, "scenario", None)
    asked = getattr(scenario, "question", None)
    if asked is None:
        return None
    if answers_other_settings(loaded):
        told = "The lesson asks about its own settings, and these are others: `lab show` tells question and answer."
        return Question("", "", lambda: told)
    ask, answer, because = (
        " ".join(str(getattr(asked, name, "") or "").split()) for name in ("ask", "answer", "because")
    )
    measured = getattr(scenario, "measured", {})
    return Question(ask, answer, lambda: filled(because, measured, found() if found and measured else None))


def answers_other_settings(loaded: Any) -> bool:
    """Whether settings were changed from outside, so that the answer to the scenario's question may be wrong here."""
    from lab.scenario.own_settings import set_from_outside

    return bool(getattr(loaded, "overrides", None)) and bool(set_from_outside(loaded))
