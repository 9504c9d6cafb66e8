"""Machine code that was made before, in the folder of the cache for these kernels and versions."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import threading
from collections.abc import Callable, Sequence

from kernels.targets import cache
from kernels.targets.cuda.launch_configuration import MOST_REGISTERS

TOOLKIT = (
    "numba-cuda",
    "cuda-core",
    "nvidia-nvvm",
    "nvidia-nvjitlink",
    "nvidia-cuda-nvcc-cu12",  # where NVVM is in CUDA 12
    "nvidia-nvjitlink-cu12",
)
"""Packages whose versions make a difference to machine code, beside those that name the folder."""

_loading = threading.Lock()


@functools.cache
def _versions() -> str:
    parts = []
    for name in TOOLKIT:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            parts.append(f"{name} {importlib.metadata.version(name)}")
    return " ".join(parts)


def _name(key: Sequence[str]) -> str:
    digest = hashlib.sha256("\0".join([_versions(), *key]).encode()).hexdigest()
    return f"cuda-{digest[:24]}"


def has(key: Sequence[str]) -> bool:
    """Whether there is machine code for `key`."""
    return cache.has(_name(key))


def machine_code(
    key: Sequence[str], function: Callable[[], Callable], capability: tuple[int, int], small: bool = True
) -> tuple[str, bytes]:
    """The name of the entry and the machine code of what `function` gives, from the cache if it was made before.

    small: as `kernels.targets.cuda.compiler.to_ptx` has it
    """
    content = cache.read(_name(key))
    if content is None:
        with _loading:  # the compiler, and with it numba, by one thread at a time
            from kernels.targets.cuda import compiler

        ptx, entry = compiler.to_ptx(function(), capability, small)
        content = entry.encode() + b"\0" + compiler.to_machine_code(ptx, capability, MOST_REGISTERS)
        cache.write(_name(key), content)
    name, _, code = content.partition(b"\0")
    return name.decode(), code
