"""The parts of which a scenario is made: what there is to choose from, with a sentence each, and their settings.

Names, sentences and settings are those of the layers, optimizers, data sets and tasks themselves.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from lab.errors import BadInput, InvalidValue
from lab.tui.build.form import Blank, blanks_of
from lab.tui.build.pick import Choice

_DATA_FIRST = ("points", "classes", "noise", "validation", "standardise")


def sentence(kind: Any) -> str:
    """The first paragraph of what a class says of itself, on one line."""
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())


# Optimizers, data, tasks, first weights


def optimizers() -> list[Choice]:
    from lab.nets.optimizers import OPTIMIZERS

    return [(name, sentence(kind)) for name, kind in OPTIMIZERS.items()]


def optimizer_blanks(given: Mapping[str, Any]) -> list[Blank]:
    from lab.nets.optimizers import OPTIMIZERS

    kind = OPTIMIZERS.get(str(given.get("name", "sgd")), OPTIMIZERS["sgd"])
    own = [name for name in kind.model_fields if name not in OPTIMIZERS["sgd"].__base__.model_fields]  # type: ignore[union-attr]  # it has one
    first = ["rate", *own]
    return blanks_of(kind, {name: value for name, value in given.items() if name in kind.model_fields}, first)


def check_optimizer(name: str, values: Mapping[str, Any]) -> None:
    """Raises BadInput if an optimizer cannot have these settings."""
    from lab.nets.optimizers import optimizer

    try:
        optimizer(name, values, ())
    except InvalidValue as error:
        raise BadInput(str(error)) from None


def data_sets() -> list[Choice]:
    from lab.data.registry import named_sets

    return [(name, entry.summary) for name, entry in named_sets().items()]


def data_options(block: Mapping[str, Any]) -> tuple[str, type[BaseModel]]:
    """The name of the set (or of the format of the file) that a data block asks for, and what its options are."""
    from lab.data.registry import file_formats, named_sets

    for name, entry in file_formats().items():
        if name in block:
            return name, entry.options
    sets = named_sets()
    name = str(block.get("name", ""))
    return name, sets[name].options if name in sets else next(iter(sets.values())).options


def data_blanks(block: Mapping[str, Any]) -> list[Blank]:
    name, options = data_options(block)
    first = [each for each in (name, "target", *_DATA_FIRST) if each in options.model_fields]
    return blanks_of(options, {key: value for key, value in block.items() if key in options.model_fields}, first)


def check_data(block: Mapping[str, Any]) -> None:
    """Raises BadInput if a data block cannot be meant; files are not looked at."""
    from lab.data import check

    try:
        check(block)
    except InvalidValue as error:
        raise BadInput(str(error)) from None


def tasks() -> list[Choice]:
    """The kinds of experiment that train one network on data."""
    from lab.tasks.task import load_tasks

    known = load_tasks()
    return [(name, sentence(type(known[name]))) for name in ("classify", "regress", "label") if name in known]


def metrics(task: str) -> list[Choice]:
    """What can be watched in a task."""
    from lab.tasks.task import load_tasks

    found = load_tasks().get(task)
    return list(found.metrics.items()) if found is not None else []


def initialisers() -> list[Choice]:
    from lab.nets.initialisers import INITIALISERS

    return [(name, sentence(kind)) for name, kind in INITIALISERS.items()]
