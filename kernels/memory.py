"""The memory of one replica: its arena, the shared segment it reads, its integer state."""

from __future__ import annotations

import contextlib
import mmap

import numpy as np

from kernels.plan import SEED, STATE_SIZE


class Memory:
    """The memory of one replica on the CPU.

    arena:  how many elements its own array has, which begins as zeros and is aligned to cache lines
    shared: the data that it reads in common with other replicas, of the same real type
    seed:   the seed of the run, kept in the replica's integers (`state`)
    """

    def __init__(self, arena: int, shared: np.ndarray, seed: int = 0) -> None:
        self.arena = aligned_zeros(arena, shared.dtype.name)
        self.shared = shared
        self.state = np.zeros(STATE_SIZE, np.int64)
        self.state[SEED] = seed


LARGE = 1 << 20
"""Bytes from which on memory is taken from the system, and not from what the process has used before."""
_HUGE = 1 << 22
"""Bytes from which on pages of 2 MiB are asked for, as NumPy does for its own arrays."""


def _from_system(size: int) -> np.ndarray:
    pages = mmap.mmap(-1, size)
    if size >= _HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without them
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, np.uint8)


def aligned_zeros(size: int, real_name: str, alignment: int = 64) -> np.ndarray:
    """Make an array of `size` zeros of a real type whose first element stands at a multiple of `alignment` bytes.

    A large one comes from the system itself: pages that nobody touches take no memory, and all are given back with it.
    """
    item = np.dtype(real_name).itemsize
    raw = _from_system(size * item + alignment) if size * item >= LARGE else np.zeros(size * item + alignment, np.uint8)
    shift = -raw.ctypes.data % alignment
    return raw[shift : shift + size * item].view(real_name)
