"""The memory of the machine's device: pieces of one pool, and what is noted of each word of it."""

from __future__ import annotations

import bisect

import numpy as np

from tests.ptx_machine.access_checks import NOTE
from tests.ptx_machine.thread import Space

BETWEEN = 256
"""Bytes between segments, which nobody may touch; segments begin at multiples of it, as on a GPU."""


class Pool:
    """Segments of memory. Neither the pool nor its notes take memory of this process before they are used."""

    def __init__(self, size: int = 1 << 28) -> None:
        self._bytes = np.zeros(size + BETWEEN, np.uint8)
        self.notes = np.zeros(size // 4, NOTE)
        self.address = -(-self._bytes.ctypes.data // BETWEEN) * BETWEEN
        self._end = 0
        self._segments: dict[int, int] = {}
        self._free: dict[int, list[int]] = {}

    def allocate(self, size: int, space: Space = Space.GLOBAL) -> int:
        """The address of so many new bytes, in which there is nothing."""
        room = -(-size // BETWEEN) * BETWEEN + BETWEEN
        if self._free.get(room):
            offset = self._free[room].pop()
        else:
            offset, self._end = self._end, self._end + room
            if self._end > 4 * len(self.notes):
                raise MemoryError("the machine's memory is full")
        self._segments[offset] = size
        notes = self._notes(offset, size)
        notes[...] = 0
        notes["space"] = space
        self.bytes(self.address + offset, size)[:] = 0xCD
        return self.address + offset

    def free(self, address: int) -> None:
        offset = address - self.address
        size = self._segments.pop(offset)
        self._notes(offset, size)[...] = 0
        self._free.setdefault(-(-size // BETWEEN) * BETWEEN + BETWEEN, []).append(offset)

    def _notes(self, offset: int, size: int) -> np.ndarray:
        return self.notes[offset // 4 : -(-(offset + size) // 4)]

    def bytes(self, address: int, size: int) -> np.ndarray:
        """Those of a segment, or of a part of it."""
        start = address - self._bytes.ctypes.data
        return self._bytes[start : start + size]

    def write(self, address: int, content: np.ndarray) -> None:
        """Put bytes there from outside."""
        self._belongs(address, content.nbytes)
        self.bytes(address, content.nbytes)[:] = np.ascontiguousarray(content).reshape(-1).view(np.uint8)
        self._notes(address - self.address, content.nbytes)["written"] = 1

    def read(self, address: int, size: int) -> np.ndarray:
        self._belongs(address, size)
        return self.bytes(address, size)

    def _belongs(self, address: int, size: int) -> None:
        start, length = self._segment(address)
        if not start <= address - self.address <= start + length - size:
            raise MemoryError(f"{size} bytes of {self.described(address)} are copied")

    def _segment(self, address: int) -> tuple[int, int]:
        """The segment in which an address lies, or the last one before it."""
        starts = sorted(self._segments)
        place = bisect.bisect(starts, address - self.address) - 1
        return (starts[place], self._segments[starts[place]]) if place >= 0 else (0, 0)

    def described(self, address: int) -> str:
        """An address in words."""
        start, size = self._segment(address)
        return f"byte {address - self.address - start} of a segment of {size}"
