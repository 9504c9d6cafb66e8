"""Writing one run: events are taken at once and saved a moment later, by a thread of their own.

Saving never stops training. When the store cannot be written any more (full disk, read-only folder, damaged file) the
writer says so once and ignores everything from then on.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import shutil
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from lab.events import Claimed, Ended, Event, PictureTaken
from lab.store import files
from lab.store.database import FILE_NAME, error_code, is_busy
from lab.store.information import STATES
from lab.store.process import REPORT_SECONDS
from lab.store.rows import Noted, Rows

FLUSH_SECONDS = 0.4
"""What is measured is saved within this time, so that a killed process loses less than a second."""
SOON = 20_000
"""So many waiting events are saved without waiting for the time."""
LIMIT = 200_000
"""With so many waiting events, whoever writes the next one helps to save them: memory stays bounded."""


Waiting = tuple[int, dict[str, np.ndarray], dict[str, str]]
"""A file that waits for the disk: its step, its arrays, and the texts beside them."""

_HELD = "another process has held its database for too long"
_DELETED = "its database was deleted or moved away while it ran"


def reason_of(error: sqlite3.Error) -> str:
    """Why saving had to stop, without a sentence around it."""
    if error_code(error) == sqlite3.SQLITE_FULL:
        return "the disk is full"
    return _HELD if is_busy(error) else str(error)


class RunWriter:
    """The open record of one run. All methods may be called from any thread, and none raises because of the disk.

    name:    the run's name in the store; None if it could not be created
    folder:  where its files go
    warning: the sentence that says why saving stopped; None while it works. `warn` is called with it, once, from
             whichever thread noticed.
    reason:  why it stopped, without a sentence around it; "" while it works
    kept:    whether what was saved before can be found again
    """

    def __init__(
        self,
        connection: sqlite3.Connection | None,
        name: str | None,
        number: int,
        folder: Path,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.name = name
        self.folder = folder
        self._home = folder.parent.parent
        self.warning: str | None = None
        self.reason, self.kept = "", connection is not None
        self._warn = warn
        self._connection = connection
        self._number = number
        self._begun = time.monotonic()
        self._sequence = 0
        self._worked = 0  # milliseconds until the last event but a verdict
        self._waiting: list[Noted] = []  # taken by write(), not yet by a flush
        self._pictures: dict[tuple[str, int, str], Noted] = {}
        self._files: dict[tuple[str, str, int], Waiting] = {}
        self._taken: list[Noted] = []  # taken by a flush that had to wait for another process
        self._lock = threading.Lock()  # guards what waits; held for moments only
        self._work = threading.RLock()  # guards the connection; held while saving. Taken before _lock, never after
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        if connection is not None:
            self._file = self._database()
            row = connection.execute("SELECT sequence, elapsed FROM runs WHERE id = ?", (number,)).fetchone()
            self._sequence = row[0]
            self._begun -= row[1] / 1000
            self._worked = row[1]
            self._rows = Rows(connection, number)
            self._thread = threading.Thread(target=self._save_regularly, name=f"saving {name}", daemon=True)
            self._thread.start()
            atexit.register(self.flush)

    @classmethod
    def unsaved(cls, folder: Path, reason: str, warn: Callable[[str], None] | None = None) -> RunWriter:
        """A writer for a run that cannot be saved at all; it has said so."""
        writer = cls(None, None, 0, folder, warn)
        writer._stop(reason)
        return writer

    @property
    def saving(self) -> bool:
        """Whether what is written still goes to the store."""
        return self._connection is not None

    def write(self, event: Event) -> None:
        """Takes one event; it is saved within a second. Of pictures with the same title only the newest is kept."""
        if self._connection is None:
            return
        with self._lock:
            self._sequence += 1
            # A run may stay open long after it has trained, to be read: that is not time that it took.
            if not isinstance(event, Claimed | Ended):
                self._worked = int((time.monotonic() - self._begun) * 1000)
            noted = (self._sequence, self._worked, event)
            if isinstance(event, PictureTaken):
                self._pictures[event.variant, event.seed, event.picture.title] = noted
            else:
                self._waiting.append(noted)
            count = len(self._waiting)
        if count >= LIMIT:
            self.flush()
        elif count == SOON:
            self._wake.set()

    def checkpoint(self, variant: str, seed: int, step: int, state: Mapping[str, np.ndarray]) -> None:
        """Keeps a copy of everything that a replica needs to go on from `step`.

        It becomes visible only after all events written before it, so write those up to `step` first. A newer one of
        the same replica replaces one that still waits for the disk.
        """
        self._take_file(files.CHECKPOINTS, variant, seed, step, state)

    def weights(
        self, variant: str, seed: int, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
    ) -> None:
        """Keeps a copy of the (final) weights of one replica, and texts beside them; newer ones replace them."""
        self._take_file(files.WEIGHTS, variant, seed, 0, arrays, metadata)

    def _take_file(
        self,
        kind: str,
        variant: str,
        seed: int,
        step: int,
        arrays: Mapping[str, np.ndarray],
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        if self._connection is None:
            return
        copies = files.copied(arrays)
        with self._lock:
            self._files[kind, variant, seed] = (step, copies, dict(metadata or {}))
        self._wake.set()

    def rewind(self, variant: str, seed: int, step: int) -> None:
        """Forgets what one replica measured, and its checkpoints, after `step`: it is about to run from there again."""
        with self._work, self._stopping_on_error():
            self._flush_surely()
            if self._connection is None:
                return
            self._begin()
            names = self._rows.rewind(variant, seed, step)
            self._connection.execute("COMMIT")
            self._drop_files(names)

    def flush(self) -> None:
        """Saves everything that was taken so far, now; what has to wait for another process is tried again later."""
        while self._save_some():
            pass

    def _flush_surely(self) -> None:
        for _ in range(3):
            self.flush()
            if not self._taken:
                return
        if self._connection is not None:
            self._stop(_HELD)

    def _save_some(self) -> bool:
        """Saves all events and one of the files that wait; returns whether more files wait.

        One file at a time, so that the events of a second are not kept waiting for several large checkpoints.
        """
        with self._work, self._stopping_on_error():
            if self._connection is None:
                return False
            with self._lock:
                self._taken += self._waiting
                self._waiting = []
                pictures, self._pictures = self._pictures, {}
                # Chosen now: all events written before it are among those saved first.
                key = next(iter(self._files), None)
                file = self._files.pop(key) if key is not None else None
                sequence, elapsed = self._sequence, self._worked
            try:
                self._begin()
            except sqlite3.Error as error:
                if not is_busy(error) or len(self._taken) >= LIMIT:
                    raise
                with self._lock:  # the same again later, unless newer ones have come until then
                    self._pictures = pictures | self._pictures
                    if key is not None and file is not None:
                        self._files.setdefault(key, file)
                return False
            self._rows.insert(self._taken)
            self._rows.replace_pictures(pictures.values())
            self._rows.report(sequence, elapsed)
            self._connection.execute("COMMIT")
            self._taken = []
            if key is not None and file is not None:
                self._save_file(*key, *file)
            return bool(self._files)
        return False

    def _database(self) -> tuple[int, int]:
        """Which file has the name of the database: writing to one that was deleted would be noticed by nobody. Raises
        OSError if there is none."""
        status = (self._home / FILE_NAME).stat()
        return status.st_dev, status.st_ino

    def _begin(self) -> None:
        assert self._connection is not None
        try:
            same = self._database() == self._file
        except FileNotFoundError:
            same = False
        if not same:
            raise OSError(errno.ENOENT, _DELETED)
        self._connection.execute("BEGIN IMMEDIATE")

    def _save_file(
        self,
        kind: str,
        variant: str,
        seed: int,
        step: int,
        arrays: dict[str, np.ndarray],
        metadata: dict[str, str],
    ) -> None:
        assert self._connection is not None
        self._begin()
        replica = self._rows.replica(variant, seed)
        self._connection.execute("COMMIT")
        name = files.file_name(kind, replica, variant, seed, step)
        files.save_arrays(self.folder / name, arrays, metadata)
        self._begin()
        dropped = self._rows.add_file(kind, variant, seed, step, name)
        self._connection.execute("COMMIT")
        self._drop_files(dropped)

    def _drop_files(self, names: list[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def _save_regularly(self) -> None:
        reported = time.monotonic()
        while not self._closing:
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            now = time.monotonic()
            if self._waiting or self._taken or self._pictures or self._files or now - reported > REPORT_SECONDS:
                self.flush()
                reported = now

    @contextlib.contextmanager
    def _stopping_on_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._stop(error.strerror or str(error))
        except sqlite3.Error as error:
            self._stop(reason_of(error))
        except zlib.error as error:
            self._stop(f"its file is damaged ({error})")

    def _stop(self, reason: str) -> None:
        """Stops saving, with the one warning; what can still be said in the store about it, is."""
        connection, self._connection = self._connection, None
        self.reason = reason
        how = "not saved" if self.name is None else "no longer saved"
        self.warning = f"This run is {how} in {self._home}: {reason}. Training goes on."
        with self._lock:
            self._waiting, self._taken, self._pictures, self._files = [], [], {}, {}
        self.kept = connection is not None and reason != _DELETED
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                # From here on the store knows no more than of a run that was interrupted.
                connection.execute(
                    "UPDATE runs SET state = 'interrupted', ended = ?, problem = ? WHERE id = ?",
                    (time.time(), reason, self._number),
                )
            connection.close()
        if self._warn is not None:
            self._warn(self.warning)

    def close(self, state: str) -> None:
        """Saves the rest and the state in which the run ended: finished, interrupted, diverged or failed."""
        if state not in STATES or state == "running":
            raise ValueError(f"no state in which a run can end: {state!r}")
        self._end_thread()
        with self._work, self._stopping_on_error():
            self._flush_surely()
            if self._connection is None:
                return
            self._begin()
            self._connection.execute(
                "UPDATE runs SET state = ?, ended = ? WHERE id = ?", (state, time.time(), self._number)
            )
            self._connection.execute("COMMIT")
            self._disconnect()

    def discard(self) -> None:
        """Removes the run altogether: it never began."""
        self._end_thread()
        with self._work, self._stopping_on_error():
            if self._connection is None:
                return
            self._connection.execute("DELETE FROM runs WHERE id = ?", (self._number,))
            self._disconnect()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _disconnect(self) -> None:
        assert self._connection is not None
        connection, self._connection = self._connection, None
        connection.close()

    def _end_thread(self) -> None:
        atexit.unregister(self.flush)
        self._closing = True
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
