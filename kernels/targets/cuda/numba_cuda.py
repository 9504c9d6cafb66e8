"""The one module that imports numba-cuda. Another compiler would replace what uses this one."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def _as_if_missing(name: str) -> Iterator[None]:
    """Inside, a package cannot be imported, unless it was before."""
    known = name in sys.modules
    if not known:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if not known:
            del sys.modules[name]


with _as_if_missing("ml_dtypes"):  # where ONNX has brought it along it takes longer than all others; no kernel has such
    cuda: Any = importlib.import_module("numba.cuda")


def part(name: str) -> Any:
    """`numba.cuda.NAME`. Under numba's simulator most parts are missing, so each is imported where it is needed."""
    return importlib.import_module(f"numba.cuda.{name}")
