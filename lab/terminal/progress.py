"""How far something is that takes long: a bar, what is done, and how long it will take."""

from __future__ import annotations

import math

from rich.text import Text

from lab.terminal import blocks
from lab.terminal.numbers import duration
from lab.terminal.style import DIM, Style
from lab.terminal.text_lines import line, pad

_LONGEST_BAR = 40


def progress(
    done: int, total: int, noun: str, width: int, style: Style, *, spent: float, left: float | None, share: float = 0.0
) -> Text:
    """One line: "████▌      42 of 100 trials, 12 s, about 17 s left".

    spent, left: seconds, None if nobody knows;  share: of all the work, where that is more than `done` of `total`
    """
    told = f"{done:,} of {total:,} {noun}, {duration(spent)}"
    rest = f", about {duration(left)} left" if left is not None and math.isfinite(left) else ""
    room = min(_LONGEST_BAR, width - len(told) - len(rest) - 2)
    text = line()
    if room >= 6:
        text.append(
            pad(blocks.bar(max(share, done / max(total, 1)), room, style), room), style.text_style(style.colour(0))
        )
        text.append("  ")
    return text.append(told).append(rest, DIM)
