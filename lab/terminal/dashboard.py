"""The live dashboard; so far it writes plain lines."""

from __future__ import annotations

from typing import Any, TextIO

from lab.terminal.capabilities import Capabilities
from lab.terminal.output import Output
from lab.terminal.plain import Plain
from lab.terminal.question import question_of


class Dashboard(Plain):
    """Writes plain lines to a terminal."""

    def __init__(self, stream: TextIO, capabilities: Capabilities, options: Any, loaded: Any) -> None:
        super().__init__(Output(stream, capabilities.unicode), question_of(loaded))
