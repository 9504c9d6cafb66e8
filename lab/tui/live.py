"""The sessions that are training while the lab is open: whatever ends the lab ends them cleanly first."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from lab.errors import LabError

if TYPE_CHECKING:
    from lab.events import Ended


class Stoppable(Protocol):
    """A session, as far as ending it goes."""

    ended: Ended | None

    def stop(self) -> None: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class LiveSessions:
    """Whoever starts a session adds it here, and takes it out when it is over.

    `stop_all` may be called from any thread, more than once, and while a screen is ending its session itself; a second
    call comes back when the first one does. `interrupted` counts the sessions that it ended before they were over.
    """

    def __init__(self) -> None:
        self._sessions: dict[Stoppable, Callable[[], None]] = {}
        self._lock = threading.Lock()
        self._ending = threading.Lock()
        self.interrupted = 0

    def add(self, session: Stoppable, finish: Callable[[], None] = lambda: None) -> None:
        """A session has been started. `finish` closes what keeps it, such as its run in the store, after its end."""
        with self._lock:
            self._sessions[session] = finish

    def remove(self, session: Stoppable) -> None:
        """A session has ended and was closed by whoever added it."""
        with self._lock:
            self._sessions.pop(session, None)

    def __len__(self) -> int:
        return len(self._sessions)

    def stop_all(self, timeout: float = 10.0) -> None:
        """End all sessions, wait for them, and close what keeps them. One that does not end in time is left: what it
        measured until the last second is in the store, and it can be resumed like a killed one."""
        with self._ending:
            with self._lock:
                sessions, self._sessions = self._sessions, {}
            self._end(sessions, time.monotonic() + timeout)

    def _end(self, sessions: dict[Stoppable, Callable[[], None]], end: float) -> None:
        for session in sessions:
            session.stop()
        with contextlib.ExitStack() as each_of_them:  # also those after one that fails
            for session, finish in sessions.items():
                each_of_them.callback(self._close, session, finish, end)

    def _close(self, session: Stoppable, finish: Callable[[], None], end: float) -> None:
        try:
            ended = session.wait(max(0.0, end - time.monotonic()))
        except LabError:
            ended = True  # what made it fail was shown where it ran
        outcome = session.ended
        self.interrupted += not ended or (outcome is not None and outcome.interrupted)
        if ended:
            finish()
