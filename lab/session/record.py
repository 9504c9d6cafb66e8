"""What keeps a session that stays open: the record of its run, and of each further run that is made out of it.

A run that has come to its end is closed, and stays as it was. Whoever then rewinds, branches or adds a variant makes
another run: it begins as a copy of the one before, and names it as its origin.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from lab.events import Claimed, Ended, Event, Failed
from lab.store import RunWriter, Store
from lab.tasks.task import PREDICTING

if TYPE_CHECKING:
    from lab.session.session import Session


class Record:
    """The sink of a session. All methods may be called from any thread.

    writer: of the run that is kept now, or that was kept last
    warn:   called with the sentence that says why saving had to stop
    told:   called with the names of a finished run and of the one that now goes on from it

    closed: whether the run has come to its end, so that whatever happens next belongs to another one
    """

    def __init__(
        self, store: Store, writer: RunWriter, warn: Callable[[str], None], told: Callable[[str, str], None]
    ) -> None:
        self.writer = writer
        self.closed = False
        self._store, self._warn, self._told = store, warn, told
        self._lock = threading.RLock()

    @property
    def saving(self) -> bool:
        """Whether what happens is kept, or has been: not if the disk is full."""
        return self.closed or self.writer.saving

    def write(self, event: Event) -> None:
        """Keep an event. What is said about the end of a run that has ended already is left out."""
        with self._lock:
            if self.closed and isinstance(event, Claimed | Ended | Failed):
                return
            self._open().write(event)

    def checkpoint(self, variant: str, seed: int, step: int, state: Mapping[str, np.ndarray]) -> None:
        """Keep the state of a replica."""
        with self._lock:
            self._open().checkpoint(variant, seed, step, state)

    def rewind(self, variant: str, seed: int, step: int) -> None:
        """Forget what a replica measured after a step; a finished run remembers it."""
        with self._lock:
            self._open().rewind(variant, seed, step)

    def close_finished(self, session: Session) -> None:
        """Every replica is over: close the record with the verdicts and the weights, as it would be at the end."""
        with self._lock:
            if self.closed or not self.writer.saving:
                return
            verdicts, ended = session.conclusion(interrupted=False)
            for verdict in verdicts:
                self.writer.write(verdict)
            self.writer.write(ended)
            close(session, self.writer, "finished")
            self.closed = self.writer.warning is None

    def close_ended(self, session: Session) -> None:
        """The session has ended: close the record with the state in which it did, unless that was done."""
        with self._lock:
            if self.closed:
                return
            if session.ended is None:
                self.writer.close("interrupted" if session.lost_its_device else "failed")
            else:
                close(session, self.writer, "interrupted" if session.ended.interrupted else "finished")

    def _open(self) -> RunWriter:
        """The writer of the run to which what happens now belongs."""
        if self.closed and self.writer.name is not None:
            before, self.closed = self.writer.name, False
            self.writer = self._store.copy(before, self._warn)
            if self.writer.name is not None:
                self._told(before, self.writer.name)
        return self.writer


def close(session: Session, writer: RunWriter, state: str) -> None:
    """Keep the weights of a session, and close the record of its run."""
    keep_weights(session, writer)
    writer.close(state)


def keep_weights(session: Session, writer: RunWriter) -> None:
    """Keep the weights of every replica, and what is needed beside them to predict."""
    beside = session.kept_to_predict()
    for variant, seeds in session.weights().items():
        for seed, arrays in seeds.items():
            about = beside.get((variant, seed))
            metadata = {PREDICTING: json.dumps(about, allow_nan=False)} if about is not None else {}
            writer.weights(variant, seed, arrays, metadata)
