"""The rows of one run: what an open transaction puts into the tables, and takes out again when a replica is rewound.

Everything here happens inside a transaction that the caller begins and ends. After a failed one the object must not
be used again, because it remembers what it has written.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from lab.events import Ended, Event, Measured, PictureTaken, Started, to_json
from lab.store import chunks, files, pictures
from lab.store.chunks import Chunk

Noted = tuple[int, int, Event]
"""An event with its sequence number in the run and the milliseconds since the run began."""
Stream = tuple[int, int]
"""Number of a replica and of a list of metrics: their values go into common chunks."""


class Rows:
    """Writes to the rows of run `number`."""

    def __init__(self, connection: sqlite3.Connection, number: int) -> None:
        self._connection = connection
        self._number = number
        self._replicas: dict[tuple[str, int], int] = {}
        self._lists: dict[tuple[str, ...], int] = {}
        self._open: dict[Stream, tuple[int, Chunk]] = {}  # the last chunk of a stream while it is small

    def replica(self, variant: str, seed: int) -> int:
        """The number of a replica; it gets one if it has none."""
        number = self._replicas.get((variant, seed))
        if number is None:
            number = self._number_of("replicas", {"variant": variant, "seed": str(seed)})
            self._replicas[variant, seed] = number
        return number

    def _metrics(self, names: tuple[str, ...]) -> int:
        number = self._lists.get(names)
        if number is None:
            number = self._number_of("metric_lists", {"names": json.dumps(names)})
            self._lists[names] = number
        return number

    def _number_of(self, table: str, values: dict[str, str]) -> int:
        names = ", ".join(values)
        places = ", ".join("?" for _ in values)
        content = (self._number, *values.values())
        self._connection.execute(f"INSERT OR IGNORE INTO {table} (run, {names}) VALUES (?, {places})", content)
        where = " AND ".join(f"{name} = ?" for name in ("run", *values))
        return self._connection.execute(f"SELECT id FROM {table} WHERE {where}", content).fetchone()[0]

    def insert(self, batch: Iterable[Noted]) -> None:
        """Adds events, in the order of their sequence numbers."""
        heads: dict[tuple[str, int, tuple[str, ...]], list[int]] = {}
        values: dict[tuple[str, int, tuple[str, ...]], list[float]] = {}
        count = 0
        for sequence, elapsed, event in batch:
            if not isinstance(event, Measured):
                self._note(sequence, elapsed, event)
                continue
            key = (event.variant, event.seed, tuple(event.values))
            if key not in heads:
                heads[key], values[key] = [], []
            heads[key] += (sequence, elapsed, event.step)
            values[key].extend(event.values.values())
            count += 1
            if event.diverged is not None or event.changed:
                content = {
                    "variant": event.variant,
                    "seed": str(event.seed),  # as everywhere in the tables: a seed may be larger than SQLite's integers
                    "step": event.step,
                    "diverged": event.diverged,
                    "changed": event.changed,
                }
                self._add_note(sequence, elapsed, event.event, content)
        for key, numbers in heads.items():
            variant, seed, names = key
            rows = len(numbers) // 3
            chunk = Chunk(
                np.array(numbers, np.int64).reshape(rows, 3).T,
                np.array(values[key], np.float64).reshape(rows, len(names)).T,
            )
            self._append((self.replica(variant, seed), self._metrics(names)), chunk)
        if count:
            self._connection.execute("UPDATE runs SET measured = measured + ? WHERE id = ?", (count, self._number))

    def _append(self, stream: Stream, chunk: Chunk) -> None:
        if stream in self._open:
            number, before = self._open.pop(stream)
            self._connection.execute("DELETE FROM chunks WHERE id = ?", (number,))
            chunk = before.join(chunk)
        for piece in chunk.pieces():
            number = self._insert_chunk(stream, piece)
        if piece.bytes < chunks.OPEN_BYTES:
            self._open[stream] = (number, piece)

    def _insert_chunk(self, stream: Stream, chunk: Chunk) -> int:
        replica, metrics = stream
        cursor = self._connection.execute(
            "INSERT INTO chunks (run, replica, metrics, first, rows, last_step, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                self._number,
                replica,
                metrics,
                int(chunk.heads[0, 0]),
                chunk.rows,
                int(chunk.steps.max()),
                chunks.encode(chunk),
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _note(self, sequence: int, elapsed: int, event: Event) -> None:
        content = to_json(event)
        if isinstance(event, Started):
            self._connection.execute(
                "UPDATE runs SET variants = ?, seeds = ?, steps = ?, metrics = ? WHERE id = ?",
                (*(json.dumps(content[name]) for name in ("variants", "seeds", "steps", "metrics")), self._number),
            )
            # A run that is taken up again still began once, at its first event.
            changed = self._connection.execute(
                "UPDATE notes SET content = ? WHERE run = ? AND kind = 'started'", (json.dumps(content), self._number)
            )
            if changed.rowcount:
                return
        elif isinstance(event, Ended):
            ending = {name: content[name] for name in ("outcomes", "claims_held", "claims")}
            self._connection.execute("UPDATE runs SET ending = ? WHERE id = ?", (json.dumps(ending), self._number))
        self._add_note(sequence, elapsed, event.event, content)

    def _add_note(self, sequence: int, elapsed: int, kind: str, content: dict[str, Any]) -> None:
        self._connection.execute(
            "INSERT INTO notes (run, sequence, elapsed, kind, content) VALUES (?, ?, ?, ?, ?)",
            (self._number, sequence, elapsed, kind, json.dumps(content)),
        )

    def replace_pictures(self, batch: Iterable[Noted]) -> None:
        """Adds pictures, each in the place of an older one of the same replica and title."""
        for sequence, elapsed, event in batch:
            assert isinstance(event, PictureTaken)
            self._connection.execute(
                "INSERT OR REPLACE INTO pictures (run, variant, seed, title, sequence, elapsed, step, data) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._number,
                    event.variant,
                    str(event.seed),
                    event.picture.title,
                    sequence,
                    elapsed,
                    event.step,
                    pictures.encode(event.picture),
                ),
            )

    def report(self, sequence: int, elapsed: int) -> None:
        """Says how far the run has come, and that it lives."""
        self._connection.execute(
            "UPDATE runs SET sequence = ?, elapsed = ?, seen = ? WHERE id = ?",
            (sequence, elapsed, time.time(), self._number),
        )

    def add_file(self, kind: str, variant: str, seed: int, step: int, name: str) -> list[str]:
        """Enters a file; returns the names of those that it makes superfluous."""
        key = (self._number, kind, variant, str(seed))
        self._connection.execute(
            "INSERT OR REPLACE INTO files (run, kind, variant, seed, step, name) VALUES (?, ?, ?, ?, ?, ?)",
            (*key, step, name),
        )
        kept = dict(
            self._connection.execute(
                "SELECT step, name FROM files WHERE run = ? AND kind = ? AND variant = ? AND seed = ? ORDER BY step",
                key,
            ).fetchall()
        )
        dropped = files.superfluous(list(kept))
        self._connection.executemany(
            "DELETE FROM files WHERE run = ? AND kind = ? AND variant = ? AND seed = ? AND step = ?",
            [(*key, step) for step in dropped],
        )
        return [kept[step] for step in dropped]

    def rewind(self, variant: str, seed: int, step: int) -> list[str]:
        """Removes what a replica measured after `step`; returns the names of its files that are to go."""
        replica = self.replica(variant, seed)
        found = self._connection.execute(
            "SELECT id, metrics, rows, data, (SELECT names FROM metric_lists WHERE id = metrics) FROM chunks "
            "WHERE run = ? AND replica = ? AND last_step > ?",
            (self._number, replica, step),
        ).fetchall()
        removed = 0
        for number, metrics, rows, data, names in found:
            chunk = chunks.decode(data, rows, len(json.loads(names)))
            left = chunk.select(chunk.steps <= step)
            self._connection.execute("DELETE FROM chunks WHERE id = ?", (number,))
            if left.rows:
                self._insert_chunk((replica, metrics), left)
            removed += rows - left.rows
        self._open = {stream: value for stream, value in self._open.items() if stream[0] != replica}
        self._connection.execute("UPDATE runs SET measured = measured - ? WHERE id = ?", (removed, self._number))
        self._connection.execute(
            "DELETE FROM notes WHERE run = ? AND kind IN ('measured', 'noticed') "
            "AND json_extract(content, '$.variant') = ? "
            "AND CAST(json_extract(content, '$.seed') AS TEXT) = ? AND json_extract(content, '$.step') > ?",
            (self._number, variant, str(seed), step),
        )
        key = (self._number, variant, str(seed), step)
        self._connection.execute("DELETE FROM pictures WHERE run = ? AND variant = ? AND seed = ? AND step > ?", key)
        where = f"WHERE run = ? AND variant = ? AND seed = ? AND step > ? AND kind = '{files.CHECKPOINTS}'"
        names = [row[0] for row in self._connection.execute(f"SELECT name FROM files {where}", key)]
        self._connection.execute(f"DELETE FROM files {where}", key)
        return names
