"""Where the events of a run go beside the screen: the run store, and a file of JSON lines if one is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lab.errors import BadInput

if TYPE_CHECKING:
    from lab.session import Session
    from lab.store import RunWriter


def warn(message: str) -> None:
    """A warning on stderr, where it does not disturb what is on stdout."""
    print(message, file=sys.stderr)


@contextmanager
def begin_recording(session: Session, *, keep: bool, out: str | None) -> Iterator[RunWriter | None]:
    """The writer for the session's run, None if it is not to be kept. `out` receives every event, too."""
    from lab.events import to_json

    writer = None
    if keep:
        from lab.session.keeping import begin
        from lab.store import Store

        writer = begin(session, Store.open(), warn)
    if out is None:
        yield writer
        return
    try:
        file = open(out, "w", encoding="utf-8")  # noqa: SIM115 - closed below, after the session's last event
    except OSError as error:
        if writer is not None:
            writer.discard()
        raise BadInput(f"{out} cannot be written: {error.strerror}.") from None
    with file:
        session.also(lambda event: file.write(json.dumps(to_json(event), allow_nan=False) + "\n"))
        yield writer
