"""A topic as text: lines for a terminal, or Markdown for a page. Both say the same in the same order."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from lab.graph.catalogue import all_kernels, source
from lab.reference.topic import Topic

LONGEST_SOURCE = 60
"""Lines; of a longer kernel only the declaration and its sentences are told, and where the rest is."""
MOST_LESSONS = 12
Section = tuple[str, list[str], bool]
"""A heading, lines, and whether they stay as they are (code) or are sentences."""


def lines(topic: Topic, width: int = 80) -> list[str]:
    """For a terminal of so many columns."""
    told = [f"{topic.name}: {_noun(topic.kind)}", ""]
    for each in topic.paragraphs:
        told += [*_wrapped(each, width, ""), ""]
    for heading, content, verbatim in _sections(topic):
        told.append(heading)
        for each in content:
            told += [f"  {each}".rstrip()] if verbatim else _wrapped(each, width, "  ")
        told.append("")
        if heading == "Formula" and topic.settings:
            told += _settings(topic, width)
    if topic.settings and not topic.formula:
        at = next((number for number, each in enumerate(told) if each.startswith("Example")), len(told))
        told[at:at] = _settings(topic, width)
    return told[:-1]


def markdown(topic: Topic, level: int = 2) -> str:
    """For a page: a section with its own heading."""
    parts = [f"{'#' * level} {topic.name}", *topic.paragraphs]
    settings = topic.settings
    for heading, content, verbatim in _sections(topic):
        if heading.startswith("Example") and settings:
            parts, settings = [*parts, _table(topic)], ()
        language = "python" if heading.startswith("Kernel") else "yaml" if ": " in content[0] else "sh"
        if heading == "In a scenario" or (heading == "Formula" and len(content) == 1):
            parts.append(f"**{heading}:** `{content[0]}`")
        elif heading == "Formula":
            parts.append("\n".join(["**Formula**", "", "```text", *content, "```"]))
        elif verbatim:
            parts.append("\n".join([f"**{heading}**", "", f"```{language}", *content, "```"]))
        else:
            parts.append(f"**{heading}:** {' '.join(content)}")
    return "\n\n".join([*parts, *([_table(topic)] if settings else [])])


def _sections(topic: Topic) -> list[Section]:
    found: list[Section] = []
    if topic.formula:
        found.append(("Formula", topic.formula.split("; "), False))
    if topic.unit:
        found.append(("Unit", [topic.unit], False))
    if topic.use:
        found.append(("In a scenario", [topic.use], True))
    if topic.example is not None:
        found.append((_example_heading(topic), topic.example.text.rstrip().splitlines(), True))
    found += _kernels(topic)
    if topic.lessons:
        shown, more = topic.lessons[:MOST_LESSONS], len(topic.lessons) - MOST_LESSONS
        found.append(("Lessons", [", ".join(shown) + (f" and {more} more" if more > 0 else "")], False))
    if topic.papers:
        found.append(("Paper" if len(topic.papers) == 1 else "Papers", [f"{each}." for each in topic.papers], False))
    return found


def _example_heading(topic: Topic) -> str:
    assert topic.example is not None
    if topic.example.whole and topic.kind != "task":
        return f"{topic.example.about}, a whole file"
    return topic.example.about


def _kernels(topic: Topic) -> list[Section]:
    if not topic.kernels:
        return []
    first, *others = topic.kernels
    kernel = all_kernels()[first]
    text = source(kernel).splitlines()
    if len(text) > LONGEST_SOURCE:
        text = [
            f'@kernel("{kernel.declaration}")',
            *(f"# {each}" for each in (kernel.__doc__ or "").strip().splitlines()),
        ]
    file = kernel.function.__module__.replace(".", "/") + ".py"
    found: list[Section] = [(f"Kernel {first}, in {file}", [each.rstrip() for each in text], True)]
    if others:
        shown = ", ".join(others[:8]) + (", …" if len(others) > 8 else "")
        found.append(("Other kernels", [f"{shown}: `lab kernels {others[0]}` shows one."], False))
    return found


def _settings(topic: Topic, width: int) -> list[str]:
    told = [_settings_title(topic)]
    for each in topic.settings:
        facts = [each.allowed, *([f"default {each.default}"] if each.default else _must(topic))]
        told += _wrapped(f"{each.name}  {'; '.join(facts)}", width, "  ", "      ")
        told += _wrapped(each.meaning, width, "      ") if each.meaning else []
    return [*told, ""]


def _must(topic: Topic) -> list[str]:
    return [] if topic.kind == "event" else ["must be given"]


def _settings_title(topic: Topic) -> str:
    return {"event": "Fields", "key": "Keys inside", "task": "Options", "data set": "Options"}.get(
        topic.kind, "Settings"
    )


def _table(topic: Topic) -> str:
    named = topic.kind == "event"
    head = ["name", "what it is"] if named else ["name", "allowed", "default", "meaning"]
    rows = [head, ["---"] * len(head)]
    for each in topic.settings:
        cells = [f"`{each.name}`", each.allowed]
        rows.append(cells if named else [*cells, each.default or "must be given", each.meaning])
    table = "\n".join(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows)
    return f"**{_settings_title(topic)}**\n\n{table}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _wrapped(text: str, width: int, indent: str, following: str | None = None) -> list[str]:
    after = indent if following is None else following
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=after, break_long_words=False, break_on_hyphens=False
    )


def _noun(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}" if kind != "key" else "a key of a scenario file"


def table_of_contents(titles: Sequence[tuple[str, str, Sequence[str]]], width: int = 80) -> list[str]:
    """All names by kind: (title, about, names)."""
    told: list[str] = []
    for title, about, names in titles:
        told += [title, *_wrapped(about, width, "  "), *_wrapped(", ".join(names), width, "    "), ""]
    return told[:-1]
