"""The first screen: lessons by chapter, what became of them, searching, reading, the user's own files."""

from pathlib import Path

import pytest
from textual.widgets import Input

from lab.errors import BadInput
from lab.tui.explore.lessons import Item, Target, find_target
from lab.tui.progress import Progress
from tests.tui.driving import drive, fake_run_screen, keep_run, matches_snapshot, screen_text, shows, until

pytestmark = pytest.mark.usefixtures("library")

GOOD = "title: Mine\nidea: My own idea.\ntask: classify\ndata: {name: moons, points: 40}\nmodel: [{dense: classes}]\n"


def test_chapters_and_the_first_lesson_are_there():
    async def script(app, pilot):
        text = screen_text(app)
        assert "beginnings" in text
        assert "endings" in text
        assert "One line" in text
        assert "A line is found by walking downhill." not in text  # that would answer the question

    drive(script)


def test_moving_shows_the_next_lesson():
    async def script(app, pilot):
        await pilot.press("down")
        await shows(pilot, "A hidden layer bends the plane.")

    drive(script)


def test_the_lesson_has_variants_claims_question_and_effort():
    async def script(app, pilot):
        await shows(pilot, "2  The large one")
        text = screen_text(app)
        assert "Which rate is faster?" in text
        assert "optimizer.rate: 0.01" in text
        assert "2 variants, 40 steps each" in text
        assert "last(large.loss)" not in text
        await pilot.press("s")
        await shows(pilot, "last(large.loss) < last(small.loss)")
        text = screen_text(app)
        assert "A line is found by walking downhill." in text
        assert "about 1.1 to 4 times" in text, "the range, as long as there is no run"
        assert "1  Ten times the rate" in text

    drive(script, size=(120, 60))


def test_states_come_from_the_store():
    keep_run(held=True, created=1.0)
    keep_run(held=False, created=2.0)

    async def script(app, pilot):
        await shows(pilot, "✗ One line")
        await shows(pilot, "run, and a claim fell short")
        assert "1 of 3 lessons done" in screen_text(app)

    drive(script)


def test_a_run_with_overrides_says_nothing_about_the_lesson():
    keep_run(held=True, created=1.0)
    keep_run(held=False, created=2.0, rate=7.0)

    async def script(app, pilot):
        await shows(pilot, "✓ One line")

    drive(script)


def test_an_interrupted_run_leaves_the_lesson_begun():
    keep_run(state="interrupted")

    async def script(app, pilot):
        await shows(pilot, "◐ One line")

    drive(script)


def test_what_is_remembered_holds_when_the_store_is_empty():
    Progress().finished("one-line", True, "The large one")

    async def script(app, pilot):
        await shows(pilot, "✓ One line")

    drive(script)


def test_searching_finds_words_of_the_lesson_text():
    async def script(app, pilot):
        await pilot.press("slash", *"zebras")
        await shows(pilot, "Nothing is said about zebras before here.")
        assert "One line" not in screen_text(app)
        await pilot.press("enter")
        assert app.screen.lessons.has_focus
        await pilot.press("escape")
        await shows(pilot, "One line")
        await until(pilot, lambda: app.screen.item.slug == "last-words")

    drive(script)


def test_what_is_called_so_comes_before_what_only_speaks_of_it():
    def item(slug, title, idea, lesson):
        return Item(slug, "optimisation", title, idea, Path(f"{slug}.yaml"), True, lesson)

    named = item("momentum", "Momentum", "A ball that rolls.", "")
    spoken = item("taco-shell", "The taco shell", "Why steps zig-zag.", "Momentum helps.")
    meant = item("ravine", "A ravine", "Where momentum helps.", "")
    partly = item("adam-momentum", "Adam", "Two means.", "")
    order = sorted([spoken, meant, partly, named], key=lambda each: each.rank(["momentum"]))
    assert order == [named, partly, meant, spoken]


def test_searching_puts_the_cursor_on_the_lesson_of_that_name():
    async def script(app, pilot):
        await pilot.press("slash", *"one")
        await until(pilot, lambda: app.screen.item is not None and app.screen.item.slug == "one-line")

    drive(script)


def test_searching_for_what_is_nowhere_says_so():
    async def script(app, pilot):
        await pilot.press("slash", *"qqqq")
        await shows(pilot, "No lesson has these words.")

    drive(script)


def test_keys_are_letters_while_searching():
    async def script(app, pilot):
        await pilot.press("slash", "q", "r", "n")
        assert app.screen.query_one(Input).value == "qrn"

    drive(script)


def test_chapters_fold_and_unfold():
    async def script(app, pilot):
        await pilot.press("left")
        await until(pilot, lambda: "One line" not in screen_text(app).replace("One line  one-line", ""))
        await pilot.press("enter")
        await shows(pilot, "○ One line")

    drive(script)


def test_next_goes_to_a_lesson_that_was_not_run():
    keep_run()

    async def script(app, pilot):
        await shows(pilot, "✓ One line")
        await pilot.press("n")
        await until(pilot, lambda: app.screen.item.slug == "two-moons")

    drive(script)


def test_asked_for_a_lesson_it_opens_there():
    async def script(app, pilot):
        await until(pilot, lambda: app.screen.item.slug == "last-words")
        await shows(pilot, "Everything comes to an end.")

    drive(script, target=find_target("last-words"))


def test_targets_are_slugs_files_and_folders(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD)
    assert find_target(None) == Target()
    assert find_target("one-line") == Target(slug="one-line")
    assert find_target(str(file)) == Target(file=file)
    assert find_target(str(tmp_path)) == Target(folder=tmp_path)
    with pytest.raises(BadInput, match="one-line"):
        find_target("one-lime")
    with pytest.raises(BadInput, match="no such file"):
        find_target(str(tmp_path / "absent.yaml"))


def test_a_folder_of_ones_own_is_a_chapter_and_is_read_again_when_it_changes(tmp_path):
    folder = tmp_path / "lessons"
    folder.mkdir()
    (folder / "mine.yaml").write_text(GOOD)

    async def script(app, pilot):
        await shows(pilot, "▾ lessons")
        await shows(pilot, "My own idea.")
        (folder / "mine.yaml").write_text(GOOD.replace("My own idea.", "Another idea."))
        (folder / "second.yaml").write_text(GOOD.replace("Mine", "Second"))
        await shows(pilot, "Another idea.")
        await shows(pilot, "Second")

    drive(script, target=Target(folder=folder))


def test_a_broken_file_shows_its_error_in_place_until_it_is_mended(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a long path would break the sentence into lines
    folder = Path("lessons")
    folder.mkdir()
    (folder / "mine.yaml").write_text(GOOD.replace("dense", "dens"))

    async def script(app, pilot):
        await shows(pilot, "! Mine")
        await shows(pilot, "This file cannot be run:")
        await shows(pilot, "mine.yaml:5:")
        (folder / "mine.yaml").write_text("title: [")
        await shows(pilot, "not valid YAML")
        (folder / "mine.yaml").write_text(GOOD)
        await shows(pilot, "○ Mine")

    drive(script, target=Target(folder=folder), size=(160, 40))


def test_running_a_broken_file_tells_why(tmp_path, monkeypatch):
    given = fake_run_screen(monkeypatch, None)
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD.replace("dense", "dens"))

    async def script(app, pilot):
        await shows(pilot, "! Mine")
        await pilot.press("enter")
        await until(pilot, lambda: any("dens" in each.message for each in app._notifications))

    drive(script, target=Target(file=file))
    assert not given


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 20)])
def test_snapshots(size):
    keep_run()

    async def script(app, pilot):
        await shows(pilot, "✓ One line")
        await matches_snapshot(app, "explore")

    drive(script, size=size)


def test_what_a_worker_finds_while_the_lab_is_closed_is_dropped(monkeypatch):
    """The screen's parts are gone before its workers hear of it."""
    told = []

    async def script(app, pilot):
        await app.workers.wait_for_complete()
        monkeypatch.setattr(app.screen, "_take_states", lambda *found: told.append(app.is_running))
        for app._running in (False, True):
            app.screen.refresh_states()
            await app.workers.wait_for_complete()

    drive(script)
    assert told == [True]
