"""What a run says: metrics, pictures, sentences on what happens, and the events that carry all of it."""

from __future__ import annotations

import dataclasses
import re
import typing
from functools import cache

from lab import events as stream
from lab.metrics.meaning import Meaning
from lab.noticing.detector import detector_meanings, load_detectors
from lab.reference import examples, kernels_used
from lab.reference.lessons import contents, lessons_with
from lab.reference.topic import Example, Setting, Topic, prose, sentence
from lab.tasks.figures import load_figures
from lab.tasks.task import load_tasks
from lab.terminal.metric_words import words


@cache
def _meanings() -> dict[str, dict[Meaning, list[str]]]:
    """For each metric what it means, and for each meaning the tasks where it has it."""
    found: dict[str, dict[Meaning, list[str]]] = {}
    for name, task in load_tasks().items():
        for metric, meaning in task.metrics.items():
            found.setdefault(metric, {}).setdefault(meaning, []).append(name)
    return found


_BEST_KNOWN = ("classify", "regress")


def metrics() -> tuple[str, ...]:
    return tuple(sorted(_meanings()))


def metric(name: str) -> Topic:
    """A metric; where tasks mean different things by its name, each of them."""
    known = _meanings()[name]
    paragraphs = []
    for meaning, tasks in known.items():
        where = f"In {_listed(tasks)}: {meaning}" if len(known) > 1 else meaning
        paragraphs.append(sentence(where))
    if len(known) == 1:
        paragraphs.append(f"It is a metric of {_listed(next(iter(known.values())))}.")
    units = list(dict.fromkeys(meaning.unit.said for meaning in known))
    better = {meaning.higher_is_better for meaning in known}
    if better in ({True}, {False}):
        paragraphs.append(f"{'Higher' if better == {True} else 'Lower'} is better.")
    spelled = words(name)
    if spelled.replace(" ", "_") != name:
        paragraphs.append(f"On screens and plots it is called {spelled}.")
    lessons = lessons_with("metric", name)
    return Topic(
        "metric",
        name,
        tuple(paragraphs),
        unit=units[0] if len(units) == 1 else "; or ".join(units),
        use=f"watch: [{name}]",
        example=_run(lessons) or _asked_of([task for tasks in known.values() for task in tasks], "watch", name),
        kernels=_kernels(name),
        lessons=lessons,
    )


def _kernels(name: str) -> tuple[str, ...]:
    from lab.metrics.device_metric import load_device_metrics

    return next((kernels_used.of_metric(each, name) for each in load_device_metrics() if name in each.meanings), ())


def _listed(names: list[str]) -> str:
    quoted = [f"`{each}`" for each in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _run(lessons: tuple[str, ...]) -> Example | None:
    return Example(f"lab run {lessons[0]}") if lessons else None


def _asked_of(tasks: list[str], path: str, name: str) -> Example | None:
    """The first file of the first of the tasks that can show it, the best known ones before all others."""
    known = sorted(tasks, key=lambda task: task not in _BEST_KNOWN)
    return next(filter(None, (examples.with_first_file(task, path, name) for task in known)), None)


def _of_tasks() -> dict[str, dict[str, str]]:
    """The pictures that tasks draw themselves: by name, for each task what it shows."""
    found: dict[str, dict[str, str]] = {}
    for name, task in load_tasks().items():
        for picture, meaning in task.pictures.items():
            found.setdefault(picture, {})[name] = meaning
    return found


def pictures() -> tuple[str, ...]:
    return tuple(sorted({*load_figures(), *_of_tasks()}))


def picture(name: str) -> Topic:
    """A picture: a figure of a network, or what a task draws, or both where they have the same name."""
    figures, own = load_figures(), _of_tasks().get(name, {})
    paragraphs: list[str] = []
    lessons = lessons_with("picture", name)
    use = f"show: {{first: {name}}}"
    if name in figures:
        paragraphs += prose(figures[name]).paragraphs
        use = f"options: {{pictures: [{name}]}}"
        if figures[name].rank is not None:
            paragraphs.append("It is shown unasked of networks that have what it shows.")
    for task, meaning in own.items():
        paragraphs.append(f"The task `{task}` draws it: {meaning[:1].lower()}{sentence(meaning)[1:]}")
    for task in own:
        lessons = tuple(dict.fromkeys((*lessons, *lessons_with("task", task))))
    return Topic(
        "picture",
        name,
        tuple(paragraphs),
        use=use,
        example=_run(lessons) or _asked_of(["classify", "regress"], "options.pictures", name),
        lessons=lessons,
    )


def notices() -> tuple[str, ...]:
    return tuple(sorted(detector_meanings()))


def notice(name: str) -> Topic:
    """One kind of sentence; the lessons are those that watch what it is made from."""
    meaning = detector_meanings()[name]
    paragraphs = [f"A run says {meaning}."]
    needs = load_detectors()[name].metrics if name in load_detectors() else ("accuracy", "val_accuracy")
    if needs:
        paragraphs.append(f"It is made from {_listed(list(needs))}, which must be watched.")
    lessons = tuple(slug for slug, each in contents().items() if set(needs) & set(each.get("watch") or ()))
    named = lessons_with("notice", name)
    lessons = tuple(dict.fromkeys((*named, *lessons)))
    return Topic(
        "notice", name, tuple(paragraphs), use=f"show: {{notice: [{name}]}}", example=_run(lessons), lessons=lessons
    )


def events() -> tuple[str, ...]:
    return tuple(kind.event for kind in typing.get_args(stream.Event))


def event(name: str) -> Topic:
    """One kind of event; its settings are what its JSON object has beside `event`."""
    kind = next(each for each in typing.get_args(stream.Event) if each.event == name)
    fields = tuple(
        Setting(each.name, _type_in_words(str(each.type)), "", "")
        for each in dataclasses.fields(kind)
        if not each.name.startswith("_")
    )
    lines = f'lab run one-sigmoid-gate --json --no-save | grep \'"event": "{name}"\''
    return Topic("event", name, prose(kind).paragraphs, settings=fields, example=Example(lines))


_TYPES = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "Any": "anything",
          "Picture": "a picture", "Outcome": "objects with variant, seed, steps, state, seconds, message"}  # fmt: skip


def _type_in_words(text: str) -> str:
    """A type as it is written in the source, as JSON has it.

    >>> _type_in_words("dict[str, float]"), _type_in_words("str | None"), _type_in_words("tuple[int, ...]")
    ('object of number', 'text or null', 'list of whole number')
    """
    if " | " in text and not text.startswith(("dict", "tuple")):
        return " or ".join("null" if each == "None" else _type_in_words(each) for each in text.split(" | "))
    if inside := re.fullmatch(r"tuple\[(.+), \.\.\.\]", text):
        return f"list of {_type_in_words(inside[1])}"
    if inside := re.fullmatch(r"dict\[\w+, (.+)\]", text):
        return f"object of {_type_in_words(inside[1])}"
    return _TYPES.get(text, text)
