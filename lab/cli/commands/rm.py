"""`lab rm`: remove runs from the store."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def command(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Names, unique beginnings of names, or latest.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Remove runs for good, with their checkpoints and weights."""
    from lab.errors import BadInput
    from lab.store import Store

    with Store.open() as store:
        names = list(dict.fromkeys(store.find(run).name for run in runs))
        for name in names:
            if store.info(name).state == "running":
                raise BadInput(f"{name} is still running: stop it first.")
        listing = ", ".join(names)
        if not yes:
            if not _on_a_terminal():
                raise BadInput(f"Nothing was removed: add --yes to remove {listing}.")
            if not _agreed(f"Remove {listing} for good? [y/N] "):
                print("Nothing was removed.")
                return 0
        for name in names:
            store.remove(name)
    print(f"Removed {listing}.")
    return 0


def _on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False
