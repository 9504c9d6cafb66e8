"""The built-in scenarios: where they are, and a listing that is quick because it reads only the head of each file.

No pydantic here: `lab list` and the completion of names must not wait for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.errors import BadInput, nearest
from lab.scenario.document import safe_loader
from lab.scenario.source import read_text

CHAPTERS = (
    "autodiff",
    "losses",
    "activations",
    "initialisation",
    "preprocessing",
    "optimisation",
    "hyperparameters",
    "regularisation",
    "ensembles",
    "cnn",
    "rnn",
    "attention",
    "detection",
    "visualising",
    "generative",
    "reinforcement",
)
ENDINGS = (".yaml", ".yml")
ORDER = "order.txt"
"""Beside the chapters: their lessons in the order in which one would learn, one slug a line."""
RECIPES = "recipes"
"""The folder beside the chapters with trainings that take minutes and data that must be fetched: no lessons."""


@dataclass(frozen=True)
class Entry:
    """One built-in scenario in the listing."""

    slug: str
    chapter: str
    title: str
    idea: str
    path: Path


def builtin_folder() -> Path:
    """The folder of the built-in scenarios: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def slugs() -> dict[str, Path]:
    """The file of every built-in scenario by slug, chapter by chapter in the order of the curriculum."""
    folder = builtin_folder()
    place = {slug: number for number, slug in enumerate(_order(folder))}
    found: dict[str, Path] = {}
    for chapter in chapters():
        with os.scandir(folder / chapter) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(ENDINGS))
        names.sort(key=lambda name: place.get(Path(name).stem, len(place)))
        found.update((Path(name).stem, folder / chapter / name) for name in names)
    return found


def _order(folder: Path) -> list[str]:
    """The slugs of the curriculum, in order; none where nobody has said."""
    try:
        return (folder / ORDER).read_text(encoding="utf-8").split()
    except OSError:
        return []


def chapters() -> list[str]:
    """The chapters that have a folder, in the order of the curriculum, unknown ones last."""
    folder = builtin_folder()
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        folders = (entry.name for entry in entries if entry.is_dir() and not entry.name.startswith((".", "_")))
        present = sorted(name for name in folders if name != RECIPES)
    order = {chapter: number for number, chapter in enumerate(CHAPTERS)}
    return sorted(present, key=lambda chapter: order.get(chapter, len(order)))


def recipes() -> list[Entry]:
    """The recipes, whose names are `recipes/…`."""
    folder = builtin_folder() / RECIPES
    paths = sorted(path for path in folder.glob("*") if path.suffix in ENDINGS)
    return [_entry(f"{RECIPES}/{path.stem}", path) for path in paths]


def library(chapter: str | None = None) -> list[Entry]:
    """All built-in lessons, or those of one chapter, or the recipes. Raises BadInput for an unknown chapter."""
    if chapter == RECIPES:
        return recipes()
    if chapter is not None and chapter not in chapters():
        raise BadInput(f"There is no chapter {chapter!r}: {nearest(chapter, chapters())}.")
    return [_entry(slug, path) for slug, path in slugs().items() if chapter in (None, path.parent.name)]


def find(slug: str) -> Path:
    """The file of a built-in scenario. Raises BadInput with the nearest slug if there is none of that name."""
    known = slugs()
    if slug not in known:
        raise BadInput(f"There is no scenario {slug!r}: {_hint(slug, known)}.")
    return known[slug]


def locate(source: str | Path) -> Path:
    """The file that is meant by a slug or a path. A built-in slug comes before a file of the same name."""
    if isinstance(source, Path):
        return source
    if not source.strip():
        raise BadInput("The name of a scenario is empty.")
    if source.startswith(f"{RECIPES}/") and not os.path.lexists(source):
        found = {entry.slug: entry.path for entry in recipes()}
        if source not in found:
            raise BadInput(f"There is no recipe {source!r}; {nearest(source, found)}.")
        return found[source]
    looks_like_path = os.sep in source or source.endswith(ENDINGS)
    if not looks_like_path and (known := slugs().get(source)) is not None:
        return known
    if looks_like_path or os.path.lexists(source):
        return Path(source)
    raise BadInput(f"There is no scenario {source!r}: {_hint(source, slugs())}.")


def _hint(slug: str, known: dict[str, Path]) -> str:
    """The nearest slug; all of them would fill the screen."""
    close = nearest(slug, known)
    return (
        f"{close.split('?')[0]}? `lab list` shows all" if close.startswith("did you mean") else "`lab list` shows all"
    )


def _entry(slug: str, path: Path) -> Entry:
    head = read_head(read_text(path), ("title", "chapter", "idea"))
    return Entry(slug, path.parent.name, head.get("title", slug), " ".join(head.get("idea", "").split()), path)


def read_head(text: str, wanted: tuple[str, ...]) -> dict[str, str]:
    """The wanted top-level texts of a scenario, read no further than needed. A broken file gives what it can."""
    found: dict[str, str] = {}
    try:
        for key, value in _top_level_texts(text):
            if key in wanted:
                found[key] = value
                if len(found) == len(wanted):
                    break
    except yaml.YAMLError:
        pass  # `lab check` and `lab run` say what is wrong; one bad file must not spoil the listing of the others
    return found


def _top_level_texts(text: str) -> Iterator[tuple[str, str]]:
    """Key and value of each entry at the top of a mapping whose value is a scalar."""
    loader = safe_loader(text)
    depth, key = 0, None
    while loader.check_event():
        event = loader.get_event()
        if isinstance(event, yaml.CollectionStartEvent):
            depth, key = depth + 1, None
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and depth == 1:
            if key is None:
                key = event.value
            else:
                yield key, event.value
                key = None
