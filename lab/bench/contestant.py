"""A contestant's side of the race: a process that is told on stdin what to do and answers on stdout, line by line.

Each library has a process of its own, so that none sees the threads, the memory or the environment of another.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LEAST = 0.05
"""Seconds that a turn takes at least."""

Train = Callable[[int], None]


def serve(versions: dict[str, str], prepare: Callable[[str, str], Train | None], **others: Callable[..., Any]) -> None:
    """Answer requests until stdin ends.

    versions: of the libraries that are measured
    prepare:  from (net, mode) to a function that trains so many steps, or to None: this net is not for this mode
    others:   further questions by name, answered with whatever JSON can hold
    """
    ready: dict[tuple[str, str], Train | None] = {}
    answer(versions)
    for line in sys.stdin:
        asked = json.loads(line)
        question = asked.pop("question")
        if question != "turn":
            answer(others[question](**asked))
            continue
        net, mode, steps = asked["net"], asked["mode"], asked["steps"]
        if (net, mode) not in ready:
            ready[net, mode] = prepare(net, mode)
            if (train := ready[net, mode]) is not None:
                train(steps)  # whatever is compiled or allocated on the first use
        train = ready[net, mode]
        answer(None if train is None else seconds_per_step(train, steps))


def seconds_per_step(train: Train, steps: int) -> float:
    """Seconds per step of one turn: so many steps, repeated until the turn is long enough to be timed."""
    done = 0
    begun = time.perf_counter()
    while True:
        train(steps)
        done += steps
        spent = time.perf_counter() - begun
        if spent >= LEAST:
            return spent / done


def answer(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def folder() -> Path:
    """Where the data are; and from now on this process stays on the core that the race is run on, if there is one."""
    place, core = sys.argv[1:3]
    if core != "any" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    return Path(place)
