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

DESCENT = """
title: Valley
task: descend
options: {function: rosenbrock, window: [-2.2, 2.2, -0.8, 3.2], start: {normal: 0.2, plus: [-1.5, 2.0]}}
optimizer: {name: sgd, rate: 3.0e-5}
train: {steps: 400, measure: 20}
watch: [loss]
variants: {calm: {}, quick: {optimizer.rate: 6.0e-5}}
"""


def run(script, *, size=(120, 40), text=SMALL, **options):
    """Run `await script(screen, pilot)` on a run screen; returns its outcome, None if it was not left."""
    outcomes = []

    async def with_screen(app: LabApp, pilot) -> None:
        screen = RunScreen(small(text), **{"steps": 400, "keep": False, **options})
        app.push_screen(screen, outcomes.append)
        await until(pilot, lambda: screen.is_attached and hasattr(screen, "controls"))
        try:
            await script(screen, pilot)
        finally:
            screen.session.stop()

    drive(with_screen, size=size)
    return outcomes[0] if outcomes else None


async def begun(screen: RunScreen, pilot) -> Session:
    """Wait until both replicas have been measured, and drawn."""
    await until(pilot, lambda: len(screen.run_state.curves) > 0 and bool(screen.session.settings("quick")))
    screen.session.throttle(500)  # the pilot waits for a process that does little
    return screen.session


async def over(screen: RunScreen, pilot) -> Session:
    """Wait for the verdict."""
    await until(pilot, lambda: screen._judged)
    await pilot.pause()
    return screen.session


async def paused(screen: RunScreen, pilot) -> Session:
    """A session that stands still: it is paused from its next chunk on, so what was running has to come to its end."""
    screen.session.pause()
    session = await begun(screen, pilot)
    await until(pilot, lambda: session.idle)
    return session


__all__ = ["ASKED", "DESCENT", "SMALL", "begun", "over", "paused", "run", "shows", "until"]
