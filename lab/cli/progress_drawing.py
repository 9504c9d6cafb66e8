"""Drawing on stderr how far something is, while it goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

    from lab.terminal.style import Style


def drawing(
    lines: Callable[[int, Style], list[Text]], shown: bool = True
) -> tuple[Callable[[], None], Callable[[], None]]:
    """What draws the lines (to be called often), and what takes the drawing away; both do nothing where it is not to be
    shown, or the terminal cannot be drawn over. lines: called with the width."""
    from lab.terminal.capabilities import detect
    from lab.terminal.live import Live
    from lab.terminal.style import Style

    capabilities = detect(sys.stderr)
    if not shown or not capabilities.live:
        return _nothing, _nothing
    style = Style(capabilities.colours, capabilities.unicode)
    live = Live(sys.stderr, capabilities, lambda width, height: lines(width, style))
    return live.news, live.close


def _nothing() -> None:
    pass
