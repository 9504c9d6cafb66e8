"""The reference as Markdown pages: one for each kind of thing, and a table of contents."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lab.reference.catalogue import KINDS, topic
from lab.reference.text import markdown

_WRITTEN = "This page is written by `lab explain --pages docs/reference` from the code itself: change it there."


@cache
def pages() -> dict[str, str]:
    """The text of each page by its file name."""
    found = {file_name(kind): _page(kind) for kind in KINDS}
    rows = []
    for kind, each in KINDS.items():
        names = ", ".join(f"[{name}]({file_name(kind)}#{anchor(name)})" for name in each.names())
        rows.append(f"## [{each.title}]({file_name(kind)})\n\n{each.about}\n\n{names}")
    head = (
        "# Reference\n\nEverything that a scenario can name. The same text as `lab explain NAME`.\n\n"
        + _WRITTEN
        + "\n\n"
    )
    return {"README.md": head + "\n\n".join(rows) + "\n", **found}


def _page(kind: str) -> str:
    each = KINDS[kind]
    names = each.names()
    links = ", ".join(f"[{name}](#{anchor(name)})" for name in names)
    told = [f"# {each.title}", each.about, _WRITTEN, links, *(markdown(topic(kind, name)) for name in names)]
    return "\n\n".join(told) + "\n"


def file_name(kind: str) -> str:
    """The page of a kind: `data-sets.md`."""
    return KINDS[kind].title.lower().replace(" ", "-") + ".md"


def anchor(name: str) -> str:
    """What a heading's link is called on the web.

    >>> anchor("train.stop.when"), anchor("batch_norm")
    ('trainstopwhen', 'batch_norm')
    """
    return re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-")


def write_pages(folder: Path) -> int:
    """Write all pages; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    written = pages()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    return len(written)
