"""The database file: its schema by version, and what can be wrong with it, in sentences."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from lab.errors import BadInput

FILE_NAME = "runs.sqlite"
APPLICATION = 0x6C616231  # "lab1": tells the store from any other SQLite file
WAIT_SECONDS = 5.0
EMPTY_SECONDS = 0.5

# One script per version; a script, once released, never changes. `PRAGMA user_version` counts those that were run.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        slug TEXT NOT NULL,
        path TEXT,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        overrides TEXT NOT NULL,
        options TEXT NOT NULL,
        variants TEXT NOT NULL,
        seeds TEXT NOT NULL,
        steps TEXT NOT NULL,
        metrics TEXT NOT NULL,
        device TEXT NOT NULL,
        versions TEXT NOT NULL,
        created REAL NOT NULL,
        ended REAL,
        state TEXT NOT NULL,
        problem TEXT NOT NULL DEFAULT '',
        machine TEXT NOT NULL,
        pid INTEGER NOT NULL,
        process_started TEXT NOT NULL,
        seen REAL NOT NULL,
        sequence INTEGER NOT NULL DEFAULT 0,
        elapsed INTEGER NOT NULL DEFAULT 0,
        measured INTEGER NOT NULL DEFAULT 0,
        ending TEXT
    );
    CREATE INDEX runs_by_slug ON runs (slug);
    CREATE TABLE replicas (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        variant TEXT NOT NULL,
        seed TEXT NOT NULL,
        UNIQUE (run, variant, seed)
    );
    CREATE TABLE metric_lists (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        names TEXT NOT NULL,
        UNIQUE (run, names)
    );
    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        replica INTEGER NOT NULL,
        metrics INTEGER NOT NULL,
        first INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        last_step INTEGER NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX chunks_in_order ON chunks (run, replica, metrics, first);
    CREATE TABLE notes (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        sequence INTEGER NOT NULL,
        elapsed INTEGER NOT NULL,
        kind TEXT NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (run, sequence)
    ) WITHOUT ROWID;
    CREATE TABLE pictures (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        variant TEXT NOT NULL,
        seed TEXT NOT NULL,
        title TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        elapsed INTEGER NOT NULL,
        step INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (run, variant, seed, title)
    );
    CREATE TABLE files (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        kind TEXT NOT NULL,
        variant TEXT NOT NULL,
        seed TEXT NOT NULL,
        step INTEGER NOT NULL,
        name TEXT NOT NULL,
        UNIQUE (run, kind, variant, seed, step)
    );
    """,
    """
    ALTER TABLE runs ADD COLUMN sources TEXT NOT NULL DEFAULT '[]';
    """,
    """
    ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT '';
    """,
    """
    ALTER TABLE runs ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT '';
    """,
)

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def error_code(error: sqlite3.Error) -> int:
    """The primary SQLite result code of an error (0: the error did not come from SQLite itself)."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error says that the file itself is broken."""
    return error_code(error) in _DAMAGED


def is_busy(error: sqlite3.Error) -> bool:
    """Whether the error says that another process holds the database just now."""
    return error_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def damaged(path: Path) -> BadInput:
    """The sentence about a file that is not, or no longer, a run store."""
    return BadInput(
        f"{path} is damaged or is no run store of the lab: move it away, together with {path.name}-wal and "
        f"{path.name}-shm if they are there, and a new one is started (its checkpoints stay in {path.parent / 'runs'})."
    )


def _refuse_emptied(path: Path) -> None:
    """Raises BadInput if the database has no content though there are runs: a full disk, or a copy that was broken off,
    has cost it. An empty one that another process has just begun to make gets its content in a moment."""
    until = time.monotonic() + EMPTY_SECONDS
    while path.is_file() and not path.stat().st_size and any((path.parent / "runs").glob("*/*/*")):
        if time.monotonic() > until:
            raise BadInput(
                f"{path} is empty, but {path.parent / 'runs'} has files of runs that it knew: put a copy of it back, "
                f"or remove it, and a new one is started (those files stay where they are)."
            )
        time.sleep(0.02)


@contextlib.contextmanager
def reading(path: Path, intent: str = "read") -> Iterator[None]:
    """Turns what can go wrong with the database at `path` into one sentence (BadInput): it "cannot be" `intent`."""
    try:
        yield
    except (zlib.error, ValueError, LookupError, TypeError) as error:
        # Blobs, JSON and text that SQLite handed over in good faith and that do not say what they should.
        raise damaged(path) from error
    except sqlite3.Error as error:
        if is_damage(error):
            raise damaged(path) from error
        if is_busy(error):
            raise BadInput(f"{path} is in use by another process that holds it for long: try again later.") from error
        raise BadInput(f"{path} cannot be {intent}: {error}.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be {intent}: {error.strerror or error}.") from error


def _identity(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """(application, version, number of tables), all of the same moment: another process may be making the file."""
    connection.execute("BEGIN")
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
    return application, version, tables


def _begin_log(connection: sqlite3.Connection) -> None:
    """Switches a new file to a write-ahead log. Unlike other statements this one does not wait for other processes."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Brings the schema up to date. Raises BadInput if the file is newer than this lab or belongs to something else."""
    application, version, tables = _identity(connection)
    if application != APPLICATION:
        if version or tables:
            raise damaged(path)
    elif version == len(MIGRATIONS):
        return
    if version > len(MIGRATIONS):
        raise BadInput(
            f"{path} was written by a newer lab (its format is {version}, this lab knows up to {len(MIGRATIONS)}): "
            f"update backprop-lab, or set LAB_HOME to another folder."
        )
    if not version:
        # Both must come before the first table, outside of any transaction.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _begin_log(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while this one waited.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for number in range(version, len(MIGRATIONS)):
            for statement in MIGRATIONS[number].split(";"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def connect(path: Path) -> sqlite3.Connection:
    """Opens the database file for writing, creating it and its folder if they are not there.

    Waits up to `WAIT_SECONDS` whenever another process is writing. Raises OSError or sqlite3.Error if the file cannot
    be written, BadInput if it is damaged or newer than this lab.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _refuse_emptied(path)
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # With a write-ahead log this outlives a killed process; a power cut costs the last moments, never the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        _prepare(connection, path)
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
            with contextlib.suppress(sqlite3.Error):  # a full disk had left it so; see `delete`
                connection.execute("PRAGMA journal_mode = WAL").fetchall()
    except BaseException as error:
        connection.close()
        # A message of SQLite's about a rotten schema may itself be no text.
        if isinstance(error, UnicodeDecodeError) or (isinstance(error, sqlite3.Error) and is_damage(error)):
            raise damaged(path) from error
        raise
    return connection


def delete(connection: sqlite3.Connection, statement: str, values: tuple[object, ...]) -> None:
    """Deletes, and gives the room back to the disk, even if that is full.

    The write-ahead log, to which every change goes first, needs room itself. Where there is none left the change is
    made in the file at once, its journal kept in memory; that needs the database for itself. Raises sqlite3.Error.
    """
    try:
        connection.execute(statement, values)
        connection.execute("PRAGMA incremental_vacuum").fetchall()
    except sqlite3.OperationalError as error:
        if error_code(error) not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("PRAGMA journal_mode = MEMORY").fetchall()
        connection.execute(statement, values)
        connection.execute("PRAGMA incremental_vacuum").fetchall()
        connection.execute("PRAGMA locking_mode = NORMAL")
        with contextlib.suppress(sqlite3.Error):  # whoever opens it next sees to it
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
    # Removed runs leave room in the file; what is still in the log is not given back before it is written there.
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def problem(path: Path) -> str:
    """What is wrong with the database at a path, as a sentence, after all of it was looked through; "" if nothing is,
    or there is none."""
    from lab.store.chunks import decode

    try:
        connection = connect_to_read(path)
        if connection is None:
            return ""
        with contextlib.closing(connection), reading(path):
            (told,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if told != "ok":
                return str(damaged(path))
            for rows, names, data in connection.execute(
                "SELECT rows, names, data FROM chunks JOIN metric_lists ON metric_lists.id = chunks.metrics"
            ):
                decode(data, rows, len(json.loads(names)))
    except BadInput as error:
        return str(error)
    return ""


def connect_to_read(path: Path) -> sqlite3.Connection | None:
    """Opens the database for reading; None if there is none yet. Raises BadInput if it cannot be read."""
    with reading(path):
        if not path.exists():
            return None
        try:
            return connect(path)
        except sqlite3.Error as error:
            if error_code(error) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
                raise
        # On a read-only medium not even the files that readers share can be made: read the main file as it is.
        address = f"file:{quote(str(path))}?mode=ro&immutable=1"
        connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        if connection.execute("PRAGMA user_version").fetchone()[0] != len(MIGRATIONS):
            connection.close()
            raise BadInput(f"{path} has another format than this lab writes and is on a read-only medium.")
        return connection
