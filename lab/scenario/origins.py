"""Where a value came from: the file, a variant's difference, or an override from outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from lab.errors import BadInput, InvalidValue, Path
from lab.scenario.document import Document, Place
from lab.scenario.grammar import InvalidExpression
from lab.scenario.mending import Mends


class Change(NamedTuple):
    """One override that was applied. source: its own place in the file, or, from outside, how to call it."""

    path: Path
    source: Path | str


class Misplaced(BadInput):
    """An error whose place in the file is known: its path in the document, and what was found there."""

    def __init__(self, message: str, path: Path, place: Place, error: InvalidValue) -> None:
        self.path, self.place, self.error = path, place, error
        super().__init__(message)


@dataclass(frozen=True)
class Origins:
    """A file, what was changed in it from outside, and what was mended in it."""

    document: Document
    changes: tuple[Change, ...] = ()
    mends: Mends = field(default_factory=Mends)

    def locate(self, error: InvalidValue, differences: tuple[Change, ...] = (), note: str = "") -> BadInput:
        """The error with file, line and column, or with the name of the override that brought the value in.

        differences: what the variant changed in which the error was found; they lie above the changes from outside
        note:        put behind the path of a value that the variant has not changed
        """
        path = _source(error.path, differences)
        if path is None:
            path = error.path
        else:
            note = ""
        if not isinstance(path, str) and (source := _source(path, self.changes)) is not None:
            path, note = source, ""
        if isinstance(path, str):
            return BadInput(f"{path}: {error.message}")
        path = self.document.written(self.mends.original(path, self.document))
        if isinstance(error, InvalidExpression):
            place = self.document.place_inside(path, error.offset)
        else:
            place = self.document.place(path, at_key=error.at_key)
        dotted = ".".join(map(str, path))
        named = f"{dotted}{note}: " if dotted else ""
        message = f"{self.document.name}:{place.line}:{place.column}: {named}{error.message}"
        return Misplaced(message, path, place, error)


def _source(path: Path, changes: tuple[Change, ...]) -> Path | str | None:
    """Where the value at `path` came from, if one of the changes brought it in; the last one counts."""
    for changed, source in reversed(changes):
        if path[: len(changed)] == changed:
            return source if isinstance(source, str) else (*source, *path[len(changed) :])
    return None
