"""The memory of one replica: its arena, the shared segment it reads, its integer state."""

from __future__ import annotations

import numpy as np

from kernels.plan import SEED, STATE_SIZE


class Memory:
    """Arena (elements of one real type, zeroed, aligned to cache lines), shared segment and integer state."""

    def __init__(self, arena: int, shared: np.ndarray, seed: int = 0) -> None:
        self.arena = aligned_zeros(arena, shared.dtype.name)
        self.shared = shared
        self.state = np.zeros(STATE_SIZE, np.int64)
        self.state[SEED] = seed


def aligned_zeros(size: int, real_name: str, alignment: int = 64) -> np.ndarray:
    """A zeroed array whose first element stands at a multiple of `alignment` bytes."""
    item = np.dtype(real_name).itemsize
    raw = np.zeros(size * item + alignment, np.uint8)
    shift = -raw.ctypes.data % alignment
    return raw[shift : shift + size * item].view(real_name)
