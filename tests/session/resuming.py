"""Stopping a kept run and taking it up again."""

from __future__ import annotations

import pytest

from lab.session import Session, keeping
from lab.store import RunWriter, Store


def stopped_and_resumed(session: Session, writer: RunWriter, store: Store):
    """Stop a session in the middle, take up what is kept of it and let it come to its end; the curves that are kept."""
    session.stop()
    assert session.wait(30)
    writer.close("interrupted")
    again, writer, _ = keeping.take_up(store, store.info(writer.name), 2, pytest.fail)
    again.start(writer, writer.name)
    assert again.wait(60)
    writer.close("finished")
    return store.curves(writer.name)
