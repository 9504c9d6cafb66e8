"""One stream of events to any number of readers, none of which can make memory grow without bound.

A reader chooses: **lossless** (the run store, `--json`), which holds the trainer up when it falls behind, or
**coalescing** (screens), for which events that it has not taken yet are merged: a newer picture replaces an older one,
and of too many waiting measurements every second is left out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from lab.events import Ended, Event, Failed, Measured, PictureTaken

LIMIT = 4096
PATIENCE = 0.05
"""Seconds after which a reader looks again; waking it for every event would make it fight the trainers for the GIL."""


class Subscription:
    """One reader's end of the stream. Iterating yields events until the session has ended."""

    def __init__(self, lossless: bool, on_close: Callable[[Subscription], None]) -> None:
        self.lossless = lossless
        self._waiting: list[Event] = []
        self._changed = threading.Condition()
        self._closed = False
        self._on_close = on_close

    def put(self, event: Event) -> None:
        """Called by the session. Blocks only a lossless reader's trainer, and only while `LIMIT` events wait."""
        with self._changed:
            if self._closed:
                return
            if isinstance(event, PictureTaken) and not self.lossless:
                self._waiting = [each for each in self._waiting if not _same_picture(each, event)]
            self._waiting.append(event)
            if isinstance(event, (Ended, Failed)):
                self._changed.notify_all()
            if len(self._waiting) >= LIMIT:
                if self.lossless:
                    while len(self._waiting) >= LIMIT and not self._closed:
                        self._changed.wait(0.1)
                else:
                    self._waiting = thinned(self._waiting)

    def get(self, timeout: float | None = None) -> list[Event]:
        """Everything that waits; waits for something to come for at most `timeout` seconds (None: for ever)."""
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._waiting and not self._closed:
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._changed.wait(PATIENCE if left is None else min(left, PATIENCE))
            taken, self._waiting = self._waiting, []
            self._changed.notify_all()
            return taken

    def __iter__(self) -> Iterator[Event]:
        while True:
            for event in self.get():
                yield event
                if isinstance(event, (Ended, Failed)):
                    return
            if self._closed and not self._waiting:
                return

    def close(self) -> None:
        """Take no more; what waits is dropped and nobody is held up any longer."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        self._on_close(self)


class Broadcast:
    """Hands each event to every subscription, in one order for all."""

    def __init__(self) -> None:
        self._subscriptions: tuple[Subscription, ...] = ()
        self._lock = threading.Lock()

    def subscribe(self, lossless: bool = False) -> Subscription:
        subscription = Subscription(lossless, self._remove)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def publish(self, event: Event) -> None:
        for subscription in self._subscriptions:
            subscription.put(event)

    def _remove(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions = tuple(each for each in self._subscriptions if each is not subscription)


def _same_picture(old: Event, new: PictureTaken) -> bool:
    return isinstance(old, PictureTaken) and (old.variant, old.seed, old.picture.title) == (
        new.variant,
        new.seed,
        new.picture.title,
    )


def thinned(events: list[Event]) -> list[Event]:
    """The events with every second plain measurement of each replica left out; its latest one stays."""
    counts: dict[tuple[str, int], int] = {}
    kept: list[Event] = []
    for event in reversed(events):
        if isinstance(event, Measured) and event.diverged is None and not event.changed:
            key = (event.variant, event.seed)
            counts[key] = counts.get(key, 0) + 1
            if counts[key] % 2 == 0:
                continue
        kept.append(event)
    return kept[::-1]
