"""`lab check`: is this file a scenario that could be run?"""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def command(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Scenario files, or built-in names.")],
) -> int:
    """Validate scenario files, and tell every problem of each. The exit code is 2 if one is bad."""
    from lab.tasks.every_problem import problems

    bad = 0
    for file in files:
        found = problems(file)
        bad += bool(found)
        for problem in found:
            print(problem, file=sys.stderr)
        if not found:
            print(f"{file}: fine")
    return 2 if bad else 0
