"""Functions of a point, to walk down on: each is one small class, built from operations of the graph, so that its
gradient comes from their rules. A new one is a new file: every file of this folder is imported."""

from __future__ import annotations

import importlib
import pkgutil

from lab.tasks.landscapes.landscape import LANDSCAPES, Landscape, landscape

for _each in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_each.name}")

__all__ = ["LANDSCAPES", "Landscape", "landscape"]
