"""`lab mark`: a kept run's name, tags and note."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    run: Annotated[str, typer.Argument(help="The run's name, a unique beginning of it, or latest.")],
    tag: Annotated[list[str], typer.Option(help="Give it this tag. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    untag: Annotated[list[str], typer.Option(help="Take this tag away. Repeatable.")] = [],  # noqa: B006
    note: Annotated[
        str | None, typer.Option(help="What there is to say about it, in one line; '' for nothing.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Call it so from now on.")] = None,
) -> None:
    """Give a kept run tags, a note or another name; `lab runs --tag` finds it again."""
    from lab.errors import BadInput, nearest
    from lab.store import Store
    from lab.store.store import refuse_marks

    if not tag and not untag and note is None and name is None:
        raise BadInput("Say what to change: --tag, --untag, --note or --name.")
    with Store.open() as store:
        info = store.find(run)
        for each in untag:
            if each not in info.tags:
                hint = nearest(each, info.tags) if info.tags else "it has none"
                raise BadInput(f"{info.name} has no tag {each!r}: {hint}.")
        tags = [each for each in (*info.tags, *tag) if each not in untag]
        said = None if note is None else note.strip()
        refuse_marks(tags, said)  # all of it is done, or nothing
        if name is not None and name != info.name:
            store.rename(info.name, name)
        now = store.info(info.name if name is None else name)
        if tag or untag or note is not None:
            store.describe(now.name, tags=tags, note=said)
            now = store.info(now.name)
    told = [f"{now.name}: {', '.join(now.tags) if now.tags else 'no tags'}"] + ([now.note] if now.note else [])
    print("; ".join(told))
