"""The kept runs: filter, open, compare, export, delete with undo, go on."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from textual.screen import Screen

from lab.store import Store
from lab.tui.run.outcome import Outcome
from lab.tui.runs.details import details
from lab.tui.runs.table import _row
from lab.tui.themes import THEMES
from tests.tui.driving import (
    drive,
    fake_run_screen,
    keep_run,
    matches_snapshot,
    screen_text,
    shows,
    stored,
    until,
)

pytestmark = pytest.mark.usefixtures("library")


def browse(script, **arguments):
    """Run a script on the screen of the runs."""

    async def first(app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: len(app.screen._runs) == len(stored()))
        await pilot.pause()
        await script(app, pilot)

    return drive(first, **arguments)


def test_runs_are_listed_newest_first_with_what_became_of_them():
    keep_run(created=1e9)
    keep_run(created=1.5e9, held=False)
    keep_run(created=1.6e9, state="interrupted")

    async def script(app, pilot):
        text = screen_text(app)
        assert text.index("one-line-3") < text.index("one-line-2") < text.index("one-line-1")
        assert "interrupted" in text
        assert "1 of 1" in text
        assert "0 of 1" in text
        await pilot.press("down", "down")
        await shows(pilot, "✓ The larger rate gets further.")

    browse(script)


def test_claims_of_an_interrupted_run_are_told_apart_from_a_verdict():
    keep_run()
    with Store.open() as store:
        (finished,) = store.runs()
        claims = store.claims(finished.name)
    interrupted = replace(finished, state="interrupted")
    theme = THEMES["dark"]
    assert _row(finished, False, theme)[3].plain == "1 of 1"
    assert _row(interrupted, False, theme)[3].plain == "(1 of 1)"
    told = [each.plain for each in details(interrupted, claims, theme).renderables]
    assert told.index("When it was interrupted:") + 1 == told.index("✓ The larger rate gets further.")


def test_an_empty_store_says_so():
    async def script(app, pilot):
        await shows(pilot, "Nothing has been run yet.")
        await pilot.press("enter", "d", "x", "c", "y", "space", "escape")
        await shows(pilot, "lessons done")

    browse(script)


def test_filtering():
    keep_run()
    keep_run("two-moons", state="interrupted")
    with Store.open() as store:
        store.describe("one-line-1", tags=["thesis"])

    async def script(app, pilot):
        await pilot.press("slash", *"inter", "enter")
        await shows(pilot, "1 of 2 kept")
        assert "two-moons-1" in screen_text(app)
        assert "one-line-1" not in screen_text(app)
        await pilot.press("escape")
        await shows(pilot, "2 kept")
        await pilot.press("slash", *"thesis", "enter")
        await shows(pilot, "1 of 2 kept")
        assert "two-moons-1" not in screen_text(app)
        await pilot.press("escape")
        await shows(pilot, "2 kept")
        await pilot.press("escape")
        await shows(pilot, "lessons done")

    browse(script)


def test_a_deleted_run_comes_back_with_undo_and_is_gone_after_leaving():
    keep_run(created=1e9)
    keep_run(created=1.5e9)

    async def script(app, pilot):
        await pilot.press("d")
        await shows(pilot, "1 deleted")
        assert "one-line-2" not in screen_text(app)
        await pilot.press("d")
        await shows(pilot, "2 deleted")
        await pilot.press("u")
        await shows(pilot, "one-line-1")
        assert stored() == ["one-line-2", "one-line-1"]
        await pilot.press("escape")
        await shows(pilot, "lessons done")

    browse(script)
    assert stored() == ["one-line-1"]


def test_a_running_run_is_neither_deleted_nor_replayed():
    with Store.open() as store:
        writer = store.create("one-line", title="One line", variants=("a",), seeds=(0,), steps={"a": 5})

        async def script(app, pilot):
            await pilot.press("d", "enter")
            await until(pilot, lambda: len(app._notifications) == 2)
            assert "one-line-1" in screen_text(app)

        browse(script)
        assert stored() == ["one-line-1"]
        writer.close("interrupted")


def test_opening_replays(monkeypatch):
    keep_run()
    given = []

    class ReplayScreen(Screen):
        def __init__(self, store, run_name):
            super().__init__()
            given.append(run_name)

    monkeypatch.setitem(sys.modules, "lab.tui.run.replay", SimpleNamespace(ReplayScreen=ReplayScreen))

    async def script(app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: given)

    browse(script)
    assert given == ["one-line-1"]


def test_going_on_with_an_interrupted_run(monkeypatch):
    given = fake_run_screen(monkeypatch, Outcome("one-line-1", True, None))
    keep_run(state="interrupted", rate=0.5)

    async def script(app, pilot):
        await pilot.press("o")
        await until(pilot, lambda: given)

    browse(script)
    assert given[0].resume == "one-line-1"
    assert given[0].loaded.overrides == {"optimizer.rate": 0.5}


def test_marked_runs_are_compared():
    keep_run(created=1e9)
    keep_run(created=1.5e9, rate=0.5)
    keep_run(created=1.6e9, rate=0.7)

    async def script(app, pilot):
        await pilot.press("c")
        await until(pilot, lambda: app._notifications)
        await pilot.press("space", "space")
        await shows(pilot, "2 marked")
        await pilot.press("c")
        await shows(pilot, "Settings that differ")
        text = screen_text(app)
        assert "one-line-1" not in text
        assert "loss  (1 of 2 metrics)" in text
        await pilot.press("m")
        await shows(pilot, "rate  (2 of 2 metrics)")
        await pilot.press("m", "l", "l", "question_mark")
        await shows(pilot, "The lowest and the highest of the seeds.")
        await pilot.press("escape", "escape")
        await shows(pilot, "2 marked")

    browse(script, size=(100, 40))


def test_a_run_that_ends_meanwhile_is_shown_so_and_the_cursor_stays():
    keep_run(created=1e9)
    with Store.open() as store:
        writer = store.create("one-line", title="One line", variants=("a",), seeds=(0,), steps={"a": 5})

    async def script(app, pilot):
        await shows(pilot, "running")
        await pilot.press("down", "space")
        writer.close("interrupted")
        await shows(pilot, "interrupted")
        assert app.screen.info.name == "one-line-1"
        assert "1 marked" in screen_text(app)
        assert "running" not in screen_text(app)

    browse(script)


def test_a_longer_state_is_whole_also_if_the_screen_was_painted_before_the_column_got_wider():
    keep_run()

    async def script(app, pilot):
        await shows(pilot, "1 of 1")
        runs = [replace(each, state="interrupted") for each in app.store.runs()]
        app.screen._take(runs)
        assert "interrup" in screen_text(app)
        await shows(pilot, "one-line-1  interrupted")

    browse(script)


def test_columns_without_room_are_left_out_whole_and_are_back_when_there_is_room():
    keep_run(state="interrupted", created=1.5e9)
    keep_run(created=1.6e9)

    async def script(app, pilot):
        await shows(pilot, "interrupted")
        await pilot.press("down", "space")
        await pilot.resize_terminal(70, 24)
        await shows(pilot, "Jul 14 02:40")
        assert "var×seeds" not in screen_text(app)
        await pilot.resize_terminal(109, 24)
        await shows(pilot, "var×seeds")
        await shows(pilot, "2 × 1")
        assert app.screen.info.name == "one-line-1"
        assert "●" in screen_text(app)

    browse(script)


def test_exporting_writes_the_file_and_replaces_one_only_when_asked_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keep_run()
    target = tmp_path / "one-line-1.csv"
    target.write_text("mine")

    async def script(app, pilot):
        await pilot.press("x", "enter")
        await shows(pilot, "Enter writes it.")
        await pilot.press("enter")
        await shows(pilot, "is there already")
        assert target.read_text() == "mine"
        await pilot.press("enter")
        await shows(pilot, "1 kept")

    browse(script)
    assert "small" in target.read_text()


def test_copying_gives_the_line_that_repeats_the_run():
    keep_run(rate=0.5)

    async def script(app, pilot):
        await pilot.press("y")
        await shows(pilot, "lab run one-line --set optimizer.rate=0.5")
        assert app.clipboard == "lab run one-line --set optimizer.rate=0.5"
        await pilot.press("escape", "Y")
        await until(pilot, lambda: "rate: 0.5" in app.clipboard)

    browse(script)


def test_a_damaged_store_is_a_message(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "runs.sqlite").write_text("this is no database, but a text of some length" * 40)

    async def script(app, pilot):
        await until(pilot, lambda: app._notifications)
        await pilot.press("r")
        await shows(pilot, "Nothing has been run yet.")

    drive(script)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_snapshots(size):
    keep_run(created=1e9)
    keep_run(created=1.5e9, held=False, rate=0.5)
    keep_run("two-moons", created=1.6e9, state="interrupted")

    async def script(app, pilot):
        await pilot.press("down")
        await shows(pilot, "✗ The larger rate gets further.")
        await matches_snapshot(app, "runs")
        await pilot.press("space", "space", "c")
        await shows(pilot, "Settings that differ")
        await shows(pilot, "metrics)")
        await matches_snapshot(app, "compare")

    browse(script, size=size)
