"""Driving the lab without a terminal: start it, press keys, wait for what should come, read the screen as text."""

import asyncio
import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from lab.events import Claimed, Ended, Measured, Started
from lab.outcome import Outcome
from lab.store import Store
from lab.tui.app import LabApp

SNAPSHOTS = Path(__file__).parent / "snapshots"
NOON = 1_700_000_000.0


def drive(script, *, size=(80, 24), **arguments):
    """Run `await script(app, pilot)` in the lab."""

    async def run():
        app = LabApp(**arguments)
        async with app.run_test(size=size, notifications=True) as pilot:
            with answered_at_once(pilot):
                await until(pilot, lambda: getattr(app.screen, "_ready", True))
                await pilot.pause()
                try:
                    await script(app, pilot)
                finally:
                    for problem in app.problems:  # the lab goes on after it, a test does not
                        raise problem
        return app

    return asyncio.run(run())


@contextmanager
def answered_at_once(pilot):
    """After a key, a resize or a pause, go on as soon as the screen has handled what came of it.

    Textual's pilot waits until the process does nearly nothing, which it never does while something trains: a second
    for every key.
    """

    async def handled(min_sleep=0.0, max_sleep=0.0):
        await asyncio.sleep(1 / 50)  # longer than the clocks by which Textual puts off resizes and painting
        for _ in range(2):  # what the first round hands on is handled in the second
            await pilot._wait_for_screen()

    with patch("textual.app.wait_for_idle", handled), patch("textual.pilot.wait_for_idle", handled):
        yield


async def write(pilot, text):
    """Type a text, each letter as soon as the one before was taken in."""

    async def taken_in(min_sleep=0.0, max_sleep=0.0):
        await pilot._wait_for_screen()

    with patch("textual.app.wait_for_idle", taken_in):
        await pilot.press(*text)
    await pilot.pause()


async def until(pilot, condition, seconds=90.0):
    """Wait for something that happens beside the screen; long, since a busy machine may take its time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition():
        assert loop.time() < end, f"it did not happen; the screen is\n{screen_text(pilot.app)}"
        await pilot.pause(0.01)


async def shows(pilot, text):
    """Wait until a text is on the screen."""
    await until(pilot, lambda: text in screen_text(pilot.app))


def screen_lines(app):
    """The lines of the screen as lists of segments, as they would be sent to the terminal."""
    return [list(strip) for strip in app.screen._compositor.render_strips()]


def screen_text(app):
    """The screen as text, without blanks at the ends of lines."""
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in screen_lines(app))


async def matches_snapshot(app, name, seconds=20.0):
    """Compare the screen with what it was, once it has settled: what is drawn late is not another screen.

    `LAB_SNAPSHOTS=new` writes it down anew.
    """
    path = SNAPSHOTS / f"{name}-{app.size.width}x{app.size.height}.txt"
    if os.environ.get("LAB_SNAPSHOTS") == "new" or not path.exists():
        await asyncio.sleep(2)
        path.parent.mkdir(exist_ok=True)
        path.write_text(screen_text(app) + "\n", encoding="utf-8")
    right = path.read_text(encoding="utf-8")
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (shown := screen_text(app) + "\n") != right and loop.time() < end:
        await asyncio.sleep(0.05)
    assert shown == right, f"{path.name} is not what it was; LAB_SNAPSHOTS=new accepts it"


def keep_run(slug="one-line", *, held=True, rate=None, state="finished", created=NOON, folder=None, steps=40):
    """A kept run of two variants, made without training; returns its name."""
    folder = folder or Path(__file__).parent / "library" / "beginnings"
    path = folder / f"{slug}.yaml"
    variants = ("small", "large")
    overrides = {} if rate is None else {"optimizer.rate": rate}
    with Store.open() as store:
        writer = store.create(
            slug, title=path.stem, text=path.read_text(encoding="utf-8"), path=path, overrides=overrides,
            variants=variants, seeds=(0,), steps=dict.fromkeys(variants, steps),
        )  # fmt: skip
        writer.write(Started(slug, slug, variants, (0,), dict.fromkeys(variants, steps), ("loss",), run=writer.name))
        for step in range(0, steps + 1, 10):
            for number, variant in enumerate(variants):
                writer.write(Measured(variant, 0, step, {"loss": 1 / (1 + step * (1 + number)), "rate": 0.05}))
        if state == "finished":
            says, that = "The larger rate gets further.", "last(large.loss) < last(small.loss)"
            writer.write(Claimed(says, that, held, {0: held}, {0: "0.012 < 0.024"}))
            outcomes = tuple(Outcome(each, 0, steps, "finished", 0.1) for each in variants)
            writer.write(Ended(False, held, int(held), 1, 0.5, outcomes))
        writer.close(state)
        name = writer.name
        assert name is not None
        database = store.path
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("UPDATE runs SET created = ?, elapsed = 1500 WHERE name = ?", (created, name))
    connection.close()
    return name


def stored():
    """The names of the runs that are kept."""
    with Store.open() as store:
        return [info.name for info in store.runs()]


def fake_run_screen(monkeypatch, result):
    """In place of the run screen, one that notes what it was given and is left at once with a result."""
    import sys

    from textual.screen import Screen

    given = []

    class RunScreen(Screen):
        def __init__(self, loaded, guess=None, seeds=None, resume=None, **more):
            super().__init__()
            given.append(SimpleNamespace(loaded=loaded, guess=guess, seeds=seeds, resume=resume, **more))

        def on_mount(self):
            self.call_after_refresh(self.leave)

        def leave(self):
            self.dismiss(result() if callable(result) else result)

    monkeypatch.setitem(sys.modules, "lab.tui.run.screen", SimpleNamespace(RunScreen=RunScreen))
    return given
