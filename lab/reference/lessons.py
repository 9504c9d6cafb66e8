"""Which built-in lessons use what: found in the files themselves, so that it cannot go out of date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from lab.scenario.listing import slugs
from lab.scenario.source import read_text

Use = tuple[str, str]
"""Kind and name, as in `Topic`."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
USUAL_LOSS = {"classify": "softmax", "label": "logistic", "regress": "l2"}
USUAL_OPTIMIZER = "sgd"


@cache
def contents() -> Mapping[str, Mapping[str, Any]]:
    """The content of every built-in lesson by slug, in the order in which one would learn."""
    return {slug: yaml.load(read_text(path), Loader=_LOADER) for slug, path in slugs().items()}


@cache
def uses() -> Mapping[Use, tuple[str, ...]]:
    """For everything that is used, the lessons that use it."""
    found: dict[Use, dict[str, None]] = {}
    for slug, content in contents().items():
        for use in _uses(content):
            found.setdefault(use, {})[slug] = None
    return {use: tuple(lessons) for use, lessons in found.items()}


def lessons_with(kind: str, name: str) -> tuple[str, ...]:
    """The slugs of the lessons that use it."""
    return uses().get((kind, name), ())


def _uses(content: Mapping[str, Any]) -> Iterator[Use]:
    task = str(content.get("task"))
    yield from _keys(content, "")
    changed = [
        (path, value) for each in (content.get("variants") or {}).values() for path, value in (each or {}).items()
    ]
    for path, value in [*content.items(), *changed]:
        yield from _at(path.split("."), value, task)
    if content.get("model") and "name" not in (content.get("optimizer") or {}):
        yield "optimizer", USUAL_OPTIMIZER
    if task in USUAL_LOSS and "loss" not in (content.get("options") or {}):
        yield "loss", USUAL_LOSS[task]
    show = content.get("show") or {}
    for name in _names(show.get("first")) + _names(show.get("points")):
        yield "metric", name.partition(" ")[0].partition(".")[0]
        yield "picture", name
    for name in _names(show.get("notice")):
        yield "notice", name


def _names(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def _keys(block: Mapping[str, Any], above: str) -> Iterator[Use]:
    for key, value in block.items():
        yield "key", f"{above}{key}"
        if above.count(".") < 2 and key not in ("model", "data", "options", "variants", "init"):
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, Mapping):
                    inside = list(each.values()) if key in ("measured", "blocks", "axes") else [each]
                    for part in inside:
                        if isinstance(part, Mapping):
                            yield from _keys(part, f"{above}{key}.")


def _at(path: list[str], value: Any, task: str) -> Iterator[Use]:
    match path:
        case ["task"]:
            yield "task", str(value)
        case ["data"] if isinstance(value, Mapping):
            yield from (("data set", str(each)) for each in (value.get("name"), *value) if each)
        case ["data", "name"]:
            yield "data set", str(value)
        case ["model" | "blocks", *rest]:
            yield from (("layer", each) for each in rest)
            yield from _layers(value)
        case ["init"]:
            yield from _initialiser(value)
        case ["optimizer"] if isinstance(value, Mapping):
            for key, each in value.items():
                yield from _at(["optimizer", key], each, task)
        case ["optimizer", "name"]:
            yield "optimizer", str(value)
        case ["optimizer", "schedule"]:
            for each in value if isinstance(value, list) else [value]:
                yield from (("schedule", name) for name in ([each] if isinstance(each, str) else each or ()))
        case ["watch"]:
            yield from (("metric", name) for name in _names(value))
        case ["options"] if isinstance(value, Mapping):
            for key, each in value.items():
                yield from _at(["options", key], each, task)
        case ["options", "loss"]:
            yield "loss", str(value)
        case ["options", "detector", *rest]:
            yield from (("detector", each) for each in (rest or ([value] if isinstance(value, str) else value)))
        case ["options", "pictures"]:
            yield from (("picture", name) for name in _names(value))


def _layers(value: Any) -> Iterator[Use]:
    """Names of layers anywhere in a list of layers; words that are no layer's name do no harm."""
    if isinstance(value, str):
        yield "layer", value
    elif isinstance(value, list):
        for each in value:
            yield from _layers(each)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if key in ("init", "recurrent_init"):
                yield from _initialiser(each)
                continue
            yield "layer", str(key)
            if isinstance(each, list | Mapping):
                yield from _layers(each)


def _initialiser(value: Any) -> Iterator[Use]:
    if isinstance(value, str):
        yield "initialiser", value
    elif isinstance(value, Mapping):
        yield from (("initialiser", str(each)) for each in (value.get("name"), *value) if each)
