"""The question before the first run, and what is remembered of the answer."""

import json

import pytest

from lab.tui.progress import Lesson, Progress
from lab.tui.run.outcome import Outcome
from lab.tui.settings import Settings
from tests.tui.driving import drive, fake_run_screen, matches_snapshot, screen_text, shows, stored, until

pytestmark = pytest.mark.usefixtures("library")


async def answer(app, pilot, *keys):
    await shows(pilot, "One line  one-line")
    await pilot.press("enter")
    await shows(pilot, "One line: what do you expect?")
    await pilot.press(*keys)


def test_an_answer_is_kept_and_judged_at_the_end(monkeypatch):
    given = fake_run_screen(monkeypatch, Outcome("one-line-1", True, True))

    async def script(app, pilot):
        await answer(app, pilot, "2")
        await until(pilot, lambda: app.progress.lesson("one-line").done)
        await shows(pilot, "1 of 1 guesses right")
        await pilot.press("pagedown", "pagedown")
        await shows(pilot, "A larger step gets further.")

    drive(script, size=(120, 40))
    assert given[0].guess == "The large one"
    assert Progress().lesson("one-line") == Lesson(done=True, held=True, guess="The large one", right=True)


def test_a_digit_beside_the_list_answers_and_runs_and_later_does_nothing(monkeypatch):
    given = fake_run_screen(monkeypatch, Outcome("one-line-1", True, True))

    async def script(app, pilot):
        await shows(pilot, "2  The large one")
        await pilot.press("7")  # no such answer
        await pilot.press("2")
        await until(pilot, lambda: app.progress.lesson("one-line").done)
        await shows(pilot, "1 of 1 guesses right")
        await pilot.press("1")
        await pilot.pause(0.3)

    drive(script, size=(120, 40))
    assert [each.guess for each in given] == ["The large one"]


def test_a_digit_typed_before_the_question_is_there_is_not_lost(monkeypatch):
    given = fake_run_screen(monkeypatch, Outcome("one-line-1", True, True))

    async def script(app, pilot):
        await shows(pilot, "2  The large one")
        await pilot.press("enter", "2")
        await until(pilot, lambda: app.progress.lesson("one-line").done)

    drive(script, size=(120, 40))
    assert [each.guess for each in given] == ["The large one"]


def test_enter_takes_the_marked_answer_and_a_wrong_one_is_told(monkeypatch):
    given = fake_run_screen(monkeypatch, Outcome("one-line-1", True, False))

    async def script(app, pilot):
        await answer(app, pilot, "enter")
        await until(pilot, lambda: app.progress.lesson("one-line").done)
        await shows(pilot, "Your guess: The small one: not what happens.")
        await shows(pilot, "Right is: The large one.")

    drive(script, size=(120, 60))
    assert given[0].guess == "The small one"


def test_a_run_that_is_left_early_judges_nothing(monkeypatch):
    fake_run_screen(monkeypatch, Outcome(None, None, None))

    async def script(app, pilot):
        await answer(app, pilot, "2")
        await shows(pilot, "One line  one-line")

    drive(script)
    assert Progress().lesson("one-line") == Lesson(guess="The large one")


def test_skipping_runs_without_a_guess_and_does_not_ask_again(monkeypatch):
    given = fake_run_screen(monkeypatch, Outcome("one-line-1", None, None))

    async def script(app, pilot):
        await answer(app, pilot, "s")
        await until(pilot, lambda: len(given) == 1)
        await shows(pilot, "One line  one-line")
        await pilot.press("enter")
        await until(pilot, lambda: len(given) == 2)

    drive(script)
    assert [each.guess for each in given] == [None, None]


def test_going_back_runs_nothing_and_asks_again(monkeypatch):
    given = fake_run_screen(monkeypatch, None)

    async def script(app, pilot):
        await answer(app, pilot, "escape")
        await shows(pilot, "One line  one-line")
        await answer(app, pilot, "escape")

    drive(script)
    assert not given


def test_it_can_be_asked_again_on_purpose(monkeypatch):
    given = fake_run_screen(monkeypatch, Outcome("one-line-1", True, True))
    Progress().answered("one-line", "The small one")

    async def script(app, pilot):
        await pilot.press("g")
        await shows(pilot, "One line: what do you expect?")
        await pilot.press("2")
        await until(pilot, lambda: app.progress.lesson("one-line").right)

    drive(script)
    assert given[0].guess == "The large one"


def test_questions_are_switched_off_by_a_setting(monkeypatch):
    given = fake_run_screen(monkeypatch, Outcome("one-line-1", True, None))

    async def script(app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: app.progress.lesson("one-line").done)

    drive(script, settings=Settings(guess=False))
    assert given[0].guess is None


def test_progress_survives_a_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "progress.json"
    told = []
    for content in ("", "[]", "{", '{"lessons": {"a": {"done": 1}}}', '{"lessons": {"a": {"x": 1}}}', "\x00"):
        path.write_text(content)
        progress = Progress(path, told.append)
        assert progress.lessons == {}
        assert path.with_suffix(".broken").read_text() == content
        progress.answered("one-line", "yes")
        assert Progress(path).lesson("one-line").guess == "yes"
    assert len(told) == 6


def test_two_labs_do_not_overwrite_each_other(tmp_path):
    path = tmp_path / "progress.json"
    first, second = Progress(path), Progress(path)
    first.finished("a", True, None)
    second.finished("b", False, None)
    first.choose_theme("light")
    assert Progress(path).done == 2
    assert Progress(path).theme == "light"


def test_a_place_that_cannot_be_written_is_one_warning(tmp_path):
    (tmp_path / "file").write_text("")
    told = []
    progress = Progress(tmp_path / "file" / "progress.json", told.append)
    progress.answered("a", "yes")
    progress.finished("a", True, "yes")
    assert progress.lesson("a").right
    assert len([each for each in told if "not remembered" in each]) == 1


def test_no_half_written_file_is_left(tmp_path):
    progress = Progress(tmp_path / "progress.json")
    progress.answered("a", "ä")
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["progress.json"]
    assert json.loads((tmp_path / "progress.json").read_text(encoding="utf-8"))["lessons"]["a"]["guess"] == "ä"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_snapshots(size):
    async def script(app, pilot):
        await pilot.press("enter")
        await shows(pilot, "Which rate is faster?")
        await shows(pilot, "enter Answer")  # the keys of the screen before are taken away a moment later
        await matches_snapshot(app, "guess")
        assert "1  The small one" in screen_text(app)

    drive(script, size=size)


def test_a_whole_lesson_from_the_question_to_the_verdict_and_back():
    async def script(app, pilot):
        await answer(app, pilot, "2")
        await until(pilot, lambda: type(app.screen).__name__ == "RunScreen", 30)
        await shows(pilot, "in 15 s")  # it is the first run of this lesson
        await pilot.press("z")
        await until(pilot, lambda: "held" in screen_text(app), 90)
        await pilot.press("q")
        await until(pilot, lambda: app.progress.lesson("one-line").done)
        await shows(pilot, "✓ One line")
        await shows(pilot, "1 of 1 guesses right")
        assert len(app.live) == 0
        await pilot.press("enter")
        await until(pilot, lambda: type(app.screen).__name__ == "RunScreen", 30)
        await until(pilot, lambda: getattr(app.screen, "_ready", False))
        assert app.screen.controls.pace is None
        await until(pilot, lambda: "held" in screen_text(app), 90)
        await pilot.press("q")
        await until(pilot, lambda: type(app.screen).__name__ != "RunScreen")

    drive(script, size=(120, 40))
    assert stored() == ["one-line-2", "one-line-1"]
