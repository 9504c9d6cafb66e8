"""Pictures as compact blobs: a JSON head, then the arrays as they are in memory, compressed.

Unlike the JSON of events this keeps every bit (infinities too) and costs little while a run is training.
"""

from __future__ import annotations

import dataclasses
import json
import typing
import zlib
from typing import Any

import numpy as np

from lab import pictures
from lab.pictures import Picture

_KINDS: dict[str, type] = {kind.kind: kind for kind in typing.get_args(pictures.Picture)}


def encode(picture: Picture) -> bytes:
    """One picture as a blob."""
    arrays: list[bytes] = []

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            arrays.append(value.tobytes())
            return {"array": [list(value.shape), value.dtype.str]}
        if isinstance(value, dict):
            return {"map": [[key, plain(each)] for key, each in value.items()]}
        if isinstance(value, (tuple, list)):
            return [plain(each) for each in value]
        if isinstance(value, np.generic):
            return value.item()
        return value

    fields = {each.name: plain(getattr(picture, each.name)) for each in dataclasses.fields(picture)}
    head = json.dumps([picture.kind, fields]).encode()
    return zlib.compress(len(head).to_bytes(4, "little") + head + b"".join(arrays), 1)


def decode(blob: bytes) -> Picture:
    """The picture that `encode` wrote. Raises zlib.error if the blob is damaged, KeyError for an unknown kind."""
    data = zlib.decompress(blob)
    start = 4 + int.from_bytes(data[:4], "little")
    kind, fields = json.loads(data[4:start])
    position = start

    def rich(value: Any) -> Any:
        nonlocal position
        if isinstance(value, list):
            return tuple(rich(each) for each in value)
        if not isinstance(value, dict):
            return value
        if "map" in value:
            return {key: rich(each) for key, each in value["map"]}
        shape, name = value["array"]
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(data, np.dtype(name), count, position).reshape(shape).copy()
        position += array.nbytes
        return array

    return _KINDS[kind](**{name: rich(value) for name, value in fields.items()})
