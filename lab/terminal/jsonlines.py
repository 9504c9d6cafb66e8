"""`--json`: one event per line, nothing else, and `ended` or `failed` always last."""

from __future__ import annotations

import json
from typing import Any, TextIO

from lab.events import Ended, Event, Failed, to_json
from lab.terminal.output import Output


class JsonLines:
    """Writes every event as one JSON object per line. `broken`: the reader has gone, nothing more is written."""

    def __init__(self, stream: TextIO) -> None:
        self._output = Output(stream)
        self._over = False

    @property
    def broken(self) -> bool:
        """Whether the reader has gone."""
        return self._output.broken

    def handle(self, event: Event) -> None:
        """Write the event. After `ended` or `failed` nothing is written any more."""
        if self._over:
            return
        self._over = isinstance(event, Ended | Failed)
        self._output.line(json.dumps(to_json(event), allow_nan=False, default=_number))

    def close(self) -> None:
        """End the stream: a reader that saw neither `ended` nor `failed` learns that the session broke off."""
        if not self._over:
            self.handle(Failed("The session broke off before its end."))


def _number(value: Any) -> Any:
    """NumPy's scalars as Python's own numbers."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"an event carries {type(value).__name__}, which JSON cannot")
