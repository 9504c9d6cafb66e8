"""`lab check`: is this file a scenario that could be run?"""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def command(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Scenario files, or built-in names.")],
) -> int:
    """Validate scenario files. All of them are looked at; the exit code is 2 if one is bad."""
    from lab import tasks
    from lab.errors import BadInput
    from lab.scenario import load

    bad = 0
    for file in files:
        try:
            loaded = load(file)
            tasks.check(loaded)
            tasks.check_tries(loaded)
        except BadInput as error:
            bad += 1
            print(error, file=sys.stderr)
        else:
            print(f"{file}: fine")
    return 2 if bad else 0
