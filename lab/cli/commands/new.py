"""`lab new`: a first file to change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from lab.scenario.starters import starter, starters


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for it, or a path; `.yaml` is added.")],
    task: Annotated[str, typer.Option(help=f"The kind of experiment: {', '.join(starters())}.")] = "classify",
) -> None:
    """Begin a scenario file of your own. An existing file is never overwritten."""
    from lab.errors import BadInput, nearest

    if task not in starters():
        raise BadInput(f"There is no starter for the task {task!r}: {nearest(task, starters())}.")
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", path.stem, re.ASCII):
        raise BadInput(f"{path.stem!r} cannot be the name of a scenario: use letters, digits, - and _.")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter(task, path.name))
    except FileExistsError:
        raise BadInput(f"{path}: this file exists already; it is not overwritten.") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror or error}).") from None
    print(f"{path} is written. Change it, check it with `lab check {path}`, run it with `lab run {path}`.")
