"""Ctrl-C in commands that take long: the first one ends the work cleanly, a second one the process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from lab.cli import INTERRUPTED
from lab.terminal.keyboard_echo import discard_typed_input

KEPT = "what was measured until the last second is kept"


@contextmanager
def interruptible(
    stop: Callable[[], object], tidy: Callable[[], object] = lambda: None, kept: str = KEPT
) -> Iterator[None]:
    """While the block runs, the first interrupt calls `stop`, which should make it end soon; a second one calls `tidy`
    (the terminal must be left as it was), says what is `kept`, and ends the process at once.

    Both are called between any two instructions of the main thread, so locks that it may hold must be re-entrant.
    """
    interrupts = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts > 1:
            tidy()
            sys.stderr.write(f"Stopped at once; {kept}.\n")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        if number == signal.SIGINT:
            discard_typed_input()
        stop()

    wanted = [each for each in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, each)]
    before = {each: signal.signal(getattr(signal, each), interrupt) for each in wanted}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(getattr(signal, each), handler)
