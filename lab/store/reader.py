"""Reading one run back: its curves as arrays, its events in the order in which they happened."""

from __future__ import annotations

import heapq
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
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


Column = tuple[np.ndarray, np.ndarray]
"""`(values float64[n], present bool[n])`: NaN where it is not present, and where it was measured as NaN."""


@dataclass(frozen=True, slots=True)
class Table:
    """What one replica measured: `steps` int64[n], `seconds` since the run began float64[n], a column per metric."""

    variant: str
    seed: int
    steps: np.ndarray
    seconds: np.ndarray
    columns: dict[str, Column]

    def curves(self) -> dict[str, Curve]:
        """Each metric at the steps at which it was measured."""
        return {
            name: (self.steps.copy(), values) if present.all() else (self.steps[present], values[present])
            for name, (values, present) in self.columns.items()
        }


class RunReader:
    """Reads run `number`. `lock` guards the connection, which other readers share; it is held for single queries only,
    so a writer is never kept waiting and a run can be read while it grows.

    ends: by (variant, seed) the step at which a run stands that stopped without saying so: what was measured later is
          not of the state that it goes on from, and is left out
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        lock: threading.Lock,
        number: int,
        ends: Mapping[tuple[str, int], int] = MappingProxyType({}),
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._number = number
        self._ends = ends

    def _within(self, variant: str, seed: int, chunk: chunks.Chunk) -> chunks.Chunk:
        """What of a chunk was measured up to where the run stands."""
        end = self._ends.get((variant, seed))
        return chunk if end is None or not (chunk.steps > end).any() else chunk.select(chunk.steps <= end)

    def _is_within(self, event: Any) -> bool:
        end = self._ends.get((getattr(event, "variant", ""), getattr(event, "seed", 0)))
        return end is None or getattr(event, "step", 0) <= end

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _replicas(self) -> dict[int, tuple[str, int]]:
        found = self._rows("SELECT id, variant, seed FROM replicas WHERE run = ?", self._number)
        return {number: (variant, int(seed)) for number, variant, seed in found}

    def replicas(self) -> list[tuple[str, int]]:
        """(variant, seed) of all that measured something, in the order in which they began to."""
        return [replica for _, replica in sorted(self._replicas().items())]

    def _metric_lists(self) -> dict[int, tuple[str, ...]]:
        found = self._rows("SELECT id, names FROM metric_lists WHERE run = ?", self._number)
        return {number: tuple(json.loads(names)) for number, names in found}

    def _chunks(self) -> dict[tuple[str, int], list[tuple[tuple[str, ...], chunks.Chunk]]]:
        """All chunks with the names of their metrics, by replica, those of one list of metrics in order."""
        replicas, lists = self._replicas(), self._metric_lists()
        found: dict[tuple[str, int], list[tuple[tuple[str, ...], chunks.Chunk]]] = {}
        for replica, metrics, rows, data in self._rows(
            "SELECT replica, metrics, rows, data FROM chunks WHERE run = ? ORDER BY replica, metrics, first",
            self._number,
        ):
            names = lists[metrics]
            chunk = self._within(*replicas[replica], chunks.decode(data, rows, len(names)))
            if chunk.rows:
                found.setdefault(replicas[replica], []).append((names, chunk))
        return found

    def tables(self) -> list[Table]:
        """Everything measured, one table per replica, a row per measurement in the order in which they were made."""
        return [_table(variant, seed, parts) for (variant, seed), parts in self._chunks().items()]

    def curves(self) -> Curves:
        """Everything measured, in the order in which it was measured."""
        return {(table.variant, table.seed): table.curves() for table in self.tables()}

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
        for timed in heapq.merge(told, self._pictures(), *streams, key=lambda timed: timed[0]):
            if self._is_within(timed[2]):
                yield timed

    def _measured(
        self, replica: tuple[str, int], names: tuple[str, ...], numbers: list[int], extras: dict[int, dict[str, Any]]
    ) -> Iterator[Timed]:
        variant, seed = replica
        for number in numbers:
            for rows, data in self._rows("SELECT rows, data FROM chunks WHERE id = ?", number):
                chunk = self._within(variant, seed, chunks.decode(data, rows, len(names)))
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
                        elapsed / 1000,
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
        found = [event for _, _, event in self._pictures() if isinstance(event, PictureTaken)]
        return [event for event in found if self._is_within(event)]

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


def _table(variant: str, seed: int, parts: list[tuple[tuple[str, ...], chunks.Chunk]]) -> Table:
    heads = np.hstack([chunk.heads for _, chunk in parts])
    order = np.argsort(heads[0], kind="stable")
    in_order = bool((order[1:] > order[:-1]).all())
    names = list(dict.fromkeys(name for each, _ in parts for name in each))
    columns: dict[str, Column] = {}
    for name in names:
        values = np.full(heads.shape[1], np.nan)
        present = np.zeros(heads.shape[1], bool)
        start = 0
        for each, chunk in parts:
            if name in each:
                values[start : start + chunk.rows] = chunk.values[each.index(name)]
                present[start : start + chunk.rows] = True
            start += chunk.rows
        columns[name] = (values, present) if in_order else (values[order], present[order])
    return Table(variant, seed, heads[2, order], heads[1, order] / 1000, columns)
