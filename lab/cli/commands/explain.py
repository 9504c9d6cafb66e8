"""`lab explain`: what anything is that a scenario can name."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

WIDEST = 100


def command(
    name: Annotated[
        list[str], typer.Argument(metavar="[NAME]", help="What to explain; its kind may stand before it: metric loss.")
    ] = [],  # noqa: B006 - Typer copies it
    example: Annotated[
        bool, typer.Option("--example", help="Only the example, to be written to a file and run.")
    ] = False,
    pages: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write all of it to this folder, as pages in Markdown.")
    ] = None,
) -> None:
    """What a task, layer, loss, optimizer, data set, metric, picture, key or word is: formula, settings, example.

    Without a name: all that there is. With the name of a kind, such as layers: all of that kind.
    """
    from lab.errors import BadInput
    from lab.terminal import detect
    from lab.terminal.output import Output

    if pages is not None:
        from lab.reference.pages import write_pages

        try:
            print(f"{write_pages(pages)} pages are written to {pages}.")
        except OSError as error:
            raise BadInput(f"{pages}: cannot be written ({error.strerror or error}).") from None
        return
    output = Output(sys.stdout, detect(sys.stdout).unicode)
    width = min(WIDEST, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 80
    for line in _example(name) if example else _told(name, width):
        output.line(line)


def _told(name: list[str], width: int) -> list[str]:
    from lab.reference import KINDS, look_up
    from lab.reference.catalogue import kind_of
    from lab.reference.text import lines, table_of_contents

    if not name:
        titles = [(each.title, each.about, each.names()) for each in KINDS.values()]
        return [*table_of_contents(titles, width), "", "`lab explain NAME` tells of one of them."]
    kind, wanted = _split(name)
    if kind is None and (of_kind := kind_of(wanted)) is not None:
        each = KINDS[of_kind]
        return _listing(of_kind, f"{each.title}. {each.about}", each.names(), width)
    answer = look_up(wanted, kind)
    if answer.lesson:
        slug = answer.lesson
        return _wrap(f"{slug} is a lesson: `lab show {slug}` tells of it, `lab run {slug}` runs it.", width)
    if not answer.topics:
        owners = ", ".join(f"{owner} ({of})" for of, owner in answer.owners)
        if answer.value_of:
            settings = ", ".join(
                f"`{setting}` of {owner} ({of})"
                for setting, (of, owner) in zip(answer.value_of, answer.owners, strict=True)
            )
            return [
                *_wrap(f"{wanted} is a value of {settings}. `lab explain {answer.owners[0][1]}` explains it.", width)
            ]
        return [*_wrap(f"{wanted} is a setting of {owners}. `lab explain {answer.owners[0][1]}` explains it.", width)]
    told: list[str] = []
    if len(answer.topics) > 1:
        found = ", ".join(f"{each.name} ({each.kind})" for each in answer.topics)
        told = [*_wrap(f"There are {len(answer.topics)}: {found}.", width), ""]
    for number, found_topic in enumerate(answer.topics):
        told += [*(["", "-" * min(width, 40), ""] if number else []), *lines(found_topic, width)]
    return told


def _split(words: list[str]) -> tuple[str | None, str]:
    """`metric loss` as kind and name; a name alone has no kind."""
    from lab.reference.catalogue import kind_of

    for end in (2, 1):
        if len(words) > end and (kind := kind_of(" ".join(words[:end]))) is not None:
            return kind, " ".join(words[end:])
    return None, " ".join(words)


def _listing(kind: str, title: str, names: tuple[str, ...], width: int) -> list[str]:
    from lab.reference import topic

    told = [*_wrap(title, width), ""]
    column = min(24, max(map(len, names)))
    for name in names:
        first, *rest = _wrap(topic(kind, name).summary, width - column - 4) or [""]
        told += [f"  {name:<{column}}  {first}", *(f"{'':<{column + 4}}{each}" for each in rest)]
    return told


def _wrap(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _example(name: list[str]) -> list[str]:
    from lab.errors import BadInput
    from lab.reference import look_up

    if not name:
        raise BadInput("Of what? Write `lab explain NAME --example`.")
    kind, wanted = _split(name)
    found = [each for each in look_up(wanted, kind).topics if each.example is not None]
    whole = [each.example for each in found if each.example is not None and each.example.whole] or [
        each.example for each in found if each.example is not None
    ]
    if not whole:
        raise BadInput(f"There is no example of {wanted}.")
    return whole[0].text.rstrip().splitlines()
