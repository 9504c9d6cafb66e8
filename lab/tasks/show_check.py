"""Whether what a scenario says in `show` names metrics, pictures and variants that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lab.errors import InvalidValue, nearest
from lab.scenario import Loaded
from lab.scenario.show import ACROSS_LAYERS, AT_THE_START
from lab.tasks.task import task_of


def check_show(loaded: Loaded, metrics: Mapping[str, Iterable[str]]) -> None:
    """metrics: by variant the full names of what is measured. Raises InvalidValue with the place in the scenario."""
    show, content = loaded.scenario.show, loaded.content.get("show") or {}
    measured = dict.fromkeys(name for names in metrics.values() for name in names)
    measured |= dict.fromkeys(name.partition(".")[0] for name in tuple(measured))
    pictures = dict.fromkeys(
        name for each in loaded.variants for name in task_of(each.scenario).picture_names(each.scenario)
    )
    by_layer = [name.partition(".")[0] for name in measured if "." in name]
    layered = dict.fromkeys(name + ending for ending in (ACROSS_LAYERS, AT_THE_START) for name in by_layer)
    _refuse_unknown(("first",), show.first, (*measured, *pictures, *layered), "metric or picture", content)
    _refuse_unknown(("points",), show.points, (*measured, *pictures), "metric or picture", content)
    for number, group in enumerate(show.together):
        alone = isinstance(content["together"][0], str)  # the only group, written without a list around it
        _refuse_unknown(("together",) if alone else ("together", number), group, measured, "metric", content)
    for name in show.axes:
        if name not in measured:
            raise InvalidValue(("show", "axes", name), _unknown(name, measured, "metric"), at_key=True)
    if isinstance(show.variants, list):
        _refuse_unknown(("variants",), show.variants, [each.name for each in loaded.variants], "variant", content)


def _refuse_unknown(
    place: tuple[str | int, ...], names: Sequence[str], known: Iterable[str], noun: str, content: Any
) -> None:
    if not names:
        return
    for part in place:
        content = content[part]
    for number, name in enumerate(names):
        if name not in known:
            path = ("show", *place, number) if isinstance(content, list) else ("show", *place)
            raise InvalidValue(path, _unknown(name, known, noun))


def _unknown(name: str, known: Iterable[str], noun: str) -> str:
    return f"there is no {noun} {name!r} here; {nearest(name, known)}."
