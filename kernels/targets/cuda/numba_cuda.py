"""The one module that imports numba-cuda. Another compiler would replace what uses this one."""

from __future__ import annotations

import importlib
from typing import Any

cuda: Any = importlib.import_module("numba.cuda")


def part(name: str) -> Any:
    """`numba.cuda.NAME`. Under numba's simulator most parts are missing, so each is imported where it is needed."""
    return importlib.import_module(f"numba.cuda.{name}")
