"""What a run, a tag and a note may be called."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from lab.errors import BadInput

_NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}"
_TAG = r"[\w.:/+#=-]{1,40}"
_LONGEST_NOTE = 500


def refuse_name(name: str) -> None:
    """Raises BadInput for what cannot be the name of a run."""
    if not re.fullmatch(_NAME, name) or name == "latest":
        raise BadInput(f"{name!r} cannot be the name of a run: use letters, digits, - and _, up to 80 of them.")


def refuse_marks(tags: Iterable[str], note: str | None) -> None:
    """Raises BadInput for what cannot be a tag, or a note."""
    for tag in tags:
        if not re.fullmatch(_TAG, tag):
            raise BadInput(f"{tag!r} cannot be a tag: use up to 40 letters, digits and signs, without blanks.")
    if note is not None and (len(note) > _LONGEST_NOTE or not note.isprintable()):
        raise BadInput(f"A note is one line of at most {_LONGEST_NOTE} characters.")


def _base(slug: str) -> str:
    """A slug as it may stand in the name of a folder."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", slug).strip("-").lower()[:80] or "run"


def free_name(connection: sqlite3.Connection, folder: Path, slug: str) -> str:
    """The slug with the next number that no run has yet, nor a folder in `folder`: after a database was lost, the
    weights that it knew are still there, and may be all that is left of a long training."""
    base = _base(slug)
    pattern = base.replace("_", r"\_") + "-%"
    taken = [name for (name,) in connection.execute(r"SELECT name FROM runs WHERE name LIKE ? ESCAPE '\'", (pattern,))]
    with contextlib.suppress(FileNotFoundError):
        taken += [each for each in os.listdir(folder) if each.startswith(f"{base}-")]
    numbers = [int(end) for each in taken if (end := each[len(base) + 1 :]).isdecimal()]
    return f"{base}-{max(numbers, default=0) + 1}"
