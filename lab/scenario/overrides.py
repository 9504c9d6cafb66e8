"""Dotted paths such as `optimizer.rate` or `model.0.dense`: what variants and `--set` change, and whether it exists.

Overrides work on the plain values of the file, before these become a `Scenario`: the result is validated like any
other file.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

from lab.errors import InvalidValue, Path, nearest
from lab.other_words import OwnKey, in_other_words
from lab.scenario.model import Question, Scenario, Train
from lab.scenario.show import Show

# A variant is the same experiment with one difference; what belongs to the lesson as a whole it cannot change.
VARIED = ("blocks", "data", "init", "model", "optimizer", "options", "train")

_CLOSED = {
    "train": tuple(Train.model_fields),
    "question": tuple(Question.model_fields),
    "show": tuple(Show.model_fields),
}
_INSIDE = {
    "optimizer": ("rate", "schedule", "momentum", "nesterov", "l1", "l2", "clip"),
    "train": tuple(Train.model_fields),
}  # whose keys are known without their block
_LENGTHS = (("train", "steps"), ("train", "epochs"))
_OPEN = ("optimizer", "options")  # blocks that are there even if the file does not mention them


def split(dotted: str, content: Mapping[str, Any]) -> Path:
    """A dotted path as keys and list positions, as far as these can be told from `content`.

    The part after `variants.<name>.` is itself a dotted path and stays one key, as it is one in the file.
    """
    parts = dotted.split(".")
    if parts[0] == "variants" and len(parts) > 2:
        return ("variants", parts[1], ".".join(parts[2:]))
    path: list[str | int] = []
    inside: Any = content
    for part in parts:
        step: str | int = (
            int(part) if isinstance(inside, list) and part.isascii() and part.isdigit() and len(part) < 10 else part
        )
        inside = _look_up(inside, step)
        path.append(step)
    return tuple(path)


def _look_up(container: Any, part: str | int) -> Any:
    try:
        return container[part]
    except (KeyError, IndexError, TypeError):
        return None


def change(content: dict[str, Any], dotted: str, value: Any, allowed: tuple[str, ...] | None = None) -> Path:
    """Sets one value in plain content, in place, and returns the path. Lists and mappings on the way are copied first.

    allowed: the top-level keys that may be changed; None: all of a scenario
    Raises InvalidValue, with an empty path and a whole sentence, if the path names nothing.
    """
    path = split(dotted, content)
    _check_first(path[0], allowed, dotted)
    parent: Any = content
    for number, part in enumerate(path[:-1]):
        _check_step(parent, path, number)
        inside = _look_up(parent, part)
        if inside is None and number == 0 and part in (*_CLOSED, *_OPEN):
            inside = {}
        if not isinstance(inside, dict | list):
            raise _nothing_inside(path, number, inside)
        parent[part] = inside = dict(inside) if isinstance(inside, dict) else list(inside)
        parent = inside
    _check_step(parent, path, len(path) - 1)
    parent[path[-1]] = plain(value)
    if path in _LENGTHS:  # what was set last says how long is trained
        parent.pop(*(each[-1] for each in _LENGTHS if each != path), None)
    return path


def _check_first(first: str | int, allowed: tuple[str, ...] | None, dotted: str) -> None:
    known = tuple(Scenario.model_fields)
    if first not in known:
        hint = _inside(str(first), allowed or known) or f"{nearest(first, allowed or known)}."
        raise InvalidValue((), f"{_name(dotted)} names nothing in a scenario: {hint}")
    if allowed is not None and first not in allowed:
        raise InvalidValue((), f"{_name(dotted)} cannot differ between variants; what can: {', '.join(allowed)}.")


def _inside(key: str, known: tuple[str, ...]) -> str:
    """Which path is meant by the last part of one alone, or by another library's word for it: "" if none is."""
    for block, keys in _INSIDE.items():
        if block in known:
            told = in_other_words(key, keys)
            own = told.key if isinstance(told, OwnKey) else key
            if own in keys:
                return f"did you mean {block}.{own}?"
    return ""


def _check_step(parent: Any, path: Path, number: int) -> None:
    """Whether `path[number]` may be looked up, or set, in its parent."""
    part, dotted = path[number], _name(".".join(map(str, path)))
    if isinstance(parent, list):
        where = ".".join(map(str, path[:number]))
        if not isinstance(part, int):
            raise InvalidValue(
                (), f"{dotted} names nothing: {where} is a list, so use a position in place of {part!r}."
            )
        if part >= len(parent):
            span = f"its positions are 0 to {len(parent) - 1}" if parent else "it is empty"
            raise InvalidValue((), f"{dotted} names nothing: {where} has no position {part}; {span}.")
    elif part == "":
        raise InvalidValue((), f"{dotted} is not a path: write names with one dot between them.")
    elif number == 1 and path[0] in _CLOSED and part not in _CLOSED[str(path[0])]:
        raise InvalidValue((), f"{dotted} names nothing: {nearest(part, _CLOSED[str(path[0])])}.")
    elif number == 1 and path[0] == "variants" and part not in parent:
        raise InvalidValue((), f"{dotted} names nothing: {nearest(part, parent)}.")
    elif 0 < number < len(path) - 1 and part not in parent:
        raise InvalidValue((), f"{dotted} names nothing: {nearest(part, map(str, parent))}.")


def _nothing_inside(path: Path, number: int, found: Any) -> InvalidValue:
    dotted, where = _name(".".join(map(str, path))), ".".join(map(str, path[: number + 1]))
    if found is None:
        return InvalidValue((), f"{dotted} names nothing: this scenario has no {where}.")
    return InvalidValue((), f"{dotted} names nothing: {where} is {plain(found)!r} and has nothing inside.")


def _name(dotted: str) -> str:
    return f"`{dotted if len(dotted) <= 80 else dotted[:77] + '…'}`"


def plain(value: Any) -> Any:
    """A value from Python code as YAML would have given it: NumPy numbers become numbers, tuples become lists."""
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return value
