"""The files that a run read: where each was, and what was in it, by which it is known again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """One file that a run read.

    name:   as the scenario has it, perhaps relative to the scenario's folder;  path: the same, absolute
    digest: of its contents, BLAKE2b in hexadecimal digits; the same digest is the same file, wherever it is
    size:   in bytes
    before: the digest with which the run began, where it went on with other contents; "" where it did not
    """

    name: str
    path: str
    digest: str
    size: int
    before: str = ""


def read_source(name: str, path: Path) -> Source:
    """A file as it is now; of a folder only the names and sizes of its files count, as they may be gigabytes. Raises
    OSError if it cannot be read."""
    content = hashlib.blake2b(digest_size=16)
    size = 0
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            if each.is_file() and not each.name.startswith("."):
                length = each.stat().st_size
                content.update(f"{each.relative_to(path).as_posix()}\0{length}\0".encode(errors="surrogateescape"))
                size += length
        return Source(name, str(path.absolute()), content.hexdigest(), size)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            content.update(block)
            size += len(block)
    return Source(name, str(path.absolute()), content.hexdigest(), size)


def sources_to_text(sources: Iterable[Source]) -> str:
    """As the database keeps them."""
    return json.dumps([dataclasses.asdict(each) for each in sources])


def sources_from_text(text: str) -> tuple[Source, ...]:
    """What `sources_to_text` wrote."""
    return tuple(Source(**each) for each in json.loads(text))
