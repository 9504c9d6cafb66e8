"""Choosing weights to begin with: of a kept run, or of a safetensors file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from lab.errors import LabError
from lab.tui.build.pick import PickScreen
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.tui.app import LabApp

FROM_FILE = "a file…"
MOST_RUNS = 100


def choose_weights(screen: Screen[Any], use: Callable[[Path], None]) -> None:
    """Ask whose weights, and tell `use` the safetensors file that holds them; those of a kept run are written to one
    beside the store."""
    app: LabApp = screen.app  # type: ignore[assignment]  # these screens are shown by no other program

    def list_runs() -> None:
        try:
            runs = [each for each in app.store.runs() if each.state == "finished"][:MOST_RUNS]
        except LabError as error:
            tell(screen, app.tell, str(error))
            return
        rows = [
            (f"{info.name} {variant} {seed}", f"{info.title}: variant {variant}, seed {seed}")
            for info in runs
            for variant in info.variants
            for seed in info.seeds
        ]
        tell(screen, ask, [(FROM_FILE, "Weights that were exported, or made elsewhere (.safetensors)."), *rows])

    def ask(rows: list[tuple[str, str]]) -> None:
        app.push_screen(PickScreen("Whose weights?", rows), picked)

    def found(path: Path | None) -> None:
        if path is not None:
            use(path)

    def picked(name: str | None) -> None:
        if name == FROM_FILE:
            from lab.tui.data.files import FilesScreen

            app.push_screen(FilesScreen("Weights", (".safetensors",)), found)
        elif name is not None:
            screen.run_worker(lambda: write(*name.split(" ")), thread=True, group="weights")

    def write(run: str, variant: str, seed: str) -> None:
        from lab.exports import export, select
        from lab.home import home_folder

        folder = home_folder() / "weights"
        path = folder / f"{re.sub(r'[^A-Za-z0-9_-]', '-', f'{run}-{variant}-{seed}')}.safetensors"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            export(select(app.store, run, variants=[variant], seeds=[int(seed)]), "safetensors", path, force=True)
        except (LabError, OSError) as error:
            tell(screen, app.tell, str(error))
            return
        tell(screen, use, path)

    screen.run_worker(list_runs, thread=True, exclusive=True, group="weights")
