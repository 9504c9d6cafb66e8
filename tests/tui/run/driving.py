"""Driving the screens of a run."""

from __future__ import annotations

from lab.session import Session
from lab.tui.app import LabApp
from lab.tui.run.screen import RunScreen
from tests.session.scenarios import SMALL, small
from tests.tui.driving import drive, shows, until

ASKED = SMALL.replace(
    "claims:",
    "question: {ask: Which one learns?, choices: [Both, Neither], answer: Both, because: Both rates are small.}\n"
    "claims:",
)


def run(script, *, size=(120, 40), text=SMALL, **options):
    """Run `await script(screen, pilot)` on a run screen; returns its outcome, None if it was not left."""
    outcomes = []

    async def with_screen(app: LabApp, pilot) -> None:
        screen = RunScreen(small(text), **{"steps": 400, "keep": False, **options})
        app.push_screen(screen, outcomes.append)
        await until(pilot, lambda: screen.is_attached and hasattr(screen, "steering"))
        try:
            await script(screen, pilot)
        finally:
            screen.session.stop()

    drive(with_screen, size=size)
    return outcomes[0] if outcomes else None


async def begun(screen: RunScreen, pilot) -> Session:
    """Wait until both replicas have been measured, and drawn."""
    await until(pilot, lambda: len(screen.story.curves) > 0 and bool(screen.session.settings("quick")))
    screen.session.throttle(500)  # the pilot waits for a process that does little
    return screen.session


async def over(screen: RunScreen, pilot) -> Session:
    """Wait for the verdict."""
    await until(pilot, lambda: screen._judged)
    await pilot.pause()
    return screen.session


async def paused(screen: RunScreen, pilot) -> Session:
    """A session that stands still."""
    screen.session.pause()
    session = await begun(screen, pilot)
    await until(pilot, lambda: session.state == "paused")
    return session


__all__ = ["ASKED", "SMALL", "begun", "over", "paused", "run", "shows", "until"]
