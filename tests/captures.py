"""Captures of the screens as SVG: `python -m tests.captures` writes the README's, `--all FOLDER` one of every screen.

Everything on them was trained, measured and stored just now, in a folder of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lab.scenario import load
from lab.tui.app import LabApp
from lab.tui.run.screen import RunScreen
from tests.svg import svg
from tests.tui.driving import screen_lines, until

README = Path(__file__).parent.parent / "docs" / "run.svg"
SIZE = (120, 36)
LESSON = "dead-relu"
PACE = 400.0
"""Steps per second, so that what is waited for is seen in time."""
REST = 0.8
"""Seconds in which everything that is on its way arrives."""
Script = Callable[[LabApp, Any], Awaitable[None]]


def write(app: LabApp, path: Path) -> None:
    """The screen as it is now."""
    theme = app.current_theme
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(svg(screen_lines(app), theme.foreground or "#fff", theme.background or "#000"), encoding="utf-8")
    print(path)


async def train(app: LabApp, pilot: Any, share: float, **options: Any) -> RunScreen:
    """A run that stands still after this share of its steps; with a share of 1 it is over."""
    screen = RunScreen(load(LESSON), **options)
    app.push_screen(screen)
    await until(pilot, lambda: screen.is_attached and screen._ready)
    if share < 1:
        screen.session.throttle(PACE)
        await until(pilot, lambda: _done(screen) >= share)
        screen.session.pause()
    else:
        await until(pilot, lambda: screen._judged)
    await settle(pilot, screen)
    return screen


def _done(screen: RunScreen) -> float:
    """The share of its steps that the slowest replica has done."""
    steps = {each.name: each.scenario.train.steps for each in screen.session.variants}
    return min(each.experiment.step / steps[each.name] if each.experiment else 0 for each in screen.session.replicas)


async def settle(pilot: Any, screen: RunScreen) -> None:
    """Wait for pictures that are on their way, and draw them."""
    await pilot.pause(REST)
    screen.redraw()
    await pilot.pause(REST)


# One screen each


async def run(app: LabApp, pilot: Any) -> None:
    """While it trains."""
    screen = await train(app, pilot, 0.6)
    screen.session.resume()  # as it looks while it goes on
    screen.status.say("")
    await settle(pilot, screen)


async def enlarged(app: LabApp, pilot: Any) -> None:
    screen = await train(app, pilot, 0.6)
    await pilot.press("left", "left", "enter")
    await settle(pilot, screen)


async def steered(app: LabApp, pilot: Any) -> None:
    screen = await train(app, pilot, 0.4)
    await pilot.press("plus", "space")
    await until(pilot, lambda: _done(screen) >= 0.8)
    await settle(pilot, screen)


async def layers(app: LabApp, pilot: Any) -> None:
    """Metrics by layer, and the other pages of the board."""
    screen = await train(app, pilot, 1)
    await pilot.press("v", "tab", "tab", "g", "right_square_bracket")
    await settle(pilot, screen)


async def verdict(app: LabApp, pilot: Any) -> None:
    await train(app, pilot, 1, guess="Neither; training repairs a bad start and a bad rate")


async def explained(app: LabApp, pilot: Any) -> None:
    await train(app, pilot, 0.2)
    await pilot.press("e")
    await pilot.pause(REST)


async def branch(app: LabApp, pilot: Any) -> None:
    await train(app, pilot, 0.2)
    await pilot.press("b")
    await pilot.pause(REST)


async def plots(app: LabApp, pilot: Any) -> None:
    await train(app, pilot, 0.2)
    await pilot.press("p")
    await pilot.pause(REST)


async def run_help(app: LabApp, pilot: Any) -> None:
    await train(app, pilot, 0.2)
    await pilot.press("question_mark")
    await pilot.pause(REST)


async def explore(app: LabApp, pilot: Any) -> None:
    app.screen.go_to(LESSON)  # type: ignore[attr-defined]  # the first screen
    await pilot.pause(REST)


async def explore_help(app: LabApp, pilot: Any) -> None:
    await pilot.press("question_mark")
    await pilot.pause(REST)


async def menu(app: LabApp, pilot: Any) -> None:
    await pilot.press("ctrl+p")
    await pilot.pause(REST)


async def settings(app: LabApp, pilot: Any) -> None:
    app._show_settings()
    await pilot.pause(REST)


async def guess(app: LabApp, pilot: Any) -> None:
    app.screen.go_to(LESSON)  # type: ignore[attr-defined]  # the first screen
    await pilot.pause(REST)
    await pilot.press("enter")
    await until(pilot, lambda: type(app.screen).__name__ == "GuessScreen")
    await pilot.pause(REST)


async def kernels(app: LabApp, pilot: Any) -> None:
    from lab.tui.kernels.screen import KernelsScreen

    screen = KernelsScreen(load(LESSON))
    app.push_screen(screen)
    await until(pilot, lambda: screen.measured is not None)
    await pilot.press("s")
    await pilot.pause(REST)


async def runs(app: LabApp, pilot: Any) -> None:
    await pilot.press("r")
    await until(pilot, lambda: len(app.screen._runs) > 1)  # type: ignore[attr-defined]  # the list of runs
    await pilot.pause(REST)


async def replay(app: LabApp, pilot: Any) -> None:
    await runs(app, pilot)
    await pilot.press("enter")
    await until(pilot, lambda: type(app.screen).__name__ == "ReplayScreen")
    await pilot.pause(REST)
    await pilot.press("6")
    await pilot.pause(REST)


async def compare(app: LabApp, pilot: Any) -> None:
    await runs(app, pilot)
    await pilot.press("space", "down", "space", "c")
    await pilot.pause(REST)


async def copied(app: LabApp, pilot: Any) -> None:
    await train(app, pilot, 0.2)
    await pilot.press("y")
    await pilot.pause(REST)


ALL: tuple[Script, ...] = (
    verdict, run, enlarged, steered, layers, explained, branch, plots, run_help, explore, explore_help, menu, settings,
    guess, kernels, runs, replay, compare, copied,
)  # fmt: skip
"""The first two leave the runs behind that others show."""


def capture(script: Script, size: tuple[int, int], path: Path) -> None:
    """Open the lab, bring up a screen and write it down."""

    async def drive() -> None:
        app = LabApp()
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: getattr(app.screen, "_ready", True))
            await script(app, pilot)
            write(app, path)
            app.live.stop_all()

    asyncio.run(drive())


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every screen, into this folder")
    parser.add_argument("--only", nargs="*", help="of these, only some")
    parser.add_argument("--size", nargs="*", default=["80x24", "200x60"], help="of these terminals")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LAB_HOME": home, "LAB_CONFIG": f"{home}/settings.yaml"}
        if options.all is None:
            capture(run, SIZE, README)
            return
        for each in options.size:
            width, _, height = each.partition("x")
            for script in ALL:
                if not options.only or script.__name__ in options.only:
                    capture(script, (int(width), int(height)), options.all / f"{script.__name__}-{each}.svg")


if __name__ == "__main__":
    main()
