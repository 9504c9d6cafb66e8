"""An exception in a screen is a dialog with one sentence, and the screen goes on."""

import asyncio
import threading
from pathlib import Path

import pytest

from lab.tui.app import LabApp
from lab.tui.explore.screen import ExploreScreen
from lab.tui.problems import LOG_NAME, ProblemDialog
from lab.tui.run.board_screen import BoardScreen
from lab.tui.run.screen import RunScreen
from lab.tui.run.tile import Lines
from tests.session.scenarios import SMALL, small
from tests.tui.driving import answered_at_once, screen_text, until

pytestmark = pytest.mark.usefixtures("library")


class Broken(Exception):
    """What the tests raise."""


def fail(*_arguments, **_named):
    raise Broken("oh")


def watched(script, *, expected=1):
    """Run `await script(app, screen, pilot)` on a run screen in which so many problems are expected at least."""

    async def run():
        async with app.run_test(size=(120, 40)) as pilot:
            with answered_at_once(pilot):
                await until(pilot, lambda: isinstance(app.screen, ExploreScreen))
                screen = RunScreen(small(SMALL), steps=100_000, keep=False)
                app.push_screen(screen)
                await until(pilot, lambda: screen.run_state.curves)
                screen.session.throttle(500)
                await script(app, screen, pilot)
                screen.session.stop()

    app = LabApp()
    asyncio.run(run())
    assert len(app.problems) >= expected
    assert all(isinstance(each, Broken) for each in app.problems)
    assert app.failure is None


async def said(app, pilot):
    """Wait for the dialog, read it, and close it."""
    await until(pilot, lambda: isinstance(app.screen, ProblemDialog) and "Close" in screen_text(app))
    text = " ".join(screen_text(app).replace("│", " ").split())
    assert "This is a bug in the lab (Broken: oh); the lab goes on, and runs are kept." in text
    await pilot.press("escape")
    await until(pilot, lambda: not isinstance(app.screen, ProblemDialog))
    return text


async def goes_on(app, screen, pilot):
    """The screen answers keys, draws, and trains."""
    assert app.screen is screen
    await pilot.press("space")
    await until(pilot, lambda: screen.session.state == "paused")
    await pilot.press("space")
    step = max(each.step for each in screen.run_state.replicas.values())
    await until(pilot, lambda: max(each.step for each in screen.run_state.replicas.values()) > step)
    frames = screen.frames
    await pilot.resize_terminal(100, 30)
    await until(pilot, lambda: screen.frames > frames)


def test_in_an_action(monkeypatch):
    async def script(app, screen, pilot):
        with monkeypatch.context() as broken:
            broken.setattr(RunScreen, "action_pause", fail)
            await pilot.press("space")
            await said(app, pilot)
        await goes_on(app, screen, pilot)

    watched(script)


def test_in_a_message_handler_of_the_screen_and_of_a_widget(monkeypatch):
    async def script(app, screen, pilot):
        for owner in (BoardScreen, Lines):
            with monkeypatch.context() as broken:
                broken.setattr(owner, "on_resize", lambda self: fail(), raising=False)
                await pilot.resize_terminal(110 if owner is Lines else 115, 35)
                await until(pilot, lambda: app.problems)
                if owner is BoardScreen:
                    await said(app, pilot)
        await goes_on(app, screen, pilot)

    watched(script, expected=2)


def test_in_a_worker(monkeypatch):
    async def script(app, screen, pilot):
        with monkeypatch.context() as broken:
            broken.setattr(screen.session, "look", fail)
            await pilot.press("e")
            await said(app, pilot)
        await goes_on(app, screen, pilot)

    watched(script)


def test_in_a_timer_that_fails_each_time_it_is_said_once(monkeypatch):
    async def script(app, screen, pilot):
        with monkeypatch.context() as broken:
            broken.setattr(RunScreen, "after_events", fail)
            await said(app, pilot)
            await until(pilot, lambda: len(app.problems) > 3)
            assert app.screen is screen
        await goes_on(app, screen, pilot)

    watched(script, expected=3)


def test_a_screen_that_cannot_be_opened_is_left(monkeypatch):
    async def script(app, screen, pilot):
        with monkeypatch.context() as broken:
            broken.setattr(RunScreen, "_prepare", fail)
            app.push_screen(RunScreen(small(SMALL), keep=False))
            await said(app, pilot)
        await goes_on(app, screen, pilot)

    watched(script)


def test_a_screen_that_cannot_be_drawn_is_left_and_its_session_ended(monkeypatch):
    async def happens(condition):  # the pilot waits for screens to answer, which this one does not
        for _ in range(9000):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it did not happen")

    async def script(app, screen, pilot):
        with monkeypatch.context() as broken:
            broken.setattr(Lines, "render_line", fail)
            await happens(lambda: not screen.is_attached)
        await happens(lambda: screen.session.ended is not None)
        if isinstance(app.screen, ProblemDialog):
            await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen))

    watched(script)


def test_the_traceback_is_in_a_log_that_is_named_where_it_could_be_written(monkeypatch, tmp_path):
    log = tmp_path / "home" / LOG_NAME

    async def script(app, screen, pilot):
        monkeypatch.setattr(RunScreen, "action_undo", fail)
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, ProblemDialog) and "Close" in screen_text(app))
        assert [f"The details are in {log}."] == [str(each.render()) for each in app.screen.query("Label.note")]
        await said(app, pilot)

    watched(script)
    assert "raise Broken" in log.read_text()


def test_no_log_is_named_where_none_can_be_written(monkeypatch):
    async def script(app, screen, pilot):
        monkeypatch.setattr(Path, "open", lambda *_, **__: (_ for _ in ()).throw(PermissionError()))
        monkeypatch.setattr(RunScreen, "action_undo", fail)
        await pilot.press("u")
        assert "details" not in await said(app, pilot)

    watched(script)


def test_what_a_worker_finds_after_its_screen_has_gone_is_dropped(monkeypatch):
    async def script(app, screen, pilot):
        asked, gone, said_so = threading.Event(), threading.Event(), []

        def undo():
            asked.set()
            gone.wait(60)
            return "Taken back."

        monkeypatch.setattr(screen.controls, "undo", undo)
        monkeypatch.setattr(screen.status, "say", lambda *told: said_so.append(told))
        await pilot.press("u")
        await until(pilot, asked.is_set)
        workers = list(app.workers)
        app.pop_screen()
        await until(pilot, lambda: not screen.is_attached)
        gone.set()
        await until(pilot, lambda: all(each.is_finished for each in workers))
        assert said_so == []

    watched(script, expected=0)
