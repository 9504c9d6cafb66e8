"""A terminal lab for seeing why neural networks train or fail.

`lab.load` and `lab.run` are the Python API; `lab.graph.evaluate` runs a single operation. They are imported when they
are first used, so that `import lab` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.api import Result, load, run

__version__ = "0.1.0"
__all__ = ["Result", "__version__", "load", "run"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in ("Result", "load", "run"):
        return getattr(import_module("lab.api"), name)
    if name in ("data", "diagnosis", "graph", "scenario", "session", "store", "tasks"):
        return import_module(f"lab.{name}")
    raise AttributeError(f"module 'lab' has no attribute {name!r}")
