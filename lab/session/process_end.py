"""What trains is stopped when the process ends, whyever it does.

Threads whose kernels run on in memory that is being taken down, or that build a network while the interpreter is, end a
process with a segmentation fault; as daemon threads nobody else waits for them.
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from typing import Protocol

_PATIENCE = 10.0
"""Seconds that the end of the process waits."""


class Running(Protocol):
    """What can be stopped, and waited for."""

    def stop(self) -> None:
        """Let it end soon."""

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, for so many seconds at most."""


_running: weakref.WeakSet[Running] = weakref.WeakSet()
_lock = threading.Lock()
_ends = threading.Event()


def may_start(running: Running) -> bool:
    """Whether something may still start threads; from then on it is stopped when the process ends."""
    with _lock:
        if not _ends.is_set():
            _running.add(running)
        return not _ends.is_set()


@atexit.register
def _stop_all() -> None:
    with _lock:
        _ends.set()
        some = list(_running)
    until = time.monotonic() + _PATIENCE
    for each in some:
        each.stop()
    for each in some:
        each.join(max(0.0, until - time.monotonic()))
