"""The folder where compiled code is kept, and what is kept there: a file of object code, with its checksum in front.

All of it together stays below `MOST_BYTES`; `lab doctor` prints how much there is.

Nothing notices by itself that a kernel changed, or what it calls; so the folder is named by a hash of the whole
`kernels` tree, of the versions that matter, and of the processor. Numba is not imported for it: with its code at hand,
a program starts without.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import sys
import threading
import time
from pathlib import Path

import llvmlite
import llvmlite.binding
import numpy as np

_TREE = Path(__file__).resolve().parent.parent
_CHECKSUM = 32
SUFFIX = ".code"
MOST_BYTES = 1024**3
"""Of all that is kept. Where it is more, what was not used for longest goes first."""


@functools.cache
def cache_folder() -> Path:
    """Find the folder in which compiled kernels are kept: one for this version of the kernels, python, numba and
    processor.

    `LAB_CACHE` names another place. Folders of other versions that were not used for a month are removed.
    """
    digest = hashlib.sha256()
    for path in sorted(_TREE.rglob("*.py")):
        digest.update(path.relative_to(_TREE).as_posix().encode() + b"\0" + path.read_bytes())
    processor = llvmlite.binding.get_host_cpu_name() + platform.machine()
    features = llvmlite.binding.get_host_cpu_features().flatten()
    versions = (sys.version, _numba_version(), llvmlite.__version__, np.__version__)
    for part in (*versions, processor, features):
        digest.update(part.encode() + b"\0")
    root = Path(os.environ["LAB_CACHE"]) if os.environ.get("LAB_CACHE") else _default_cache()
    folder = root / f"kernels-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "used").touch()
    except OSError as error:
        folder = _for_this_program(root, error.strerror or str(error)) / folder.name
        folder.mkdir()
        return folder
    _purge(root, keep=folder)
    return folder


def _for_this_program(root: Path, reason: str) -> Path:
    """Make a folder that goes when the program ends, for where nothing can be kept, and say so. The processes that
    compile for this one inherit the variable, so they use it too and are silent."""
    import tempfile

    made = tempfile.mkdtemp(prefix="backprop-lab-kernels-")
    os.environ["LAB_CACHE"] = made
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    print(
        f"Compiled code cannot be kept in {root} ({reason}): each start compiles anew; LAB_CACHE names another folder.",
        file=sys.stderr,
    )
    return Path(made)


def _numba_version() -> str:
    """What tells one installation of numba from another, without importing it: the text of its version file."""
    found = importlib.util.find_spec("numba")
    if found is not None and found.origin is not None:
        with contextlib.suppress(OSError):
            return Path(found.origin).with_name("_version.py").read_text()
    import numba

    return numba.__version__


def _default_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("backprop-lab")


def _purge(root: Path, keep: Path) -> None:
    month_ago = time.time() - 30 * 86400
    for folder in _own_folders(root):
        if folder != keep and _changed(folder / "used") < month_ago:
            shutil.rmtree(folder, ignore_errors=True)


def _own_folders(root: Path) -> list[Path]:
    """The folders of all versions, and nothing that somebody else has put there."""
    named = re.compile(r"kernels-[0-9a-f]{16}")
    return [each for each in root.glob("kernels-*") if named.fullmatch(each.name) and (each / "used").is_file()]


@functools.cache
def keep_within(most: int = MOST_BYTES) -> None:
    """Remove what was not used for longest, until no more than `most` bytes are kept: other versions' folders, and then
    this version's oldest files. It is done once, before something is added."""
    folder = cache_folder()
    others = [each for each in _own_folders(folder.parent) if each != folder]
    sizes = {each: sum(_size(file) for file in each.rglob("*")) for each in (*others, folder)}
    total = sum(sizes.values())
    for each in sorted(others, key=lambda each: _changed(each / "used")):
        if total <= most:
            return
        shutil.rmtree(each, ignore_errors=True)
        total -= sizes[each]
    for file in sorted(folder.rglob(f"*{SUFFIX}"), key=_changed):
        if total <= most:
            return
        total -= _size(file)
        with contextlib.suppress(OSError):
            file.unlink()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:  # another process removed it
        return 0


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def has(name: str) -> bool:
    """Tell whether code of this name is kept."""
    return _place(name).exists()


def read(name: str) -> bytes | None:
    """Read the code kept under a name; None if there is none, or if the file is damaged."""
    try:
        kept = _place(name).read_bytes()
    except OSError:
        return None
    code = kept[_CHECKSUM:]
    return code if hashlib.sha256(code).digest() == kept[:_CHECKSUM] else None


def write(name: str, code: bytes) -> None:
    """Keep code under a name; nothing happens where it cannot be written."""
    keep_within()
    path = _place(name)
    partial = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.partial")
    with contextlib.suppress(OSError):
        partial.write_bytes(hashlib.sha256(code).digest() + code)
        os.replace(partial, path)


def _place(name: str) -> Path:
    return cache_folder() / f"{name}{SUFFIX}"
