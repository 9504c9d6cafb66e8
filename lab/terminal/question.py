"""The scenario's question, to be answered in the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked before the run, what is right and why."""

    ask: str
    answer: str
    because: str

    def lines(self) -> list[str]:
        """The question, its answer and the reason, one line each (without the empty ones)."""
        return [line for line in (self.ask, f"Answer: {self.answer}" if self.answer else "", self.because) if line]


def question_of(loaded: Any) -> Question | None:
    """The question of a loaded scenario (anything with `.scenario.question`), None if it asks nothing.

    Numbers that the reason quotes stand there as the ranges in which they lie.
    """
    from lab.scenario.measured import filled

    scenario = getattr(loaded, "scenario", None)
    asked = getattr(scenario, "question", None)
    if asked is None:
        return None
    ask, answer, because = (
        " ".join(str(getattr(asked, name, "") or "").split()) for name in ("ask", "answer", "because")
    )
    return Question(ask, answer, filled(because, getattr(scenario, "measured", {})))
