"""Many sessions, a few at a time.

A session lets its replicas take turns, since somebody watches all of them. Where nobody does (searches, checks of
claims) it is better to finish one training before the next begins: each result is there as soon as it can be, an
interrupt loses little, and only what is being trained is in memory.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from lab.session.process_end import may_start
from lab.session.session import Session

Make = Callable[[], Session]


class Pool:
    """Runs sessions in their order, so many at the same time. Each is made when its turn has come.

    makes:   what makes each session
    threads: how many run at the same time; give each one thread, or they are more
    ended:   called with each session that has ended, interrupted ones too, from whichever thread ran it, but never
             twice at the same time
    """

    def __init__(self, makes: Iterable[Make], threads: int, ended: Callable[[Session], None]) -> None:
        self._waiting = deque(makes)
        self._ended = ended
        self._running: list[Session] = []
        self._lock = threading.RLock()  # a signal that stops the pool may come while its own thread holds the lock
        self._telling = threading.Lock()
        self._stopping = False
        self._failure: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._work, name=f"pool-{number}", daemon=True)
            for number in range(min(threads, len(self._waiting)))
        ]

    def start(self) -> None:
        """Begin."""
        if may_start(self):
            for each in self._threads:
                each.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; False if it has not come after `timeout` seconds. Raises what made a session fail."""
        self.join(timeout)
        if any(each.is_alive() for each in self._threads):
            return False
        if self._failure is not None:
            raise self._failure
        return True

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end, whatever it is, for so many seconds at most."""
        until = None if timeout is None else time.monotonic() + timeout
        for each in self._threads:
            if each.ident is not None:
                each.join(None if until is None else max(0.0, until - time.monotonic()))

    def stop(self) -> None:
        """End soon: sessions that run are stopped, the others never begin."""
        with self._lock:
            self._stopping = True
            running = list(self._running)
        for each in running:
            each.stop()

    @property
    def running(self) -> list[Session]:
        """The sessions that run at this moment."""
        with self._lock:
            return list(self._running)

    def _work(self) -> None:
        try:
            while (session := self._next()) is not None:
                try:
                    session.start()
                    session.wait()
                finally:
                    with self._lock:
                        self._running.remove(session)
                with self._telling:
                    self._ended(session)
        except BaseException as error:  # handed on to whoever waits
            self._failure = self._failure or error
            self.stop()

    def _next(self) -> Session | None:
        with self._lock:
            if self._stopping or not self._waiting:
                return None
            session = self._waiting.popleft()()
            self._running.append(session)
            return session
