"""Random numbers for data: the same seed and name give the same numbers on every machine."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for each seed and purpose (the name of a set, or of something done to it).

    Philox 4x64 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), keyed by the seed and a hash of
    the purpose. Python's own `hash` of texts would differ from one process to the next.
    """
    name = int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little")
    key = np.array([seed % 2**64, name], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
