"""Machine code that was made before, in the folder of the cache for these kernels and versions."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numba
import numpy as np

from kernels.targets.cache import cache_folder, put
from kernels.targets.cuda.choices import MOST_REGISTERS


@functools.cache
def _versions() -> str:
    parts = [sys.version, numba.__version__, np.__version__]
    for name in ("numba-cuda", "nvidia-nvvm", "nvidia-nvjitlink", "cuda-core"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            parts.append(f"{name} {importlib.metadata.version(name)}")
    return " ".join(parts)


def place(key: Sequence[str]) -> Path:
    """The file of the cache for what is made from `key`; the folder is that of these kernels and versions."""
    digest = hashlib.sha256("\0".join([_versions(), *key]).encode()).hexdigest()
    return cache_folder() / f"cuda-{digest[:24]}"


def machine_code(
    key: Sequence[str], function: Callable[[], Callable], capability: tuple[int, int], small: bool = True
) -> tuple[str, bytes]:
    """The name of the entry and the machine code of what `function` gives, from the cache if it was made before.

    small: as `kernels.targets.cuda.compiler.to_ptx` has it
    """
    path = place(key)
    try:
        content = path.read_bytes()
    except OSError:
        from kernels.targets.cuda import compiler

        ptx, entry = compiler.to_ptx(function(), capability, small)
        content = entry.encode() + b"\0" + compiler.to_machine_code(ptx, capability, MOST_REGISTERS)
        put(path, content)
    name, _, code = content.partition(b"\0")
    return name.decode(), code
