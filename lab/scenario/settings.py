"""`--set key=value`: the value is read as YAML, so that numbers, lists and blocks are written as in a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.errors import BadInput
from lab.scenario.document import parse_any


def parse_setting(text: str, option: str = "--set") -> tuple[str, Any]:
    """`optimizer.rate=0.5` as path and value. Raises BadInput if it is not of that form.

    >>> parse_setting("model.0={dense: 16}")
    ('model.0', {'dense': 16})
    """
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise BadInput(f"{option} {text}: write it as key=value, such as {option} optimizer.rate=0.5.")
    if not value.strip():
        raise BadInput(f"{option} {key}: there is no value after the = sign.")
    return key, parse_any(value, f"{option} {key}").value


def parse_settings(texts: Iterable[str], option: str = "--set") -> dict[str, Any]:
    """Several settings by path. Raises BadInput if one of them is given twice."""
    settings: dict[str, Any] = {}
    for text in texts:
        key, value = parse_setting(text, option)
        if key in settings:
            raise BadInput(f"{option} {key}: given twice.")
        settings[key] = value
    return settings
