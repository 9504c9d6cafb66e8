"""What stands in a scenario beside its network: tasks, data sets, and the keys of the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lab.data.registry import COMMON, Entry, file_formats, named_sets
from lab.data.sets.published_images import MUST_BE_FETCHED
from lab.reference import examples
from lab.reference.lessons import contents, lessons_with
from lab.reference.settings import settings_of
from lab.reference.topic import Example, Setting, Topic, prose, sentence
from lab.scenario.model import Scenario
from lab.scenario.starters import starter
from lab.scenario.writing import flow
from lab.tasks.task import load_tasks


def tasks() -> tuple[str, ...]:
    return tuple(load_tasks())


def task(name: str) -> Topic:
    known = load_tasks()[name]
    about = prose(type(known))
    metrics, pictures = (
        ", ".join(f"`{each}`" for each in sorted(known.metrics)),
        ", ".join(f"`{each}`" for each in sorted(known.pictures)),
    )
    told = [f"It measures {metrics}."]
    if pictures:
        told.append(f"It draws {pictures}.")
    return Topic(
        "task",
        name,
        (*about.paragraphs, *told),
        about.formula,
        use=f"task: {name}",
        settings=settings_of(known.Options),
        example=Example(
            starter(name, "mine.yaml"), whole=True, about=f"Example, as `lab new mine --task {name}` writes it"
        ),
        lessons=lessons_with("task", name),
        papers=about.papers,
    )


def data_sets() -> tuple[str, ...]:
    return (*named_sets(), *file_formats())


def data(name: str) -> Topic:
    entry: Entry = {**named_sets(), **file_formats()}[name]
    about = prose(entry.options)
    file = name if entry.from_file else ""
    fetched = name in MUST_BE_FETCHED  # said on every machine alike, whatever is there
    example = None if file or fetched else examples.with_data(name)
    if file:
        reads = (
            "lab data show FILE --yaml > mine.yaml" if name in ("csv", "table", "npz") else f"data: {{{name}: PATH}}"
        )
        example = Example(reads, about="Example")
    elif fetched:
        example = Example(f"lab data get {name}", about="To be fetched once, before it can be used")
    return Topic(
        "data set",
        name,
        about.paragraphs,
        about.formula,
        use=f"data: {{{name}: PATH}}" if file else f"data: {{name: {name}}}",
        settings=settings_of(entry.options, last=COMMON),
        example=example,
        lessons=lessons_with("data set", name),
        papers=about.papers,
    )


def keys() -> tuple[str, ...]:
    return tuple(path for path, _ in _fields(Scenario, ""))


def key(path: str) -> Topic:
    field = dict(_fields(Scenario, ""))[path]
    inside = next(_models(field.annotation), None)
    setting = _setting(path)
    paragraphs = [sentence(field.description or "")]
    if inside is None or setting.default != "none":
        default = f" Without it: {setting.default}." if setting.default else " It must be given."
        paragraphs.append(f"Allowed: {setting.allowed}.{default}")
    lessons = lessons_with("key", path)
    return Topic(
        "key",
        path,
        tuple(paragraphs),
        settings=settings_of(inside) if inside is not None else (),
        example=_seen(path, lessons) or _declared(path, field),
        lessons=lessons,
    )


def _setting(path: str) -> Setting:
    model: type[BaseModel] = Scenario
    *above, last = path.split(".")
    for part in above:
        model = next(_models(model.model_fields[part].annotation))
    return next(each for each in settings_of(model) if each.name == last)


def _fields(model: type[BaseModel], above: str) -> Iterator[tuple[str, FieldInfo]]:
    """Every key that a file may have, with those inside of it behind it."""
    for name, field in model.model_fields.items():
        path = f"{above}{field.alias or name}"
        yield path, field
        for inside in _models(field.annotation):
            yield from _fields(inside, f"{path}.")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)


def _seen(path: str, lessons: tuple[str, ...]) -> Example | None:
    """What stands there in the lesson that says it in the fewest words."""
    found = []
    for slug in lessons:
        value: Any = contents()[slug]
        for part in path.split("."):
            value = next(iter(value.values()), None) if isinstance(value, dict) and part not in value else value
            value = value[0] if isinstance(value, list) and value else value
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            found.append((len(flow(value)), slug, value))
    if not found:
        return None
    _, slug, value = min(found, key=lambda each: (each[0], lessons.index(each[1])))
    return Example(_written(path, value), about=f"Example, in {slug}")


def _declared(path: str, field: FieldInfo) -> Example | None:
    """The example that the field itself gives."""
    return Example(_written(path, field.examples[0])) if field.examples else None


def _written(path: str, value: Any) -> str:
    *above, last = path.split(".")
    text = f"{last}: {flow(value)}"
    for part in reversed(above):
        text = f"{part}: {{{text}}}"
    return text
