"""How far somebody has come: which lessons were run to their end, what was guessed and whether it was right.

One small JSON file beside the run store. It is written whole, through a file beside it; several labs may be open at
once, so each change is made to what is on disk then. A file that cannot be read is put aside, never overwritten.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lab.store.files import write_atomically

FILE_NAME = "progress.json"
_VERSION = 1
MOST_FILES = 50
"""Of the user's own files that are remembered."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is remembered of one lesson.

    done:  it was run to its end
    held:  whether every claim held then; None if it makes none, or was not run
    guess: the answer that was given to its question, None if none was; `right`: whether it was the right one, known
           once the lesson is done
    skipped: the question was skipped
    """

    done: bool = False
    held: bool | None = None
    guess: str | None = None
    right: bool | None = None
    skipped: bool = False

    @property
    def asked(self) -> bool:
        """Whether its question was answered or skipped, or the lesson is done: what it says may be told."""
        return self.done or self.skipped or self.guess is not None


class Progress:
    """The file, read when it is first needed.

    warn: called with a sentence when the file cannot be read or written, once each
    """

    def __init__(self, path: Path | None = None, warn: Callable[[str], None] = lambda sentence: None) -> None:
        self._path = path
        self._warn = warn
        self._told: set[str] = set()
        self._lessons: dict[str, Lesson] | None = None
        self._theme: str | None = None
        self._pace: float | None = None
        self._toured = False
        self._files: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        if self._path is None:
            from lab.home import home_folder

            self._path = home_folder() / FILE_NAME
        return self._path

    @property
    def lessons(self) -> dict[str, Lesson]:
        """What is remembered, by slug."""
        if self._lessons is None:
            self._read()
        assert self._lessons is not None
        return self._lessons

    @property
    def theme(self) -> str | None:
        """The theme that was chosen last by key, None if none was."""
        if self._lessons is None:
            self._read()
        return self._theme

    @property
    def pace(self) -> float | None:
        """The seconds in which a lesson is to go by that were chosen last by key: 0 for as fast as it can, None if none
        were."""
        if self._lessons is None:
            self._read()
        return self._pace

    @property
    def toured(self) -> bool:
        """Whether the tour was seen or skipped, or a lesson was run before there was one."""
        return bool(self.lessons) or self._toured

    @property
    def files(self) -> tuple[Path, ...]:
        """The user's own scenario files that are still there, the newest first."""
        if self._lessons is None:
            self._read()
        return tuple(path for path in map(Path, self._files) if path.is_file())

    def lesson(self, slug: str) -> Lesson:
        """What is remembered of a lesson; nothing of one never seen."""
        return self.lessons.get(slug, Lesson())

    @property
    def done(self) -> int:
        """How many lessons were run to their end."""
        return sum(each.done for each in self.lessons.values())

    @property
    def guesses(self) -> tuple[int, int]:
        """(right, all) guesses whose lesson is done."""
        judged = [each.right for each in self.lessons.values() if each.right is not None]
        return sum(judged), len(judged)

    def answered(self, slug: str, guess: str | None) -> None:
        """The question of a lesson was answered, or skipped (None)."""
        self._change(slug, lambda each: replace(each, guess=guess, right=None, skipped=guess is None))

    def finished(self, slug: str, held: bool | None, answer: str | None) -> None:
        """A lesson was run to its end. answer: the right answer to its question, if it has one."""

        def judged(each: Lesson) -> Lesson:
            right = None if each.guess is None or answer is None else each.guess == answer
            return replace(each, done=True, held=held, right=right)

        self._change(slug, judged)

    def choose_theme(self, theme: str) -> None:
        """Remember a theme."""
        self._read()
        self._theme = theme
        self._write()

    def choose_pace(self, seconds: float) -> None:
        """Remember a pace; 0: as fast as it can."""
        self._read()
        self._pace = seconds
        self._write()

    def end_tour(self) -> None:
        """The tour was seen, or skipped."""
        self._read()
        self._toured = True
        self._write()

    def remember_file(self, path: Path) -> None:
        """A scenario of the user's own was saved or opened."""
        self._read()
        name = str(path.absolute())
        self._files = (name, *(each for each in self._files if each != name))[:MOST_FILES]
        self._write()

    def _change(self, slug: str, change: Callable[[Lesson], Lesson]) -> None:
        self._read()
        self.lessons[slug] = change(self.lesson(slug))
        self._write()

    def _read(self) -> None:
        before, self._lessons = self._lessons, {}
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            self._theme = content.get("theme") if isinstance(content.get("theme"), str) else None
            pace = content.get("pace")
            self._pace = float(pace) if isinstance(pace, int | float) and pace >= 0 else None
            self._toured = content.get("toured") is True
            self._files = tuple(each for each in content.get("files", ()) if isinstance(each, str))
            self._lessons = {str(slug): _lesson(each) for slug, each in content["lessons"].items()}
        except FileNotFoundError:
            self._lessons = before or {}
        except OSError as error:
            self._lessons = before or {}
            self._tell(f"What was learned before cannot be read: {self.path}: {error.strerror or error}.")
        except (ValueError, KeyError, TypeError, AttributeError):
            aside = self.path.with_suffix(".broken")
            with contextlib.suppress(OSError):
                os.replace(self.path, aside)
            self._lessons = before or {}
            self._tell(f"The list of lessons done could not be read; it is begun anew, the old file is {aside}.")

    def _write(self) -> None:
        content = {
            "version": _VERSION,
            "theme": self._theme,
            "pace": self._pace,
            "toured": self._toured,
            "files": list(self._files),
            "lessons": {slug: asdict(each) for slug, each in self.lessons.items()},
        }
        try:
            write_atomically(self.path, json.dumps(content, indent=1, ensure_ascii=False).encode())
        except OSError as error:
            self._tell(f"What you learn is not remembered: {self.path}: {error.strerror or error}.")

    def _tell(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._warn(sentence)


def _lesson(content: dict[str, Any]) -> Lesson:
    """One lesson as it stands in the file. Raises KeyError, TypeError or ValueError if it is none."""
    lesson = Lesson(**content)
    if not isinstance(lesson.done, bool) or not isinstance(lesson.skipped, bool):
        raise ValueError("done and skipped are true or false")
    for each in (lesson.held, lesson.right):
        if each is not None and not isinstance(each, bool):
            raise ValueError("held and right are true, false or null")
    if lesson.guess is not None and not isinstance(lesson.guess, str):
        raise ValueError("a guess is a text")
    return lesson
