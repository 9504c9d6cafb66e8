"""Running a session for a person: the reporter that shows it, the store that keeps it, the signals that end it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from lab.cli import INTERRUPTED, READER_GONE
from lab.errors import BadInput, LabError
from lab.events import Event, Started
from lab.terminal.echo import forget_typing

if TYPE_CHECKING:
    from lab.session import Session
    from lab.store import RunWriter
    from lab.terminal import Reporter

FELL_SHORT = 1


def seeds_of(text: str | None, first: int) -> tuple[int, ...]:
    """The seeds that `--seeds` means: `3` is three, counted from the scenario's own; `5:8` is 5, 6, 7."""
    if text is None:
        return (first,)
    begin, colon, end = text.partition(":")
    try:
        low, high = (int(begin), int(end)) if colon else (first, first + int(begin))
    except ValueError:
        raise BadInput(f"--seeds takes a number (3) or a range (0:10), not {text!r}.") from None
    if low < 0 or high > 2**32:
        raise BadInput(f"--seeds: seeds are from 0 to {2**32 - 1}, not {text!r}.")
    if high <= low:
        raise BadInput(f"--seeds {text} names no seed.")
    if high - low > 100_000:
        raise BadInput(f"--seeds {text} names {high - low:,} seeds; at most 100,000 are possible.")
    return tuple(range(low, high))


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
    subscription = session.subscribe(lossless)
    name = writer.name if writer is not None and writer.saving else None
    try:
        with _signals(session, reporter):
            session.start(writer, name)
            for event in subscription:
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
    except LabError:
        _close(writer, "failed")
        raise
    finally:
        reporter.close()
    ended = session.ended
    assert ended is not None
    if writer is not None:
        for variant, seeds in session.weights().items():
            for seed, arrays in seeds.items():
                writer.weights(variant, seed, arrays)
    _close(writer, "interrupted" if ended.interrupted else "finished")
    if ended.interrupted:
        return READER_GONE if reporter.broken else INTERRUPTED
    asked = expected_divergence(session)
    unasked = [each for each in ended.outcomes if each.state == "diverged" and each.variant not in asked]
    return 0 if ended.held and not unasked else FELL_SHORT


def expected_divergence(session: Session) -> set[str]:
    """Variants of which a claim says whether they diverge: that they do is then the claim's affair."""
    names = (name for claim in session.loaded.scenario.claims for name in claim.expression.names())
    return {name.variant for name in names if name.metric == "diverged"}


def _close(writer: RunWriter | None, state: str) -> None:
    if writer is not None:
        writer.close(state)


@contextmanager
def _signals(session: Session, reporter: Reporter) -> Iterator[None]:
    interrupts = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupts
        interrupts += 1
        if interrupts > 1:
            reporter.close()
            sys.stderr.write("Stopped at once; what was measured until the last second is kept.\n")
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        if number == signal.SIGINT:
            forget_typing()
        session.stop()

    wanted = [each for each in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, each)]
    before = {each: signal.signal(getattr(signal, each), interrupt) for each in wanted}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(getattr(signal, each), handler)
