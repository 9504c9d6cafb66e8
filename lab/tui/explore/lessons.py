"""The lessons there are: the built-in ones chapter by chapter, and those in a folder of the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lab.errors import BadInput
from lab.home import with_home
from lab.scenario import listing
from lab.scenario.source import read_text

MOST_FILES = 500
"""Of a user's folder, so that a folder that holds everything does not hang the lab."""
MOST_FOLDERS = 200

FileStamp = tuple[int, int]
"""When a file was changed, in nanoseconds, and its size."""


@dataclass(frozen=True, slots=True)
class Target:
    """What `lab tui` was asked to open.

    folder: a folder of the user's own; file: one file of his own; slug: a built-in lesson to begin with
    """

    folder: Path | None = None
    file: Path | None = None
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One lesson in the list.

    lesson: its text, once it was read; error: why it cannot be run, "" if nothing is known against it
    """

    slug: str
    chapter: str
    title: str
    idea: str
    path: Path
    builtin: bool
    lesson: str = ""
    error: str = ""
    stamp: FileStamp = (0, 0)

    @property
    def name(self) -> str:
        """By what it is remembered: the slug, and for the user's own files the path."""
        return self.slug if self.builtin else str(self.path.absolute())

    def matches(self, words: list[str]) -> bool:
        """Whether every word (in lower case) is in its name, title, idea or lesson."""
        text = f"{self.slug} {self.chapter} {self.title} {self.idea} {self.lesson}".casefold()
        return all(word in text for word in words)

    def rank(self, words: list[str]) -> int:
        """How near what is searched for stands to its name; the nearest has the smallest: its name is that, the words
        are in its name or title, in its idea, or only in its text."""
        name = f"{self.slug} {self.title}".casefold()
        if self.slug == "-".join(words) or self.title.casefold() == " ".join(words):
            return 0
        if all(word in name for word in words):
            return 1
        return 2 if all(word in f"{name} {self.idea}".casefold() for word in words) else 3


def find_target(asked: str | None, folder: str = "") -> Target:
    """What is meant by the argument of `lab tui`: a slug, a file or a folder. Raises BadInput if it is not there.

    folder: the user's own from the settings, shown as well where no other one is asked for
    """
    own = with_home(folder) if folder else None
    if asked is None:
        return Target(folder=own)
    if asked not in listing.slugs() and Path(asked).is_dir():
        return Target(folder=Path(asked))
    path = listing.locate(asked)
    if listing.slugs().get(path.stem) == path:
        return Target(folder=own, slug=path.stem)
    if not path.exists():
        raise BadInput(f"{path}: there is no such file or folder.")
    return Target(folder=own, file=path)


def builtin() -> list[Item]:
    """The built-in lessons, without their texts."""
    return [Item(each.slug, each.chapter, each.title, each.idea, each.path, True) for each in listing.library()]


def with_lesson(item: Item) -> Item:
    """The same with its text, for searching and for a first look; one that cannot be read stays as it is."""
    try:
        head = listing.read_head(read_text(item.path), ("lesson",))
    except BadInput as error:
        return replace(item, error=str(error))
    return replace(item, lesson=head.get("lesson", ""))


class UserLessons:
    """The user's own files: one, or all scenarios in a folder and the folders in it. Looks at the disk when asked.

    more: further files of his own, wherever they are
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.more: tuple[Path, ...] = ()
        self._items: dict[Path, Item] = {}
        self._problem: str | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing of his own to look at."""
        return self.target.folder is None and self.target.file is None and not self.more

    def scan(self) -> tuple[list[Item], str | None] | None:
        """The items now, and why not all of them are there; None if nothing has changed since it was called last."""
        found, problem = _files(self.target)
        known_paths = {path.absolute() for path, _ in found}
        found += _stamped([path for path in self.more if path.absolute() not in known_paths])
        items = {}
        for path, stamp in found:
            known = self._items.get(path)
            items[path] = known if known is not None and known.stamp == stamp else self._read(path, stamp)
        if items == self._items and problem == self._problem:
            return None
        self._items, self._problem = items, problem
        return list(items.values()), problem

    def _read(self, path: Path, stamp: FileStamp) -> Item:
        folder = self.target.folder
        chapter = _chapter(path, folder)
        bare = Item(path.stem, chapter, path.stem, "", path, False, stamp=stamp)
        try:
            head = listing.read_head(read_text(path), ("title", "idea", "lesson"))
        except BadInput as error:
            return replace(bare, error=str(error))
        idea = " ".join(head.get("idea", "").split())
        return replace(
            bare, title=head.get("title") or path.stem, idea=idea, lesson=head.get("lesson", ""), error=fault(path)
        )


def fault(path: Path) -> str:
    """Why a scenario cannot be run, with file, line and column; "" if it can."""
    from lab.scenario import load
    from lab.tasks import check

    try:
        check(load(path))
    except BadInput as error:
        return str(error)
    return ""


def _chapter(path: Path, folder: Path | None) -> str:
    if folder is None or folder not in path.parents:
        return path.absolute().parent.name
    inside = path.parent.relative_to(folder)
    return "/".join([folder.absolute().name, *inside.parts])


def _files(target: Target) -> tuple[list[tuple[Path, FileStamp]], str | None]:
    """The scenario files with their stamps, by folder and name, and a sentence if some are left out."""
    found: list[tuple[Path, FileStamp]] = []
    if target.file is not None:
        found += _stamped([target.file])
    if target.folder is None:
        return found, None
    if not target.folder.is_dir():
        return found, f"{target.folder} is not a folder."
    for path in _walk(target.folder):
        if len(found) >= MOST_FILES:
            return found, f"Only the first {MOST_FILES} scenarios of {target.folder} are shown."
        found += _stamped([path])
    return found, None


def _walk(folder: Path) -> Iterator[Path]:
    waiting, seen = [folder], 0
    while waiting and seen < MOST_FOLDERS:
        here, seen = waiting.pop(0), seen + 1
        try:
            with os.scandir(here) as entries:
                listed = sorted((each for each in entries if not each.name.startswith(".")), key=lambda each: each.name)
        except OSError:
            continue  # a folder that went away, or may not be read, has nothing to show
        yield from (Path(each.path) for each in listed if each.name.endswith(listing.ENDINGS) and not each.is_dir())
        waiting += [Path(each.path) for each in listed if each.is_dir(follow_symlinks=False)]


def _stamped(paths: list[Path]) -> list[tuple[Path, FileStamp]]:
    found = []
    for path in paths:
        try:
            status = path.stat()
            found.append((path, (status.st_mtime_ns, status.st_size)))
        except OSError:
            found.append((path, (0, -1)))
    return found
