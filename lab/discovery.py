"""Registries that fill themselves: each file of a folder registers what is in it, once it is imported."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from types import ModuleType


@functools.cache
def modules_of(package: str) -> tuple[ModuleType, ...]:
    """Every file of a package, imported, in the order of their names; folders in it are left alone."""
    path = importlib.import_module(package).__path__
    return tuple(
        importlib.import_module(f"{package}.{each.name}") for each in pkgutil.iter_modules(path) if not each.ispkg
    )
