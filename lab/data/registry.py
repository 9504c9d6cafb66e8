"""Which data sets there are. Each file in `lab/data/sets` adds its own; nothing else has to know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from lab.data.data import Data, Split
from lab.data.options import Options, WithClasses, WithImages, WithValues
from lab.discovery import modules_of
from lab.validation import shown

Chosen = TypeVar("Chosen", bound=Options)
Made = TypeVar("Made", Data, Split, Data | Split)
Make = Callable[[Chosen, np.random.Generator], Made]
Read = Callable[[Chosen, Path], Made]


@dataclass(frozen=True)
class Entry:
    """One data set: its name, the class of its options, and how it comes to its examples."""

    name: str
    options: type[Options]
    from_file: bool
    build: Callable[
        [Any, Any], Data | Split
    ]  # of the options, and a generator or (from a file) the folder of the scenario

    @property
    def summary(self) -> str:
        """What it is, in one sentence."""
        return " ".join((self.options.__doc__ or "").split("\n\n")[0].split())


_named: dict[str, Entry] = {}
_files: dict[str, Entry] = {}


def dataset(name: str, options: type[Chosen]) -> Callable[[Make[Chosen, Made]], Make[Chosen, Made]]:
    """Registers a set that is asked for as `{name: …}`. The function makes all its examples from random numbers that
    depend on the seed and the name; sets that are the same for every seed do not use them."""

    def register(make: Make[Chosen, Made]) -> Make[Chosen, Made]:
        _named[name] = Entry(name, options, from_file=False, build=make)
        return make

    return register


def file_format(key: str, options: type[Chosen]) -> Callable[[Read[Chosen, Made]], Read[Chosen, Made]]:
    """Registers a format of files that is asked for as `{<key>: path}`; the options have a field of that name. The
    function gets the folder that relative paths are relative to."""

    def register(read: Read[Chosen, Made]) -> Read[Chosen, Made]:
        _files[key] = Entry(key, options, from_file=True, build=read)
        return read

    return register


def named_sets() -> dict[str, Entry]:
    """The sets that are asked for by name."""
    modules_of("lab.data.sets")
    return dict(sorted(_named.items()))


def file_formats() -> dict[str, Entry]:
    """The formats of files, by the key that asks for them."""
    modules_of("lab.data.sets")
    return dict(sorted(_files.items()))


BESIDE = ("validation_file", "masks")
"""Options that name another file or folder beside that of the data."""

COMMON = frozenset().union(*(each.model_fields for each in (WithClasses, WithValues, WithImages)))
"""Options that are not a set's own; in the reference they come last."""


class OptionText(NamedTuple):
    """One option for the reference: what is allowed, what it is if it is not given ("" if it must be), what it does."""

    name: str
    allowed: str
    default: str
    meaning: str


class SetText(NamedTuple):
    """One data set for the reference. A format of files has the name of its key."""

    name: str
    summary: str
    options: tuple[OptionText, ...]


def describe() -> list[SetText]:
    """All data sets with their options, for the reference: named sets first, then formats of files."""
    entries = [*named_sets().values(), *file_formats().values()]
    return [SetText(entry.name, entry.summary, _option_texts(entry.options)) for entry in entries]


def schema() -> dict[str, Any]:
    """The data block as a JSON Schema, for completion in editors."""
    choices = []
    for entry in [*named_sets().values(), *file_formats().values()]:
        choice = _schema(entry.options)
        choice["description"] = entry.summary
        if not entry.from_file:
            choice["properties"] = {"name": {"const": entry.name}} | choice["properties"]
            choice["required"] = ["name", *choice.get("required", [])]
        choices.append(choice)
    return {"oneOf": choices}


def _schema(options: type[Options]) -> dict[str, Any]:
    """The JSON Schema of a set's options; blocks within it stand where they are used, so that it can stand anywhere."""
    content = options.model_json_schema()
    blocks = content.pop("$defs", {})

    def put_in(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                return put_in(blocks[part["$ref"].rpartition("/")[2]])
            return {key: put_in(each) for key, each in part.items()}
        return [put_in(each) for each in part] if isinstance(part, list) else part

    whole: dict[str, Any] = put_in(content)
    return whole


def _option_texts(options: type[Options]) -> tuple[OptionText, ...]:
    content = _schema(options)
    required = content.get("required", [])
    return tuple(
        OptionText(
            name,
            _allowed(about),
            "" if name in required else _default(about.get("default")),
            about.get("description", ""),
        )
        for name, about in sorted(content["properties"].items(), key=lambda item: item[0] in COMMON)
    )


def _default(value: object) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _allowed(about: dict[str, Any]) -> str:
    """What JSON Schema allows, in words."""
    if "anyOf" in about:
        return ", or ".join(_allowed(each) for each in about["anyOf"] if each.get("type") != "null")
    if "const" in about:
        return str(about["const"])
    if "enum" in about:
        return " or ".join(str(each) for each in about["enum"])
    if about["type"] == "object" and "properties" in about:
        return "block of: " + ", ".join(about["properties"])
    if about["type"] == "object":
        return f"block of: column, {_allowed(about['additionalProperties'])}"
    if about["type"] == "array":
        return f"list of: {_allowed(about['items'])}"
    text = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}[about["type"]]
    for key, words in (
        ("minimum", "at least"),
        ("exclusiveMinimum", "above"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "below"),
    ):
        if key in about:
            text += f", {words} {shown(about[key])}"
    return text
