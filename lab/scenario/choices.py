"""The choices of a question, as they are written: YAML must not have cut one of them into two."""

from __future__ import annotations

from itertools import pairwise

from lab.errors import InvalidValue, Path
from lab.scenario.document import Document

CHOICES: Path = ("question", "choices")


def refuse_split(document: Document) -> None:
    """Raises InvalidValue where two choices may be one that had a comma.

    In a list in brackets a comma ends a text that has no quotes: `[It falls, at once, It rises]` has three choices.
    Nobody can tell from the texts, so two neighbours without quotes are refused. A list of two is as it was meant: one
    choice alone is no question.
    """
    choices = document.at(CHOICES)
    if CHOICES not in document.inline or not isinstance(choices, list) or len(choices) <= 2:
        return
    for number, second in pairwise(range(len(choices))):
        numbers = all(isinstance(choices[each], int | float) for each in (number, second))
        if not (numbers or _quoted(document, number) or _quoted(document, second)):
            problem = (
                f"{choices[second]!r} may be the rest of {choices[number]!r}: in brackets YAML ends a text without "
                f"quotes at every comma. Write each choice on a line of its own, or in quotes."
            )
            raise InvalidValue((*CHOICES, second), problem)


def _quoted(document: Document, number: int) -> bool:
    span = document.spans.get((*CHOICES, number))
    return span is not None and document.text[span[0] : span[0] + 1] in ("'", '"')
