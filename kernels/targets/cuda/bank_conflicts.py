"""How many turns a multiprocessor's shared memory takes for what the threads of its warps access at once.

Words of 4 bytes lie in 32 banks by turns, and a bank answers with one word at a time, to as many threads as want it. Of
accesses of 8 or 16 bytes a half or a quarter of a warp has its turn together.
"""

from __future__ import annotations

import numpy as np

from kernels.targets.cuda.code_generation import WARP

BANKS = 32


def wavefronts(places: np.ndarray, wide: int) -> int:
    """Turns for one access of each thread, all warps together.

    places: the thread's first word, -1 if it accesses nothing; as many threads as fill warps;  wide: words, 1, 2 or 4
    """
    together = places.reshape(-1, max(1, WARP // wide))
    words = (together[:, :, None] + np.arange(wide)).reshape(len(together), -1)
    words = np.sort(np.where(np.repeat(together < 0, wide, axis=1), -1, words), axis=1)
    first = words >= 0  # the first of equal words, of those that are accessed
    first[:, 1:] &= words[:, 1:] != words[:, :-1]
    turns = np.zeros((len(words), BANKS), np.int64)
    phase, place = np.nonzero(first)
    np.add.at(turns, (phase, words[phase, place] % BANKS), 1)
    return int(turns.max(axis=1).sum())
