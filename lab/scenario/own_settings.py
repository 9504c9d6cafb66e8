"""Which variants are no longer the scenario's own, because something was set from outside.

What a claim says, it says of the file's variants with the file's settings. Of a variant that runs with others it may
hold or fall short for reasons of its own, so such a claim is judged and marked. The rule:

- Only what makes another experiment counts: `task`, `data`, `model`, `blocks`, `init`, `optimizer`, `train` and
  `options`, but neither the seed, on each of which claims are judged, nor how often is measured.
- A variant that sets the value itself, and so hides the change, is still its own.
- A value that is the file's, or the default where the file has none, changes nothing.
- A claim is marked if any variant that it names is concerned; a claim that names none never is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.errors import BadInput, Path
from lab.scenario.loading import Loaded, load_document
from lab.scenario.overrides import VARIED

_EXPERIMENT = (*VARIED, "task")
_NEUTRAL = (("train", "seed"), ("train", "measure"))


def set_from_outside(loaded: Loaded) -> dict[str, dict[str, Any]]:
    """By variant what was set of it from outside, value by dotted path; variants that are still their own are left
    out."""
    if not loaded.overrides:
        return {}
    try:
        before = load_document(loaded.origins.document, loaded.path)
    except BadInput:  # a file that only the overrides make whole has no settings of its own
        return {}
    own = {each.name: each for each in before.variants}
    found: dict[str, dict[str, Any]] = {}
    for variant in loaded.variants:
        if variant.name not in own or _experiment(variant.scenario) == _experiment(own[variant.name].scenario):
            continue
        hidden = [each.path for each in variant.changes]
        for (dotted, value), (path, _) in zip(loaded.overrides.items(), loaded.origins.changes, strict=True):
            if _concerns(variant.name, path, hidden) and loaded.origins.document.at(path) != value:
                found.setdefault(variant.name, {})[dotted] = value
    return found


def _experiment(scenario: Any) -> Mapping[str, Any]:
    """What is trained, and how."""
    content = scenario.model_dump(include=set(_EXPERIMENT))
    for section, key in _NEUTRAL:
        content[section].pop(key)
    return content


def _concerns(variant: str, path: Path, hidden: list[Path]) -> bool:
    """Whether a change from outside at a path reaches a variant, which sets what is at the paths `hidden` itself."""
    if path[:1] == ("variants",):
        return len(path) == 1 or path[1] == variant
    if path[0] not in _EXPERIMENT or path in _NEUTRAL:
        return False
    return not any(path[: len(each)] == each for each in hidden)
