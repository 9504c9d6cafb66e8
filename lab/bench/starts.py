"""Whole processes, as somebody who types a command waits for them: seconds, and the most memory they took."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.bench.machine import PINNED

COMMANDS: dict[str, tuple[str, ...]] = {
    "lab --help": ("--help",),
    "lab list": ("list",),
    "lab run dead-relu --steps 200 --plain": ("run", "dead-relu", "--steps", "200", "--plain"),
}
FIRST = "lab run dead-relu --steps 200 --plain, first time ever"
NO_BYTE_CODE = "PYTHONDONTWRITEBYTECODE"
"""With it Python would read the source of the lab at each start. What is installed has its byte code."""
PROGRAM = (sys.executable, "-c", "from lab.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Start:
    """How one command line starts.

    seconds: the median;  memory: bytes at most, None where the system cannot tell
    """

    title: str
    seconds: float
    memory: int | None


def starts(rounds: int, progress: Callable[[str], None] = lambda message: None) -> list[Start]:
    """Every command, after once not counted; and the run once more with a cache of kernels that is empty."""
    found = []
    with tempfile.TemporaryDirectory(prefix="lab-bench-") as folder:
        home = {"LAB_HOME": str(Path(folder) / "home")}
        for title, arguments in COMMANDS.items():
            progress(title)
            run(arguments, home)
            measured = [run(arguments, home) for _ in range(rounds)]
            memory = [each for _, each in measured if each is not None]
            found.append(Start(title, statistics.median(each for each, _ in measured), max(memory, default=None)))
        progress(FIRST)
        seconds, most = run(COMMANDS[FIRST.partition(",")[0]], home | {"LAB_CACHE": str(Path(folder) / "cache")})
        found.append(Start(FIRST, seconds, most))
    return found


def run(arguments: Sequence[str], environment: dict[str, str]) -> tuple[float, int | None]:
    """Seconds and most bytes of one process, whose output nobody reads. Raises CalledProcessError if it fails."""
    inherited = {name: value for name, value in os.environ.items() if name not in (PINNED, NO_BYTE_CODE)}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=inherited | environment,
    )
    memory = None
    if hasattr(os, "wait4"):
        import resource

        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        # A process begins as a copy of its parent, which the system counts: less than that cannot be told.
        if usage.ru_maxrss <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
            memory = None
    else:
        process.wait()
    seconds = time.perf_counter() - begun
    # 1: claims that fell short, as they may after so few steps
    if process.returncode not in (0, 1):
        raise subprocess.CalledProcessError(process.returncode, ["lab", *arguments])
    return seconds, memory
