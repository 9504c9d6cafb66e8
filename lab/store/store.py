"""The run store: one database file, and a folder per run for its arrays."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from lab.errors import BadInput
from lab.events import Claimed, Event, PictureTaken
from lab.store import copying, database, files
from lab.store.index import RunIndex
from lab.store.information import COLUMNS, from_row, run_number
from lab.store.names import free_name, refuse_marks, refuse_name
from lab.store.process import this_process
from lab.store.reader import Curves, RunReader, Table
from lab.store.rows import Rows
from lab.store.sources import Source, sources_to_text
from lab.store.writer import RunWriter, reason_of

Loaded = TypeVar("Loaded")


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name, distribution in (("lab", "backprop-lab"), ("numpy", "numpy"), ("numba", "numba")):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(distribution)
    return versions


class Store(RunIndex):
    """All runs under one home folder, with all that was measured and kept of them, and the way to add more."""

    # Writing

    def create(
        self,
        slug: str,
        *,
        title: str = "",
        text: str = "",
        path: Path | str | None = None,
        overrides: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        variants: Sequence[str] = (),
        seeds: Sequence[int] = (),
        steps: Mapping[str, int] | None = None,
        device: str = "cpu",
        sources: Iterable[Source] = (),
        warn: Callable[[str], None] | None = None,
    ) -> RunWriter:
        """Begins a run, named after `slug` with the next free number.

        text:      the scenario file as it is; `path` where it is, which is kept absolute
        sources:   the other files that are read
        overrides: dotted path to value (JSON values), as given on the command line
        options:   anything else (JSON values) that is needed to begin the run again
        warn:      called once, with a sentence, if saving has to stop; at once if it cannot even begin

        Raises BadInput if the database is damaged or newer than this lab. If the disk is full or the folder cannot be
        written, the writer that comes back has no name, and ignores what is written.
        """
        process, now = this_process(), time.time()
        content = {
            "slug": slug,
            "path": None if path is None else str(Path(path).absolute()),
            "title": title,
            "text": text,
            "overrides": json.dumps(dict(overrides or {})),
            "options": json.dumps(dict(options or {})),
            "variants": json.dumps(list(variants)),
            "seeds": json.dumps(list(seeds)),
            "steps": json.dumps(dict(steps or {})),
            "metrics": "[]",
            "device": device,
            "versions": json.dumps(_versions()),
            "sources": sources_to_text(sources),
            "created": now,
            "state": "running",
            "machine": process.machine,
            "pid": process.pid,
            "process_started": process.started,
            "seen": now,
        }

        def begin(connection: sqlite3.Connection) -> str:
            name = free_name(connection, self.home / "runs", slug)
            columns = ", ".join(("name", *content))
            places = ", ".join("?" for _ in range(1 + len(content)))
            connection.execute(f"INSERT INTO runs ({columns}) VALUES ({places})", (name, *content.values()))
            return name

        return self._writer(begin, warn)

    def reopen(
        self, name: str, warn: Callable[[str], None] | None = None, sources: Iterable[Source] | None = None
    ) -> RunWriter:
        """Takes up a run again that has stopped: what it had to say about its end is forgotten, the rest is kept.

        sources: the files that it reads from now on; by default those that it read before

        Call `RunWriter.rewind` for each replica with the step of the checkpoint from which it goes on. Raises BadInput
        if the run is not there or is still running.
        """
        info = self.info(name)
        if info.state == "running":
            raise BadInput(f"{name} is still running.")
        process = this_process()

        def begin(connection: sqlite3.Connection) -> str:
            changed = connection.execute(
                "UPDATE runs SET state = 'running', ended = NULL, ending = NULL, problem = '', machine = ?, pid = ?, "
                "process_started = ?, seen = ? WHERE name = ? AND (state != 'running' OR ?)",
                (process.machine, process.pid, process.started, time.time(), name, info.killed),
            )
            if not changed.rowcount:
                raise BadInput(f"{name} is running again already, or was removed.")
            if sources is not None:
                text = sources_to_text(sources)
                connection.execute("UPDATE runs SET sources = ? WHERE name = ?", (text, name))
            number = run_number(connection, name)
            assert number is not None
            connection.execute("DELETE FROM notes WHERE run = ? AND kind IN ('claim', 'ended', 'failed')", (number,))
            if info.cut_off:
                rows = Rows(connection, number)
                for (variant, seed), step in self._ends(connection, info).items():
                    rows.rewind(variant, seed, step)
            return name

        return self._writer(begin, warn)

    def copy(self, name: str, warn: Callable[[str], None] | None = None) -> RunWriter:
        """Begins a run that goes on from the record of another one, which stays as it is and is named as its origin.

        What was measured, drawn and kept until now is in both; what the other had to say about its end is not in the
        new one. Raises BadInput if the run is not there.
        """
        info = self.info(name)
        process = this_process()

        def begin(connection: sqlite3.Connection) -> str:
            old = run_number(connection, name)
            if old is None:
                raise BadInput(f"{name} was removed.")
            new = free_name(connection, self.home / "runs", info.slug)
            copying.copy_rows(connection, old, name, new, process)
            copying.link_files(self.folder(name), self.folder(new))
            return new

        return self._writer(begin, warn)

    def _writer(self, begin: Callable[[sqlite3.Connection], str], warn: Callable[[str], None] | None) -> RunWriter:
        connection = None
        try:
            connection = database.connect(self.path)
            connection.execute("BEGIN IMMEDIATE")
            name = begin(connection)
            number = run_number(connection, name)
            assert number is not None
            connection.execute("COMMIT")
        except BadInput:
            if connection is not None:
                connection.close()
            raise
        except (OSError, sqlite3.Error) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error) and database.is_damage(error):
                raise database.damaged(self.path) from error
            reason = (error.strerror or str(error)) if isinstance(error, OSError) else reason_of(error)
            return RunWriter.unsaved(self.folder("unsaved"), reason, warn)
        return RunWriter(connection, name, number, self.folder(name), warn)

    def remove(self, name: str) -> None:
        """Removes a run with all its files. Raises BadInput if it is not there or still running."""
        if self.info(name).state == "running":
            raise BadInput(f"{name} is still running: stop it first.")
        with database.reading(self.path, "changed"):
            # Files first: on a full disk they make the room that the database needs to forget the run.
            if self.folder(name).exists():
                shutil.rmtree(self.folder(name))
            with contextlib.closing(database.connect(self.path)) as connection:
                database.delete(connection, "DELETE FROM runs WHERE name = ?", (name,))

    def describe(self, name: str, *, tags: Iterable[str] | None = None, note: str | None = None) -> None:
        """Gives a run other tags, or another note. Raises BadInput if it is not there, or a tag cannot be one."""
        info = self.info(name)
        chosen = sorted(set(info.tags if tags is None else tags))
        refuse_marks(chosen, note)
        with database.reading(self.path, "changed"), contextlib.closing(database.connect(self.path)) as connection:
            connection.execute(
                "UPDATE runs SET tags = ?, note = ? WHERE name = ?",
                (json.dumps(chosen, ensure_ascii=False), info.note if note is None else note, name),
            )

    def rename(self, name: str, new: str) -> None:
        """Gives a run another name. Raises BadInput if it is not there, still running, or the name cannot be had."""
        refuse_name(new)
        if self.info(name).state == "running":
            raise BadInput(f"{name} is still running: it can be renamed when it has ended.")
        with database.reading(self.path, "changed"), contextlib.closing(database.connect(self.path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                if run_number(connection, new) is not None:
                    raise BadInput(f"There is a run {new} already.")
                if self.folder(new).exists():
                    raise BadInput(f"{self.folder(new)} has files of a run that is not known any more: move it away.")
                connection.execute("UPDATE runs SET name = ? WHERE name = ?", (new, name))
                connection.execute("UPDATE runs SET origin = ? WHERE origin = ?", (new, name))
                connection.execute(
                    "UPDATE notes SET content = json_set(content, '$.run', ?) WHERE kind = 'started' AND run = "
                    "(SELECT id FROM runs WHERE name = ?)",
                    (new, new),
                )
                if self.folder(name).exists():
                    self.folder(name).rename(self.folder(new))
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    # Reading

    @contextlib.contextmanager
    def _run(self, name: str) -> Iterator[RunReader]:
        connection = self._reading()
        with database.reading(self.path):
            number, ends = None, {}
            if connection is not None:
                with self._lock:
                    number = run_number(connection, name)
                    row = connection.execute(f"SELECT {COLUMNS} FROM runs WHERE name = ?", (name,)).fetchone()
                    if row is not None and (info := from_row(row)).cut_off:
                        ends = self._ends(connection, info)
            if connection is None or number is None:
                raise BadInput(f"There is no run {name!r} in {self.home}.")
            yield RunReader(connection, self._lock, number, ends)

    def curves(self, name: str) -> Curves:
        """Everything measured: `{(variant, seed): {metric: (steps int64[n], values float64[n])}}`."""
        with self._run(name) as run:
            return run.curves()

    def replicas(self, name: str) -> list[tuple[str, int]]:
        """(variant, seed) of all replicas that were measured or kept, variants that were branched off included."""
        with self._run(name) as run:
            return run.replicas()

    def tables(self, name: str) -> list[Table]:
        """Everything measured, one table per replica, a row per measurement."""
        with self._run(name) as run:
            return run.tables()

    def events(self, name: str) -> Iterator[Event]:
        """All events in order; of pictures the newest of each title and replica."""
        for _, event in self.timed_events(name):
            yield event

    def timed_events(self, name: str) -> Iterator[tuple[float, Event]]:
        """All events in order, each with the seconds from the run's beginning (pauses while interrupted left out)."""
        with self._run(name) as run:
            for _, elapsed, event in run.events():
                yield elapsed / 1000, event

    def pictures(self, name: str) -> list[PictureTaken]:
        """The newest picture of each title and replica."""
        with self._run(name) as run:
            return run.pictures()

    def claims(self, name: str) -> list[Claimed]:
        """The verdicts on the claims, if the run came to its end."""
        with self._run(name) as run:
            return run.claims()

    def checkpoints(self, name: str) -> dict[tuple[str, int], list[int]]:
        """The steps of the checkpoints that are kept, ascending, by (variant, seed)."""
        found: dict[tuple[str, int], list[int]] = {}
        with self._run(name) as run:
            for variant, seed, step, _ in run.files(files.CHECKPOINTS):
                found.setdefault((variant, seed), []).append(step)
        return found

    def checkpoint(self, name: str, variant: str, seed: int, step: int) -> dict[str, np.ndarray]:
        """The state of a replica after `step` steps. Raises BadInput if there is no such checkpoint."""
        with self._run(name) as run:
            for *key, file in run.files(files.CHECKPOINTS):
                if key == [variant, seed, step]:
                    return self._load(name, file)
        raise BadInput(f"{name} has no checkpoint of {variant}, seed {seed}, at step {step}.")

    def latest_checkpoint(self, name: str, variant: str, seed: int) -> tuple[int, dict[str, np.ndarray]] | None:
        """(step, state) of a replica's newest checkpoint that can be read; None if there is none."""
        with self._run(name) as run:
            found = [(step, file) for *key, step, file in run.files(files.CHECKPOINTS) if key == [variant, seed]]
        for step, file in reversed(found):
            with contextlib.suppress(BadInput):
                return step, self._load(name, file)
        return None

    def with_weights(self, name: str) -> list[tuple[str, int]]:
        """(variant, seed) of all replicas whose weights were kept at the end."""
        with self._run(name) as run:
            return [(variant, seed) for variant, seed, _, _ in run.files(files.WEIGHTS)]

    def weights(self, name: str) -> dict[tuple[str, int], dict[str, np.ndarray]]:
        """The weights that were kept at the end, by (variant, seed)."""
        return {key: self.weights_of(name, *key) for key in self.with_weights(name)}

    def weights_of(self, name: str, variant: str, seed: int) -> dict[str, np.ndarray]:
        """The weights that were kept of one replica. Raises BadInput if there are none, or their file is damaged."""
        with self._run(name) as run:
            for *key, _, file in run.files(files.WEIGHTS):
                if key == [variant, seed]:
                    return self._load(name, file)
        raise BadInput(f"{name} has no weights of {variant}, seed {seed}.")

    def weights_metadata(self, name: str, variant: str, seed: int) -> dict[str, str]:
        """The texts that were kept with the weights of a replica; empty if there are none."""
        with self._run(name) as run:
            found = [file for *key, _, file in run.files(files.WEIGHTS) if key == [variant, seed]]
        return self._file(name, found[0], files.load_metadata) if found else {}

    def _load(self, name: str, file: str) -> dict[str, np.ndarray]:
        return self._file(name, file, files.load_arrays)

    def _file(self, name: str, file: str, load: Callable[[Path], Loaded]) -> Loaded:
        path = self.folder(name) / file
        try:
            return load(path)
        except OSError as error:
            raise BadInput(f"{os.fspath(path)} cannot be read: {error.strerror or error}.") from error
        except ValueError as error:
            raise BadInput(f"{error}.") from error
