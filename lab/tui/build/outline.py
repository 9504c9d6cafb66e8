"""A scenario in the making as lines: what can be changed, with its shape, its parameters and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from lab.errors import BadInput, InvalidValue
from lab.scenario.writing import flow

if TYPE_CHECKING:
    from lab.tasks.architecture import Sketch
    from lab.tui.build.draft import Draft

SHAPE, PARAMETERS = 13, 11
"""Columns for the shape behind a layer and the number of its parameters."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line.

    kind:  what it is: title, task, data, input, layer, init, optimizer, train, watch, options, variant, variants
    place: which layer or variant
    """

    kind: str
    label: str
    value: str
    place: int | str | None = None
    shape: str = ""
    parameters: str = ""
    wrong: bool = False

    @property
    def key(self) -> tuple[str, int | str | None]:
        """What tells it from other rows."""
        return self.kind, self.place

    def text(self, width: int, error: str) -> Text:
        """The row as a line of text. error: the colour of what is wrong"""
        room = max(10, width - 13 - SHAPE - PARAMETERS)
        value = self.value if len(self.value) <= room else self.value[: room - 1] + "…"
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append("✗ " if self.wrong else "  ", error if self.wrong else "")
        line.append(f"{self.label:<11}", "bold" if self.kind == "layer" else "")
        line.append(f"{value:<{room}}", error if self.wrong else "")
        line.append(f"{self.shape:>{SHAPE}}{self.parameters:>{PARAMETERS}}", "dim")
        return line


def look(draft: Draft) -> Sketch:
    """What the scenario's network consists of, and the first thing that keeps it from being run. May read data."""
    from lab.scenario.model import Scenario
    from lab.tasks.architecture import Sketch, sketch
    from lab.validation import validated

    try:
        base = validated(Scenario, draft.content)
    except InvalidValue as error:
        return Sketch(problem=error)
    folder = Path(draft.path).parent
    found = sketch(base, folder)
    try:
        loaded = draft.loaded()
    except BadInput as error:
        return Sketch(found.input, found.layers, found.problem or InvalidValue((), without_place(error, draft.path)))
    if not base.variants:
        return found
    problem: InvalidValue | None = None
    for variant in loaded.variants:
        inside = sketch(variant.scenario, folder) if variant.changes else found
        if inside.problem is not None:
            own = inside.problem
            problem = (
                own if not variant.changes or found.problem else InvalidValue(("variants", variant.name), str(own))
            )
            break
    return Sketch(found.input, found.layers, problem)


def without_place(error: BadInput, path: Path) -> str:
    """The sentence without file, line and column: they are of a text that nobody has seen."""
    return re.sub(rf"^{re.escape(str(path))}:\d+:\d+: ", "", str(error))


def rows(content: Mapping[str, Any], found: Sketch | None) -> list[Row]:
    """All lines, from the title to the variants. found: None while it is not known yet"""
    problem = found.problem if found is not None else None
    place = problem.path if problem is not None else ()
    layers = found.layers if found is not None else ()

    def wrong(*path: str | int) -> bool:
        return problem is not None and place[: len(path)] == path

    made = [
        Row("title", "title", str(content.get("title", "")), wrong=wrong("title")),
        Row("task", "task", str(content.get("task", "")), wrong=wrong("task")),
        Row("data", "data", inner(content.get("data")), wrong=wrong("data")),
        Row("input", "input", "one example", shape=_shape(found.input) if found is not None else "…"),
    ]
    model = content.get("model") or []
    for number, layer in enumerate(model):
        known = layers[number] if number < len(layers) else None
        made.append(
            Row(
                "layer", f"{number + 1:>3}", inner(layer), number,
                _shape(known.output) if known else "", f"{known.parameters:,}" if known and known.parameters else "",
                wrong("model", number),
            )
        )  # fmt: skip
    if blocks := content.get("blocks"):
        made.append(Row("blocks", "blocks", ", ".join(map(str, blocks)), wrong=wrong("blocks")))
    if not model:
        made.append(Row("none", "", "no layer yet: a adds one", wrong=wrong("model")))
    made.append(Row("init", "init", inner(content.get("init")) or "he", wrong=wrong("init")))
    for name in ("optimizer", "train"):
        made.append(Row(name, name, inner(content.get(name)), wrong=wrong(name)))
    made.append(Row("watch", "watch", ", ".join(map(str, content.get("watch") or [])), wrong=wrong("watch")))
    made.append(Row("options", "options", inner(content.get("options")), wrong=wrong("options")))
    variants = content.get("variants") or {}
    made.append(Row("variants", "variants", "" if variants else "none: a adds one to compare with", wrong=False))
    for name, differences in variants.items():
        made.append(
            Row("variant", "", f"{name}: {inner(differences) or 'as above'}", name, wrong=wrong("variants", name))
        )
    return made


def inner(value: Any) -> str:
    """A value on one line, without the braces around a block.

    >>> inner({"dense": 64}), inner("relu"), inner(None)
    ('dense: 64', 'relu', '')
    """
    if value is None or value == {}:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {flow(each)}" for key, each in value.items())
    return value if isinstance(value, str) else flow(value)


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def told(found: Sketch | None) -> tuple[str, bool]:
    """Whether it can be run, in a sentence, and whether something is wrong."""
    if found is None:
        return "Looking at it…", False
    if found.problem is None:
        layers = len(found.layers)
        return f"It can be run: {layers} layer{'s' * (layers != 1)}, {found.parameters:,} parameters.", False
    path = found.problem.path
    where = ".".join(map(str, path))
    if path[:1] == ("model",) and len(path) > 1 and isinstance(path[1], int):
        where = f"layer {path[1] + 1}"
    return f"{where}: {found.problem.message}" if where else found.problem.message, True
