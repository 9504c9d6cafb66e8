"""Files of named arrays beside the database: written as a whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

CHECKPOINTS, WEIGHTS = "checkpoints", "weights"
CHECKSUM = "checksum"
"""The text beside the arrays that is the file's own; files of version 0.1.0 have none."""
OLDER_KEPT = 20
"""So many checkpoints of one replica are kept, spread over its training, the first and the newest among them."""


def readable(name: str) -> str:
    """A name as part of a file name: letters, digits and a few signs; different names may become the same."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:60]


def file_name(kind: str, replica: int, variant: str, seed: int, step: int) -> str:
    """A name, relative to the run's folder, that any file system takes.

    kind:    `CHECKPOINTS` or `WEIGHTS`
    replica: its number; it makes the name unique, `variant` is in it for people and loses odd characters
    """
    ending = f"-step{step}" if kind == CHECKPOINTS else ""
    return f"{kind}/{replica}-{readable(variant)}-seed{seed}{ending}.safetensors"


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_atomically(path: Path, data: bytes) -> None:
    """Writes `data` so that at any moment `path` is either absent, as it was, or complete. Raises OSError.

    A link stays one: what it leads to is written. What is no file, as /dev/stdout or a named pipe, is written to as it
    is: to put a file in the place of a device would take the device away from everyone.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as device:
            device.write(data)
        return
    path = path.resolve() if path.is_symlink() else path
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _write(temporary, data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except PermissionError:
        return  # Windows opens no folders, and writes their entries by itself
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def copied(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Copies that the caller's further work cannot change, each contiguous, of the same shape and type."""
    import numpy as np

    return {name: np.array(array, order="C", copy=True) for name, array in arrays.items()}


def save_arrays(path: Path, arrays: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> None:
    """Saves arrays (any float, integer or bool type) as one safetensors file, with a checksum. Raises OSError."""
    from safetensors.numpy import save

    texts = metadata or {}
    write_atomically(path, save(arrays, texts | {CHECKSUM: _checksum(arrays, texts)}))


def load_metadata(path: Path) -> dict[str, str]:
    """The texts beside the arrays of a safetensors file. Raises OSError, or ValueError if the file is damaged."""
    return _load(path)[1]


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file. Raises OSError, or ValueError if the file is damaged."""
    return _load(path)[0]


def _load(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    content = path.read_bytes()
    try:
        arrays = load(content)
        texts = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")]).get("__metadata__") or {}
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged: its {len(content):,} bytes are no whole file of weights (safetensors)"
        ) from error
    kept = texts.pop(CHECKSUM, None)
    if kept is not None and kept != _checksum(arrays, texts):
        raise ValueError(f"{path} is damaged: what is in it is not what was written")
    return arrays, texts


def _checksum(arrays: Mapping[str, np.ndarray], texts: Mapping[str, str]) -> str:
    """Of names, types, shapes and bytes: a bit that has rotted would else be a weight like any other."""
    import numpy as np

    about = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    total = zlib.crc32(json.dumps([sorted(about.items()), sorted(texts.items())]).encode())
    for name in sorted(arrays):
        total = zlib.crc32(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data, total)
    return f"{total:08x}"


def is_whole(path: Path) -> bool:
    """Whether a safetensors file is there with all the bytes that its header announces, without reading them."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > path.stat().st_size:
                return False
            announced = json.loads(file.read(size))
            ends = [each["data_offsets"][1] for name, each in announced.items() if name != "__metadata__"]
            return path.stat().st_size == 8 + size + max(ends, default=0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def superfluous(steps: Sequence[int], limit: int = OLDER_KEPT) -> list[int]:
    """Which checkpoints to drop so that at most `limit` remain, evenly spread; the first and newest always stay.

    steps: the steps at which there are checkpoints, ascending

    Dropped is, one at a time, the one whose neighbours are nearest to each other: as training goes on the distances
    double, all over.
    """
    kept, dropped = list(steps), []
    while len(kept) > max(limit, 3):
        gaps = [after - before for before, after in zip(kept[:-3], kept[2:-1], strict=True)]
        dropped.append(kept.pop(1 + gaps.index(min(gaps))))
    return dropped
