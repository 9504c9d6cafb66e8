"""Running a session for a person: the reporter that shows it, the store that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lab.cli import INTERRUPTED, READER_GONE, UNSAVED
from lab.cli.interrupts import interruptible
from lab.errors import DeviceMissing, LabError
from lab.events import Ended, Event, Started

if TYPE_CHECKING:
    from lab.session import Session
    from lab.store import RunWriter
    from lab.terminal import Reporter

FELL_SHORT = 1


def pictured(session: Session) -> tuple[str, int]:
    """Variant and seed whose pictures a terminal has room for: those of the variant that decides the lesson."""
    from lab.scenario.decisive import decisive

    names = [each.name for each in session.variants]
    wanted = decisive(session.loaded.scenario).variants
    return next((each for each in wanted if each in names), names[0]), session.seeds[0]


def carry_out(
    session: Session,
    reporter: Reporter,
    writer: RunWriter | None,
    *,
    lossless: bool,
    earlier: Sequence[Event] = (),
) -> int:
    """Start the session, show it until it ends, keep it. Returns the exit code.

    lossless: the reporter must see every event, even if that holds the training up
    earlier:  what a resumed run measured before, for the reporter alone

    The first interrupt ends the session cleanly, with everything that was measured; a second one ends the process.
    """
    from lab.session.record import keep_weights
    from lab.session.verdict import expected_divergence

    subscription = session.subscribe(lossless)
    name = writer.name if writer is not None and writer.saving else None
    try:
        with interruptible(session.stop, reporter.close):
            session.start(writer, name, let_go=True)
            last: Ended | None = None
            for event in subscription:
                if isinstance(event, Ended):
                    last = event
                    continue  # it is told when it is known whether the run is kept
                reporter.handle(event)
                if isinstance(event, Started):
                    for before in earlier:
                        reporter.handle(before)
                    earlier = ()
                if reporter.broken:
                    subscription.close()
                    session.stop()
                    break
            session.wait()
            ended = session.ended
            assert ended is not None
            if writer is not None:
                keep_weights(session, writer)
            _close(writer, "interrupted" if ended.interrupted else "finished")
            if last is not None:
                reporter.handle(replace(last, unsaved=unsaved(writer)))
    except DeviceMissing:
        _close(writer, "interrupted")  # a device that was lost is no fault of the run, which can go on elsewhere
        raise
    except LabError:
        _close(writer, "failed")
        raise
    finally:
        reporter.close()
    if ended.interrupted:
        return READER_GONE if reporter.broken else INTERRUPTED
    asked = expected_divergence(session.loaded.scenario.claims)
    unasked = [each for each in ended.outcomes if each.state == "diverged" and each.variant not in asked]
    if not ended.held or unasked:
        return FELL_SHORT
    return UNSAVED if unsaved(writer) else 0


def unsaved(writer: RunWriter | None) -> str:
    """Why a run that was to be kept is not, or not to its end: "" if it is."""
    if writer is None or writer.warning is None:
        return ""
    return writer.reason + (f"; what was saved before is kept as {writer.name}" if writer.kept else "")


def _close(writer: RunWriter | None, state: str) -> None:
    if writer is not None:
        writer.close(state)
