"""Machine code that was made before, in the folder of the cache for these kernels and versions."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numba
import numpy as np


@functools.cache
def _versions() -> str:
    parts = [sys.version, numba.__version__, np.__version__]
    for name in ("numba-cuda", "nvidia-nvvm", "nvidia-nvjitlink", "cuda-core"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            parts.append(f"{name} {importlib.metadata.version(name)}")
    return " ".join(parts)


def place(key: Sequence[str]) -> Path:
    """The file of the cache for what is made from `key`; the folder is that of these kernels and versions."""
    from kernels.targets.cache import cache_folder

    digest = hashlib.sha256("\0".join([_versions(), *key]).encode()).hexdigest()
    return cache_folder() / f"cuda-{digest[:24]}"


def kept(key: Sequence[str], make: Callable[[], bytes]) -> bytes:
    """What `make` gives, from the cache if it was made before."""
    path = place(key)
    try:
        return path.read_bytes()
    except OSError:
        made = make()
    with contextlib.suppress(OSError):
        partial = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.partial")
        partial.write_bytes(made)
        os.replace(partial, path)
    return made
