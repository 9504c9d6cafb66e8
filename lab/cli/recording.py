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
        from lab.store import Store

        loaded = session.loaded
        writer = Store.open().create(
            loaded.slug,
            title=loaded.scenario.title,
            text=loaded.text,
            path=loaded.path,
            overrides=loaded.overrides,
            options={"steps": session.steps},
            variants=[each.name for each in session.variants],
            seeds=session.seeds,
            steps={each.name: session.steps or each.scenario.train.steps for each in session.variants},
            device=session.device,
            warn=warn,
        )
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
