"""Lines that are written once: in colour to a terminal, as plain text into a pipe or a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.text import Text

from lab.terminal.capabilities import Capabilities
from lab.terminal.output import Output
from lab.terminal.painter import Painter


def print_lines(lines: Sequence[Text], stream: TextIO, capabilities: Capabilities) -> None:
    """Write the lines. A terminal that cannot be drawn over gets no escape sequences, and neither does a pipe."""
    if capabilities.live:
        Painter(stream, capabilities.colours).print(lines, capabilities.width)
        return
    output = Output(stream, capabilities.unicode)
    for line in lines:
        output.line(line.plain.rstrip())
