"""Registries that fill themselves: each file of a folder registers what is in it, once it is imported."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType


@functools.cache
def modules_of(package: str, *, folders: bool = False) -> tuple[ModuleType, ...]:
    """Every file of a package, imported, in the order of their names.

    folders: whether the packages inside it are walked, too; otherwise they are left alone
    """
    modules: list[ModuleType] = []
    for each in pkgutil.iter_modules(importlib.import_module(package).__path__):
        name = f"{package}.{each.name}"
        if not each.ispkg:
            modules.append(importlib.import_module(name))
        elif folders:
            modules.extend(modules_of(name, folders=True))
    return tuple(modules)


@functools.cache
def import_file(package: str, stem: str) -> None:
    """Imports the file of this name of a package, or of a folder inside it, and what that imports, if there is one."""
    for folder in map(Path, importlib.import_module(package).__path__):
        for found in sorted(folder.rglob(f"{stem}.py")):
            importlib.import_module(".".join((package, *found.relative_to(folder).with_suffix("").parts)))
