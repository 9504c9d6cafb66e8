"""The question of a lesson on the command line: asked before the run, the answer remembered as in the full screen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lab.tui.progress import Progress

if TYPE_CHECKING:
    from lab.scenario import Loaded


def progress() -> Progress:
    """What is remembered of lessons."""
    return Progress(warn=lambda sentence: print(sentence, file=sys.stderr))


def name_of(loaded: Loaded) -> str:
    """By what a lesson is remembered: a built-in one by its name, another by its path."""
    return loaded.slug if is_builtin(loaded) else str(loaded.path.absolute())


def is_builtin(loaded: Loaded) -> bool:
    """Whether it is one of the lab's own."""
    from lab.scenario.listing import slugs

    return slugs().get(loaded.slug) == loaded.path


def choice(choices: list[str]) -> str | None:
    """The choice that is typed, by its number; None where the question is skipped."""
    while True:
        try:
            typed = input(f"Your answer, 1 to {len(choices)} (Enter: none): ").strip()
        except EOFError:
            return None
        if not typed:
            return None
        if typed.isdigit() and 1 <= int(typed) <= len(choices):
            return choices[int(typed) - 1]


def judged(loaded: Loaded, guess: str | None) -> str:
    """How a guess compares with the answer, for the end of a run: "" where nothing was guessed."""
    question = loaded.scenario.question
    if question is None or guess is None:
        return ""
    if guess == question.answer:
        return f"Your guess was right: {guess}."
    return f"Your guess was {guess}; the answer is {question.answer}."
