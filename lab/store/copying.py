"""A second record of a run, from which another one goes on: its rows under another name, its files as links."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from pathlib import Path

from lab.store.information import run_number
from lab.store.process import Process

_KEPT = "slug, path, title, text, overrides, options, variants, seeds, steps, metrics, device, versions, sources"
_COUNTED = "sequence, elapsed, measured"


def copy_rows(connection: sqlite3.Connection, old: int, old_name: str, new_name: str, process: Process) -> None:
    """Copies the rows of run number `old` for a run `new_name` that `process` is about to write, inside a transaction
    that the caller begins and ends. Verdicts and the end of the old run are left out."""
    now = time.time()
    own = "name, origin, created, seen, state, machine, pid, process_started"
    connection.execute(
        f"INSERT INTO runs ({own}, {_KEPT}, {_COUNTED}) SELECT ?, ?, ?, ?, 'running', ?, ?, ?, {_KEPT}, {_COUNTED} "
        "FROM runs WHERE id = ?",
        (new_name, old_name, now, now, process.machine, process.pid, process.started, old),
    )
    new = run_number(connection, new_name)
    numbers = {"old": old, "new": new, "name": new_name}
    for table, columns in (
        ("replicas", "variant, seed"),
        ("metric_lists", "names"),
        ("pictures", "variant, seed, title, sequence, elapsed, step, data"),
        ("files", "kind, variant, seed, step, name"),
    ):
        connection.execute(
            f"INSERT INTO {table} (run, {columns}) SELECT :new, {columns} FROM {table} WHERE run = :old ORDER BY rowid",
            numbers,
        )
    connection.execute(
        "INSERT INTO notes (run, sequence, elapsed, kind, content) SELECT :new, sequence, elapsed, kind, "
        "CASE kind WHEN 'started' THEN json_set(content, '$.run', :name) ELSE content END "
        "FROM notes WHERE run = :old AND kind NOT IN ('claim', 'ended', 'failed')",
        numbers,
    )
    connection.execute(
        "INSERT INTO chunks (run, replica, metrics, first, rows, last_step, data) "
        "SELECT :new, r.id, m.id, c.first, c.rows, c.last_step, c.data FROM chunks c "
        "JOIN replicas o ON o.id = c.replica "
        "JOIN replicas r ON r.run = :new AND r.variant = o.variant AND r.seed = o.seed "
        "JOIN metric_lists l ON l.id = c.metrics JOIN metric_lists m ON m.run = :new AND m.names = l.names "
        "WHERE c.run = :old ORDER BY c.id",
        numbers,
    )


def link_files(old: Path, new: Path) -> None:
    """The files of a run's folder also in another one. They are never written to, only replaced, so both may have the
    same; where the disk has no links they are copied. Raises OSError."""
    for file in sorted(old.rglob("*.safetensors")) if old.exists() else ():
        target = new / file.relative_to(old)
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            os.link(file, target)
            continue
        shutil.copy2(file, target)
