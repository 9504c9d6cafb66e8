"""Reading one run back: its curves as arrays, its events in the order in which they happened."""

from __future__ import annotations

import heapq
import json
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from lab.events import Claimed, Event, Measured, PictureTaken, from_json
from lab.store import chunks, pictures

Curve = tuple[np.ndarray, np.ndarray]
"""`(steps int64[n], values float64[n])`."""
Curves = dict[tuple[str, int], dict[str, Curve]]
"""By (variant, seed), then by metric."""
Timed = tuple[int, int, Event]
"""Sequence number, milliseconds since the run began, the event."""


class RunReader:
    """Reads run `number`. `lock` guards the connection, which other readers share; it is held for single queries only,
    so a writer is never kept waiting and a run can be read while it grows."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Lock, number: int) -> None:
        self._connection = connection
        self._lock = lock
        self._number = number

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _replicas(self) -> dict[int, tuple[str, int]]:
        found = self._rows("SELECT id, variant, seed FROM replicas WHERE run = ?", self._number)
        return {number: (variant, int(seed)) for number, variant, seed in found}

    def _metric_lists(self) -> dict[int, tuple[str, ...]]:
        found = self._rows("SELECT id, names FROM metric_lists WHERE run = ?", self._number)
        return {number: tuple(json.loads(names)) for number, names in found}

    def curves(self) -> Curves:
        """Everything measured, in the order in which it was measured."""
        replicas, lists = self._replicas(), self._metric_lists()
        found = self._rows(
            "SELECT replica, metrics, rows, data FROM chunks WHERE run = ? ORDER BY replica, metrics, first",
            self._number,
        )
        parts: dict[tuple[int, int], list[chunks.Chunk]] = {}
        for replica, metrics, rows, data in found:
            parts.setdefault((replica, metrics), []).append(chunks.decode(data, rows, len(lists[metrics])))
        gathered: dict[tuple[str, int], dict[str, list[tuple[np.ndarray, np.ndarray]]]] = {}
        for (replica, metrics), pieces in parts.items():
            heads = np.hstack([piece.heads for piece in pieces])
            values = np.hstack([piece.values for piece in pieces])
            of_replica = gathered.setdefault(replicas[replica], {})
            for name, line in zip(lists[metrics], values, strict=True):
                of_replica.setdefault(name, []).append((heads, line))
        return {
            replica: {name: _one_curve(pieces) for name, pieces in of_replica.items()}
            for replica, of_replica in gathered.items()
        }

    def events(self) -> Iterator[Timed]:
        """All events in order, with little memory; of each picture the newest."""
        replicas, lists = self._replicas(), self._metric_lists()
        extras = {}
        notes: list[tuple[int, int, str]] = []
        for sequence, elapsed, kind, content in self._rows(
            "SELECT sequence, elapsed, kind, content FROM notes WHERE run = ? ORDER BY sequence", self._number
        ):
            if kind == Measured.event:
                extras[sequence] = json.loads(content)
            else:
                notes.append((sequence, elapsed, content))
        index: dict[tuple[int, int], list[int]] = {}
        for number, replica, metrics in self._rows(
            "SELECT id, replica, metrics FROM chunks WHERE run = ? ORDER BY replica, metrics, first", self._number
        ):
            index.setdefault((replica, metrics), []).append(number)
        streams = [
            self._measured(replicas[replica], lists[metrics], numbers, extras)
            for (replica, metrics), numbers in index.items()
        ]
        told = ((sequence, elapsed, from_json(json.loads(content))) for sequence, elapsed, content in notes)
        yield from heapq.merge(told, self._pictures(), *streams, key=lambda timed: timed[0])

    def _measured(
        self, replica: tuple[str, int], names: tuple[str, ...], numbers: list[int], extras: dict[int, dict[str, Any]]
    ) -> Iterator[Timed]:
        variant, seed = replica
        for number in numbers:
            for rows, data in self._rows("SELECT rows, data FROM chunks WHERE id = ?", number):
                chunk = chunks.decode(data, rows, len(names))
                for head, values in zip(chunk.heads.T.tolist(), chunk.values.T.tolist(), strict=True):
                    sequence, elapsed, step = head
                    extra = extras.get(sequence, {})
                    event = Measured(
                        variant,
                        seed,
                        step,
                        dict(zip(names, values, strict=True)),
                        extra.get("diverged"),
                        extra.get("changed", {}),
                    )
                    yield sequence, elapsed, event

    def _pictures(self) -> Iterator[Timed]:
        """One at a time: together they may be large."""
        keys = self._rows("SELECT rowid FROM pictures WHERE run = ? ORDER BY sequence", self._number)
        for (key,) in keys:
            for sequence, elapsed, variant, seed, step, data in self._rows(
                "SELECT sequence, elapsed, variant, seed, step, data FROM pictures WHERE rowid = ?", key
            ):
                yield sequence, elapsed, PictureTaken(variant, int(seed), step, pictures.decode(data))

    def pictures(self) -> list[PictureTaken]:
        """The newest picture of each title and replica, in the order in which they were taken."""
        return [event for _, _, event in self._pictures() if isinstance(event, PictureTaken)]

    def claims(self) -> list[Claimed]:
        """The verdicts on the claims."""
        query = "SELECT content FROM notes WHERE run = ? AND kind = 'claim' ORDER BY sequence"
        found = [from_json(json.loads(content)) for (content,) in self._rows(query, self._number)]
        return [event for event in found if isinstance(event, Claimed)]

    def files(self, kind: str) -> list[tuple[str, int, int, str]]:
        """(variant, seed, step, name) of each file of a kind, by step."""
        found = self._rows(
            "SELECT variant, seed, step, name FROM files WHERE run = ? AND kind = ? ORDER BY step, id",
            self._number,
            kind,
        )
        return [(variant, int(seed), step, name) for variant, seed, step, name in found]


def _one_curve(pieces: list[tuple[np.ndarray, np.ndarray]]) -> Curve:
    """Joins the parts of a curve that stood in lists with different other metrics."""
    if len(pieces) == 1:
        heads, values = pieces[0]
        return heads[2].copy(), values.copy()
    heads = np.hstack([each for each, _ in pieces])
    values = np.hstack([each for _, each in pieces])
    order = np.argsort(heads[0], kind="stable")
    return heads[2, order], values[order]
