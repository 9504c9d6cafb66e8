"""What two runs did differently: their settings as dotted paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.errors import BadInput
from lab.store.information import RunInfo

_PROSE = ("title", "chapter", "idea", "lesson", "question", "claims", "takes")
"""Keys of a scenario that say something about a run without changing it."""
ABSENT = None
"""Stands for a setting that a run does not have."""


def settings(info: RunInfo) -> dict[str, Any]:
    """The scenario as it was run, overrides applied, flat: dotted path to value; then how it was run.

    A scenario that can no longer be read contributes nothing but its overrides.
    """
    from lab.scenario.document import parse
    from lab.scenario.overrides import change

    content: dict[str, Any] = {}
    try:
        content = parse(info.text, info.path or info.slug).value
        for path, value in info.overrides.items():
            change(content, path, value)
        overrides: dict[str, Any] = {}
    except BadInput:
        overrides = {f"set.{path}": value for path, value in info.overrides.items()}
    flat: dict[str, Any] = {"scenario": info.slug}
    for key, value in content.items():
        if key not in _PROSE:
            _flatten(key, value, flat)
    flat.update(overrides)
    flat.update({f"steps.{variant}": steps for variant, steps in info.steps.items()})
    flat["seeds"] = list(info.seeds)
    flat.update({f"contents of {each.name}": each.digest[:12] for each in info.sources})
    flat["device"] = info.device
    flat.update({f"version.{name}": version for name, version in info.versions.items()})
    return flat


def _flatten(path: str, value: Any, into: dict[str, Any]) -> None:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            _flatten(f"{path}.{key}", each, into)
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        for position, each in enumerate(value):
            _flatten(f"{path}.{position}", each, into)
    else:
        into[path] = value


def differences(infos: Sequence[RunInfo]) -> dict[str, list[Any]]:
    """The settings in which the runs differ: dotted path to one value per run, `ABSENT` where a run has none."""
    each = [settings(info) for info in infos]
    paths = dict.fromkeys(path for flat in each for path in flat)
    table = {path: [flat.get(path, ABSENT) for flat in each] for path in paths}
    return {path: values for path, values in table.items() if any(value != values[0] for value in values)}
