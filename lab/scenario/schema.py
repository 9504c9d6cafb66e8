"""The JSON Schema of scenario files: the model's own descriptions, and the names that are known at this moment.

An editor completes with it what only the registries know: layers, initialisers, data sets, tasks, metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from lab.scenario.model import Optimizer, Scenario

_LIMITS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


class TaskKind(Protocol):
    """What is needed of a task here: the model of its options, and its metrics by name."""

    Options: ClassVar[type[BaseModel]]
    metrics: ClassVar[Any]


def json_schema(tasks: Mapping[str, TaskKind] | None = None) -> dict[str, Any]:
    """The schema as plain values (JSON Schema 2020-12). tasks: by name; they come from outside, being further up."""
    from lab import data

    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scenario.model_json_schema()}
    content = schema["properties"]
    content["data"] = _described(content["data"], {"anyOf": [data.schema(), {"type": "null"}]})
    content["model"]["items"] = _layers()
    blocks = content["blocks"]["additionalProperties"]
    content["blocks"]["additionalProperties"] = {"anyOf": [blocks, {"type": "array", "items": {}}]}
    content["init"] = _described(content["init"], {"anyOf": [*_initialisers(), {"type": "null"}]})
    content["optimizer"] = {"description": content["optimizer"]["description"], "anyOf": _optimizers()}
    if tasks:
        content["task"]["enum"] = sorted(tasks)
        metrics = sorted({metric for kind in tasks.values() for metric in kind.metrics})
        content["watch"]["items"]["enum"] = metrics
        schema["allOf"] = [_options_of(name, kind) for name, kind in sorted(tasks.items())]
    hoisted: dict[str, Any] = {}
    tidy = _tidy(schema, hoisted)
    tidy["$defs"] = hoisted
    return tidy


def _described(field: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """Other content for a field that keeps its own words."""
    return {"description": field["description"], "default": None, **content}


def _layers() -> dict[str, Any]:
    """One entry of `model`: the name of a layer, or `{name: settings}`, or `{name: first setting, other: …}`; or a
    block, which may be called anything else."""
    from lab.nets.layer import LAYERS, load_layers

    load_layers()
    bare = {name for name, kind in LAYERS.items() if not _required(kind)}
    choices = _by_name(LAYERS, bare)
    for choice, (_, kind) in zip(choices[1:], sorted(LAYERS.items()), strict=True):
        beside = list(kind.model_json_schema().get("properties", {}).items())[1:]
        choice["properties"] = {**dict(beside), **choice["properties"]}
    names = sorted(LAYERS)
    block = {"description": "A block of `blocks`, by its name, with its parameters.", "not": {"enum": names}}
    blocks: list[dict[str, Any]] = [
        {**block, "type": "string"},
        {
            "type": "object",
            "description": block["description"],
            "propertyNames": {"not": {"enum": names}},
            "minProperties": 1,
        },
    ]
    return {"anyOf": [*choices, *blocks]}


def _initialisers() -> list[dict[str, Any]]:
    """`he`, `{normal: 0.01}`, `{he: {}, bias: 0.1}`, `{name: he, bias: 0.1}` or weights from a file."""
    from lab.nets.initialisers import INITIALISERS, Initialiser

    common = Initialiser.model_json_schema()["properties"]
    named = {"type": "object", "properties": {"name": {"enum": sorted(INITIALISERS)}}, "required": ["name"]}
    bare = {name for name, kind in INITIALISERS.items() if not _required(kind)}
    return [*_by_name(INITIALISERS, bare, common), named, _FROM_FILE]


def _optimizers() -> list[dict[str, Any]]:
    """`{name: adam, rate: 0.001, …}`; sgd needs no name."""
    from lab.nets.optimizers import OPTIMIZERS

    choices = []
    for name, kind in sorted(OPTIMIZERS.items()):
        settings = kind.model_json_schema()
        settings["description"] = " ".join((kind.__doc__ or "").split())
        settings["properties"] = {"name": {"const": name}, **settings["properties"]}
        settings["required"] = [] if name == Optimizer.model_fields["name"].default else ["name"]
        choices.append(settings)
    return choices


_FROM_FILE = {
    "type": "object",
    "properties": {"from": {"type": "string", "description": "A file of weights, relative to this one."}},
    "required": ["from"],
    "additionalProperties": False,
}


def _required(kind: type[BaseModel]) -> bool:
    return any(field.is_required() for field in kind.model_fields.values())


def _by_name(
    kinds: Mapping[str, type[BaseModel]], bare: set[str], common: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """A choice among registered models: a bare name, or one key with settings, or with the first setting alone.

    common: settings that may stand beside the name
    """
    choices: list[dict[str, Any]] = [{"type": "string", "enum": sorted(bare)}]
    for name, kind in sorted(kinds.items()):
        settings = kind.model_json_schema()
        settings["description"] = " ".join((kind.__doc__ or "").split())
        forms: list[dict[str, Any]] = [settings]
        own = [each for each in settings.get("properties", {}) if each not in (common or {})]
        if own:
            forms.insert(0, settings["properties"][own[0]])
        if name in bare:
            forms.append({"type": "null"})
        choices.append(
            {
                "type": "object",
                "description": settings["description"],
                "properties": {name: {"anyOf": forms}, **(common or {})},
                "required": [name],
                "additionalProperties": False,
            }
        )
    return choices


def _options_of(name: str, kind: TaskKind) -> dict[str, Any]:
    """What `options` may contain for one task."""
    return {
        "if": {"properties": {"task": {"const": name}}, "required": ["task"]},
        "then": {"properties": {"options": kind.Options.model_json_schema()}},
    }


def _tidy(node: Any, hoisted: dict[str, Any], names: bool = False) -> Any:
    """The same schema without pydantic's generated titles, with limits under their JSON Schema names.

    hoisted: definitions are moved here, since references to them start at the top
    names:   the keys of this node are names of properties, not words of JSON Schema
    """
    if isinstance(node, list):
        return [_tidy(each, hoisted) for each in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {key: _tidy(each, hoisted) for key, each in node.items()}
    tidy: dict[str, Any] = {}
    for key, each in node.items():
        if key == "$defs":
            hoisted.update({name: _tidy(definition, hoisted) for name, definition in each.items()})
        elif key != "title":
            word = _LIMITS.get(str(key), str(key)) if "type" in node else str(key)
            tidy[word] = _tidy(each, hoisted, names=key == "properties")
    return tidy
