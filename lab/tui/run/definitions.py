"""What the selected plot or picture is: the text of `lab explain`, with definition, unit, formula and lessons."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from lab.errors import BadInput
from lab.terminal.style import Style


def defined(kind: str, names: Sequence[str], width: int, style: Style) -> Text:
    """The definitions of metrics or pictures, one below the other and at most `width` columns wide; of those that are
    known."""
    from lab.reference import look_up
    from lab.reference.text import lines

    told: list[str] = []
    for name in dict.fromkeys(names):
        try:
            found = look_up(name, kind).topics
        except BadInput:
            continue
        for topic in found:
            told += [*(["", "─" * min(width, 40), ""] if told else []), *lines(topic, width)]
    return Text("\n".join(style.words(each) for each in told))
