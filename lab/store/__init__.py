"""The run store: every run with its scenario, everything it measured, and the arrays to go on from.

Names are looked up when they are first used: whoever only asks where the store is need not wait for NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.store.index import RunIndex
    from lab.store.information import STATES, RunInfo
    from lab.store.reader import Column, Curve, Curves, Table
    from lab.store.sources import Source, read_source
    from lab.store.store import Store
    from lab.store.writer import RunWriter

__all__ = [
    "STATES",
    "Column",
    "Curve",
    "Curves",
    "RunIndex",
    "RunInfo",
    "RunWriter",
    "Source",
    "Store",
    "Table",
    "read_source",
]

_HOMES = {
    "index": ("RunIndex",),
    "information": ("STATES", "RunInfo"),
    "reader": ("Column", "Curve", "Curves", "Table"),
    "sources": ("Source", "read_source"),
    "store": ("Store",),
    "writer": ("RunWriter",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"lab.store.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
