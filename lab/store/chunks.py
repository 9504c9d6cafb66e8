"""Many measured events of one replica in one blob.

Per event three integers (sequence number in the run, milliseconds since the run began, step) and one float64 per
metric. The integers are stored as differences and all numbers as byte planes (first all lowest bytes, then all second
lowest, ...), because like bytes side by side are what zlib is good at. Every bit of every value comes back, NaN
included.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

PIECE_BYTES = 1 << 20
"""A chunk holds no more than this before compression, so that readers need little memory."""
OPEN_BYTES = 1 << 14
"""A chunk smaller than this is written again with the next events of its replica, so that slow runs need few chunks."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """`heads` int64 [3, rows]: sequence, milliseconds, step; `values` float64 [metrics, rows]."""

    heads: np.ndarray
    values: np.ndarray

    @property
    def rows(self) -> int:
        return self.heads.shape[1]

    @property
    def bytes(self) -> int:
        """Size before compression."""
        return self.heads.nbytes + self.values.nbytes

    @property
    def steps(self) -> np.ndarray:
        return self.heads[2]

    def select(self, rows: np.ndarray | slice) -> Chunk:
        """The chunk of these rows only."""
        return Chunk(self.heads[:, rows], self.values[:, rows])

    def join(self, other: Chunk) -> Chunk:
        """This chunk followed by another one of the same metrics."""
        return Chunk(np.hstack((self.heads, other.heads)), np.hstack((self.values, other.values)))

    def pieces(self) -> list[Chunk]:
        """The chunk in order, cut so that none is larger than `PIECE_BYTES`."""
        rows = max(1, PIECE_BYTES // (8 * (3 + len(self.values))))
        return [self.select(slice(start, start + rows)) for start in range(0, self.rows, rows)]


def _planes(numbers: np.ndarray) -> bytes:
    lines, rows = numbers.shape
    return numbers.view(np.uint8).reshape(lines, rows, 8).transpose(0, 2, 1).tobytes()


def _numbers(data: np.ndarray, lines: int, rows: int, kind: str) -> np.ndarray:
    return np.ascontiguousarray(data.reshape(lines, 8, rows).transpose(0, 2, 1)).view(kind).reshape(lines, rows)


def encode(chunk: Chunk) -> bytes:
    """The chunk as a compressed blob."""
    differences = np.diff(chunk.heads, axis=1, prepend=np.zeros((3, 1), np.int64))
    values = np.ascontiguousarray(chunk.values, "<f8")
    return zlib.compress(_planes(np.ascontiguousarray(differences, "<i8")) + _planes(values), 1)


def decode(blob: bytes, rows: int, metrics: int) -> Chunk:
    """The chunk of `rows` events with `metrics` values each. Raises zlib.error if the blob is damaged."""
    data = np.frombuffer(zlib.decompress(blob), np.uint8)
    heads_end = 3 * 8 * rows
    if data.size != heads_end + 8 * metrics * rows:
        raise zlib.error("the chunk has another size than its table says")
    heads = np.cumsum(_numbers(data[:heads_end], 3, rows, "<i8"), axis=1, dtype=np.int64)
    return Chunk(heads, _numbers(data[heads_end:], metrics, rows, "<f8"))
