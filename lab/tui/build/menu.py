"""Making something of one's own: the list of what there is to begin with, and the way to each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import BadInput
from lab.tui.build.draft import Draft
from lab.tui.build.pick import PickScreen
from lab.tui.build.saving import slug
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.scenario import Loaded
    from lab.tui.explore.lessons import Item
    from lab.tui.explore.screen import ExploreScreen

TABLES = (".csv", ".tsv", ".txt", ".data", ".dat", ".json", ".jsonl", ".ndjson", ".arff")
DATA = (
    *TABLES,
    *(ending + packed for ending in TABLES for packed in (".gz", ".bz2", ".xz", ".zip")),
    *(".parquet", ".arrow", ".feather", ".xlsx", ".xls", ".ods", ".npz"),
)
"""The endings of files that may hold data, of all that `lab data show` reads."""
SCENARIOS = (".yaml", ".yml")

NETWORK = "A network of my own"
OWN_DATA = "My own data"
FILE = "A scenario file"
LESSON = "A copy of this lesson"
OTHERS = "This lesson, with…"
SWEEP = "A search for settings"
TOUR = "The tour"
_OF_THE_LESSON = ("chapter", "idea", "lesson", "takes", "question", "claims", "measured", "try_next")
"""What is said about a scenario belongs to the original, and is not taken over into one of one's own."""


def choices(item: Item | None) -> list[tuple[str, str]]:
    """What can be made, with a sentence each. item: the lesson under the cursor"""
    made = [
        (
            OWN_DATA,
            "Open a table (CSV, Excel, Parquet, JSON) or arrays (NPZ) and train a network to predict a column.",
        ),
        (NETWORK, "Put layers together on a data set of the lab, with shapes and errors as you go."),
        (FILE, "Open a scenario file, see what is wrong with it and where, change it, run it."),
    ]
    if item is not None:
        made += [
            (LESSON, f"Take “{item.title}” apart in the builder; the lesson itself stays as it is."),
            (OTHERS, f"Run “{item.title}” with more seeds, other steps, other settings or kept weights."),
            (SWEEP, f"Search good values for one or two settings of “{item.title}”, with a table of the best."),
        ]
    return [*made, (TOUR, "Five short pages on what the lab is and how it is used.")]


def open_menu(screen: ExploreScreen) -> None:
    """Ask what is to be made, and go there."""
    item = screen.item
    ways: dict[str, Callable[[], None]] = {
        NETWORK: lambda: _build(screen, _first_draft()),
        OWN_DATA: lambda: own_data(screen),
        FILE: lambda: open_scenario(screen),
        LESSON: lambda: _copy(screen, item),
        OTHERS: lambda: _others(screen, item),
        SWEEP: lambda: _sweep(screen, item),
        TOUR: lambda: screen.app.show_tour(),
    }

    def picked(name: str | None) -> None:
        if name is not None:
            ways[name]()

    screen.app.push_screen(PickScreen("Make something of your own", choices(item)), picked)


def _first_draft() -> Draft:
    content: dict[str, Any] = {
        "format": 1,
        "title": "My first network",
        "task": "classify",
        "data": {"name": "spiral", "classes": 3, "points": 600, "noise": 0.2},
        "model": [{"dense": 32}, "relu", {"dense": 32}, "relu", {"dense": "classes"}],
        "init": "he",
        "optimizer": {"name": "sgd", "rate": 0.1},
        "train": {"batch": 32, "steps": 1000, "measure": 20},
        "watch": ["loss", "accuracy", "grad_norm"],
    }
    return Draft(content, Path("my-first-network.yaml"))


def _build(screen: ExploreScreen, draft: Draft) -> None:
    from lab.tui.build.screen import BuilderScreen

    screen.app.push_screen(BuilderScreen(draft), lambda saved: screen.show_own(saved))


def _copy(screen: ExploreScreen, item: Item | None) -> None:
    """A lesson under another name; what is said about it (question, lesson, claims) belongs to the original."""
    if item is None:
        return
    with screen.app.showing_errors():
        draft = Draft.of_file(item.path)
        if not item.builtin:
            _build(screen, draft)
            return
        content = {key: value for key, value in draft.content.items() if key not in _OF_THE_LESSON}
        content["title"] = f"My {draft.content.get('title', item.slug)}"
        _build(screen, Draft(content, Path(f"my-{item.slug}.yaml")))


def own_data(screen: ExploreScreen) -> None:
    """Find a file with data, look at it, and go on from there."""
    from lab.tui.data.files import FilesScreen
    from lab.tui.data.screen import DataScreen

    def made(draft: Draft | None) -> None:
        if draft is not None:
            _build(screen, draft)

    def look(folder: Path) -> None:
        try:
            draft = _of_images(folder)
        except BadInput as error:
            tell(screen, screen.app.tell, str(error))
            return
        tell(screen, _build, screen, draft)

    def chosen(path: Path | None) -> None:
        if path is not None and path.is_dir():
            screen.app.tell(f"Looking at the images in {path.name} …")
            screen.run_worker(lambda: look(path), thread=True)
        elif path is not None:
            screen.app.push_screen(DataScreen(path), made)

    screen.app.push_screen(FilesScreen("Which file with data?", DATA, images=True), chosen)


def _of_images(folder: Path) -> Draft:
    """A first scenario on a folder of images. Raises BadInput if nothing can be learned from them."""
    from lab.data.looking_at_images import look_at_folder
    from lab.scenario.starters import from_images

    found = look_at_folder(folder.name, folder=folder.parent)
    title = folder.name.replace("_", " ").replace("-", " ").strip().capitalize() or "My images"
    content = from_images(found.block, found.task, title, found.train)
    return Draft(content, folder.parent / f"{slug(title)}.yaml", chosen=True)


def open_scenario(screen: ExploreScreen) -> None:
    """Find a scenario file and open it as text, with what is wrong with it."""
    from lab.tui.build.source import SourceScreen
    from lab.tui.data.files import FilesScreen

    def chosen(path: Path | None) -> None:
        if path is None:
            return
        try:
            source = SourceScreen.of_file(path)
        except BadInput as error:
            screen.app.tell(str(error))
            return
        screen.app.progress.remember_file(path)
        screen.show_own(path)
        screen.app.push_screen(source)

    screen.app.push_screen(FilesScreen("Which scenario file?", SCENARIOS), chosen)


def _others(screen: ExploreScreen, item: Item | None) -> None:
    from lab.tui.build.run_with import run_with

    if item is not None:
        run_with(screen, item)


def _sweep(screen: ExploreScreen, item: Item | None) -> None:
    from lab.tui.build.sweep import open_sweep

    if item is not None:
        open_sweep(screen, item)


def draft_with(loaded: Loaded, variant: str, values: Mapping[str, Any]) -> Draft:
    """One variant of a scenario with other settings put in, as a scenario of its own. Raises BadInput."""
    chosen = loaded.variant(variant, values, "the search")
    made = chosen.scenario.model_dump(exclude_unset=True)
    content = {key: value for key, value in made.items() if key not in (*_OF_THE_LESSON, "variants", "show")}
    content["title"] = f"{loaded.scenario.title}, the best of a search"
    return Draft(content, Path(loaded.folder if not _builtin(loaded) else Path()) / f"{loaded.slug}-best.yaml")


def _builtin(loaded: Loaded) -> bool:
    from lab.scenario.listing import slugs

    return slugs().get(loaded.slug) == loaded.path
