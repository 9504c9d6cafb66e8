"""What this machine and this installation have, as plain data: for `lab doctor`, and beside every measurement."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any

PINNED = "OPENBLAS_CORETYPE"
"""A variable that makes OpenBLAS use the kernels of another processor than the one it finds."""

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")

_ASKED = re.compile(r"^[A-Za-z0-9._-]+\s*\[([^\]]*)\]")

LIBRARIES = ("numpy", "numba", "llvmlite", "scipy", "scikit-learn", "typer", "rich", "textual", "plotext", "pydantic")


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory in bytes, system and Python."""
    from lab.session import available_cores

    return {
        "processor": processor(),
        "cores": available_cores(),
        "memory": memory(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def processor() -> str:
    """The name of the processor, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def memory() -> int | None:
    """Bytes of main memory; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def versions() -> dict[str, str]:
    """Version by library; those that are missing are left out."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def extras() -> dict[str, list[str]]:
    """The optional extras of the lab, each with the packages that it still lacks."""
    lacking: dict[str, list[str]] = {}
    for requirement in metadata.requires("backprop-lab") or ():
        name, extra = _NAME.match(requirement), _EXTRA.search(requirement)
        if name is None or extra is None:
            continue
        asked = [name[0], *_brought_along(name[0], requirement)]
        lacking.setdefault(extra[1], []).extend(each for each in asked if not _installed(each))
    return lacking


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _brought_along(package: str, requirement: str) -> list[str]:
    """The requirements of a package for those of its extras that are asked for, as in `package[extra]`."""
    asked = _ASKED.search(requirement)
    if asked is None or not _installed(package):
        return []
    extras = {each.strip() for each in asked[1].split(",")}
    found = []
    for each in metadata.requires(package) or ():
        name, extra = _NAME.match(each), _EXTRA.search(each)
        if name is not None and extra is not None and extra[1] in extras:
            found.append(name[0])
    return found


def blas() -> dict[str, Any] | None:
    """The BLAS that multiplies matrices in kernels: library, version, the processor whose kernels it uses, threads."""
    from kernels.targets.blas import blas_libraries, load_blas

    load_blas()
    for each in blas_libraries():
        return {
            "library": each.internal_api,
            "version": each.version,
            "kernels": getattr(each, "architecture", None),
            "threads": each.num_threads,
            "path": each.filepath,
        }
    return None


def pinned() -> str | None:
    """What `OPENBLAS_CORETYPE` is set to, None if it is not."""
    return os.environ.get(PINNED) or None
