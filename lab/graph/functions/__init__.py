"""The operations of the graph, as plain functions from tensors to tensors; each stands beside its gradient rule.

Every module of this folder is imported, so that adding an operation is adding a file.
"""

from __future__ import annotations

import importlib
import pkgutil

_modules = [importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__)]
for _module in _modules:
    for _name in getattr(_module, "__all__", ()):
        globals()[_name] = getattr(_module, _name)

__all__ = sorted(name for module in _modules for name in getattr(module, "__all__", ()))
