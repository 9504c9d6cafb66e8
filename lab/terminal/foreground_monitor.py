"""Whether the terminal is ours to draw on: not while a shell has put the program into the background."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any, TextIO


class ForegroundMonitor:
    """Notices that the program was suspended (Ctrl-Z) or in the background and is back: the shell has written since."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._away = False
        self._before: Any = None

    def start(self) -> None:
        """Begin to notice. Only the main thread may watch for signals; elsewhere suspensions go unnoticed."""
        if hasattr(signal, "SIGCONT") and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGCONT, self._continued)

    def stop(self) -> None:
        """Notice nothing more."""
        if self._before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGCONT, self._before)
            self._before = None

    def in_foreground(self) -> bool:
        """Whether the terminal is ours. What is no terminal of this session is nobody else's either."""
        try:
            ours = os.tcgetpgrp(self._stream.fileno()) == os.getpgrp()
        except (OSError, ValueError, AttributeError):
            ours = True
        self._away = self._away or not ours
        return ours

    def was_suspended(self) -> bool:
        """Whether we were away since this was last asked: nobody knows then where the cursor stands."""
        away, self._away = self._away, False
        return away

    def _continued(self, number: int, frame: FrameType | None) -> None:
        self._away = True
