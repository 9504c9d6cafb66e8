"""Bytes in memory that is made of real numbers: four to a place, so that images need a quarter of the room."""

from __future__ import annotations

import numpy as np

from kernels.language import device


@device
def byte_at(words, index):
    """Byte number `index` of an array of real numbers, as an integer from 0 to 255, in the order of their addresses.

    The numbers are never computed with: as numbers they mean nothing.
    """
    word = np.float32(words[index >> 2]).view(np.int32)
    return (word >> np.int32((index & 3) << 3)) & np.int32(255)


@byte_at.on("cpu", "float64")
@byte_at.on("cuda", "float64")
@byte_at.on("python", "float64")
def _byte_at_float64(words, index):
    word = np.float64(words[index >> 3]).view(np.int64)
    return (word >> np.int64((index & 7) << 3)) & np.int64(255)
