"""The settings of a declared thing as text: one line for each field of its model, with default and limits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from lab.reference.topic import Setting
from lab.validation import shown

_KINDS = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}
_LIMITS = (
    ("minimum", "ge", "at least"),
    ("exclusiveMinimum", "gt", "above"),
    ("maximum", "le", "at most"),
    ("exclusiveMaximum", "lt", "below"),
)


def settings_of(
    model: type[BaseModel], last: Collection[str] = (), without: Collection[str] = ()
) -> tuple[Setting, ...]:
    """Every field of a model. last: those that others have as well, and that are told after its own."""
    told = [each for each in _all_of(model) if each.name not in without]
    return tuple(sorted(told, key=lambda each: each.name in last))


@cache
def _all_of(model: type[BaseModel]) -> tuple[Setting, ...]:
    """Every field of a model, in its order. It is kept: a scenario's is asked for once for each key."""
    content = model.model_json_schema()
    blocks, required = content.get("$defs", {}), content.get("required", [])
    found = []
    for name, about in content.get("properties", {}).items():
        default = "" if name in required else _default(about.get("default"))
        meaning = " ".join(about.get("description", "").split())
        found.append(Setting(name, allowed(about, blocks), default, meaning[:1].upper() + meaning[1:]))
    return tuple(found)


def _default(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return "as each of its keys says" if value else "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(str, value))}]" if value else "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def allowed(about: Mapping[str, Any], blocks: Mapping[str, Any]) -> str:
    """What JSON Schema allows, in words."""
    if "$ref" in about:
        return allowed(blocks[about["$ref"].rpartition("/")[2]], blocks)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in about:
            each = (allowed(part, blocks) for part in about[word] if part.get("type") != "null")
            return ", or ".join(dict.fromkeys(each))
    if "const" in about:
        return str(about["const"])
    if "enum" in about:
        return " or ".join(map(str, about["enum"]))
    kind = about.get("type")
    if isinstance(kind, list):
        known = {"string": "a name", "object": "a block"}
        return " or ".join(known.get(str(each), str(each)) for each in kind)
    if kind == "object":
        return "block of " + ", ".join(about["properties"]) if about.get("properties") else "block of `key: value`"
    if kind == "array":
        items = about.get("items") or {}
        return f"list of {allowed(items, blocks)}" if items else "list"
    if kind not in _KINDS:
        return "a name, or a block with settings"
    text = _KINDS[kind]
    for schema, pydantic, words in _LIMITS:
        limit = about.get(schema, about.get(pydantic))
        if limit is not None:
            text += f", {words} {_limit(limit)}"
    return text


def _limit(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**12 else shown(value)
