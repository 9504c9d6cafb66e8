"""Which runs there are, and what is known of each: what can be had without NumPy."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from lab.errors import BadInput, nearest
from lab.home import home_folder, with_home
from lab.store import database, files
from lab.store.information import COLUMNS, STATES, RunInfo, from_row


class RunIndex:
    """The runs under one home folder. Cheap to open: nothing is read or made until it is needed.

    home: the folder; the database is `home/runs.sqlite`, the files of a run are in `home/runs/<name>`

    Methods that read raise BadInput when the database is damaged, newer than this lab, or not readable, and when a
    run is not there. They may be called from any thread and while runs are being written.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / database.FILE_NAME
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    @classmethod
    def open(cls, home: Path | str | None = None) -> Self:
        """The store under `home`; by default `$LAB_HOME` or the user's data folder."""
        return cls(home_folder() if home is None else with_home(home))

    def close(self) -> None:
        """Closes what reading has opened. Writers have connections of their own."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def folder(self, name: str) -> Path:
        """Where the files of a run are; the folder exists if there are any."""
        return self.home / "runs" / name

    def _reading(self) -> sqlite3.Connection | None:
        with self._lock:
            if self._connection is None:
                self._connection = database.connect_to_read(self.path)
            return self._connection

    def runs(self, scenario: str | None = None, state: str | None = None, tags: Sequence[str] = ()) -> list[RunInfo]:
        """All runs, newest first; of one scenario (its slug) and the sweeps of it, in one state (one of `STATES`), with
        all of these tags, if these are given."""
        if state is not None and state not in STATES:
            raise BadInput(f"There is no state {state!r}: {nearest(state, STATES)}.")
        connection = self._reading()
        if connection is None:
            return []
        with database.reading(self.path), self._lock:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM runs WHERE ? IS NULL OR slug IN (?, ?) ORDER BY id DESC",
                (scenario, scenario, f"sweep-{scenario}"),
            ).fetchall()
            found = [self._with_steps(connection, from_row(row)) for row in rows]
        return [info for info in found if state in (None, info.state) and set(tags) <= set(info.tags)]

    def find(self, wanted: str) -> RunInfo:
        """The run with this name, the only one whose name begins so, or the newest for `latest`. Raises BadInput."""
        connection = self._reading()
        names: list[str] = []
        if connection is not None:
            with database.reading(self.path), self._lock:
                rows = connection.execute("SELECT name FROM runs ORDER BY id DESC").fetchall()
            names = [name for (name,) in rows]
        if not names:
            raise BadInput(f"No runs are stored in {self.home} yet: `lab run SCENARIO` makes one.")
        if wanted == "latest":
            return self.info(names[0])
        matching = [wanted] if wanted in names else [name for name in names if wanted and name.startswith(wanted)]
        if len(matching) == 1:
            return self.info(matching[0])
        if matching:
            shown = ", ".join(matching[:5]) + (", …" if len(matching) > 5 else "")
            raise BadInput(f"{wanted!r} is the beginning of {len(matching)} runs ({shown}): write more of the name.")
        hint = nearest(wanted, names) if len(names) <= 10 else _short_hint(wanted, names)
        raise BadInput(f"There is no run {wanted!r}: {hint}" + ("" if hint.endswith("?") else "."))

    def info(self, name: str) -> RunInfo:
        """What is known about the run `name`."""
        connection = self._reading()
        if connection is not None:
            with database.reading(self.path), self._lock:
                row = connection.execute(f"SELECT {COLUMNS} FROM runs WHERE name = ?", (name,)).fetchone()
                if row is not None:
                    return self._with_steps(connection, from_row(row))
        raise BadInput(f"There is no run {name!r} in {self.home}.")

    def _with_steps(self, connection: sqlite3.Connection, info: RunInfo) -> RunInfo:
        """With the steps that an unfinished run has reached."""
        if info.state == "finished":
            return info
        reached: dict[str, dict[int, int]] = {}
        if info.cut_off:
            for (variant, seed), step in self._ends(connection, info).items():
                reached.setdefault(variant, {})[seed] = step
        for variant, seed, step in connection.execute(
            "SELECT variant, seed, max(last_step) FROM replicas JOIN chunks ON chunks.replica = replicas.id "
            "WHERE replicas.run = (SELECT id FROM runs WHERE name = ?) AND chunks.run = replicas.run "
            "GROUP BY replicas.id",
            (info.name,),
        ):
            reached.setdefault(variant, {}).setdefault(int(seed), step)
        return replace(info, reached=reached)

    def _ends(self, connection: sqlite3.Connection, info: RunInfo) -> dict[tuple[str, int], int]:
        """Where each replica of a run stands that stopped without saying so: at its newest whole checkpoint. One that
        has none, and was killed, stands at its beginning; where nothing could be saved any more, its record is all that
        there is, and is left as it is."""
        ends: dict[tuple[str, int], int] = {}
        run = "run = (SELECT id FROM runs WHERE name = ?)"
        if info.killed:
            for variant, seed in connection.execute(f"SELECT variant, seed FROM replicas WHERE {run}", (info.name,)):
                ends[variant, int(seed)] = 0
        for variant, seed, step, file in connection.execute(
            f"SELECT variant, seed, step, name FROM files WHERE {run} AND kind = ? ORDER BY step DESC, id DESC",
            (info.name, files.CHECKPOINTS),
        ):
            if step > ends.get((variant, int(seed)), -1) and files.is_whole(self.folder(info.name) / file):
                ends[variant, int(seed)] = step
        return ends


def _short_hint(wanted: str, names: Sequence[str]) -> str:
    """The nearest name without a listing of all: there are too many."""
    hint = nearest(wanted, names)
    return hint.partition(" Allowed:")[0] if hint.startswith("did you mean") else "`lab runs` lists them all"
