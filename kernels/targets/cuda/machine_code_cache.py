"""Machine code that was made before, in the folder of the cache for these kernels and versions."""

from __future__ import annotations

import contextlib
import functools
import gc
import hashlib
import importlib.metadata
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kernels.targets import cache
from kernels.targets.cuda import nvidia_compilers
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


def name_of(key: Sequence[str]) -> str:
    """The name in the cache of what is kept under `key`."""
    digest = hashlib.sha256("\0".join([_versions(), *key]).encode()).hexdigest()
    return f"cuda-{digest[:24]}"


def _place(key: Sequence[str]) -> str:
    return name_of(["machine code", *key])


def has(key: Sequence[str]) -> bool:
    """Whether there is machine code for `key`."""
    return cache.has(_place(key))


def machine_code(
    key: Sequence[str], ptx: Callable[[], tuple[str, str]], capability: tuple[int, int]
) -> tuple[str, bytes]:
    """The name of the entry and the machine code of what `ptx` makes (PTX, and that name), from the cache if it was
    made before."""
    content = cache.read(_place(key))
    if content is None:
        made, entry = ptx()
        content = entry.encode() + b"\0" + nvidia_compilers.to_machine_code(made, capability, MOST_REGISTERS)
        cache.write(_place(key), content)
    name, _, code = content.partition(b"\0")
    return name.decode(), code


def ptx_of(function: Callable[[], Callable], capability: tuple[int, int], small: bool = True) -> tuple[str, str]:
    """PTX of what `function` gives, and the name of its entry, as `kernels.targets.cuda.compiler.to_ptx` has it."""
    return load_compiler().to_ptx(function(), capability, small)


def load_compiler() -> Any:
    """`kernels.targets.cuda.compiler`, and with it numba; no two threads should load them at the same time."""
    with _loading, without_collecting():
        from kernels.targets.cuda import compiler

    return compiler


@contextlib.contextmanager
def without_collecting() -> Iterator[None]:
    """Inside, Python looks for no circles of objects that nobody holds: numba leaves 20 MB of them while it compiles an
    interpreter, and to look for them again and again took a quarter of its time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
