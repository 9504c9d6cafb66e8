"""The keys of the small screens over a run: from the settings file like all others, shown where they are used."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from lab.errors import BadInput
from lab.tui import keys
from lab.tui.explore.try_next import TryDialog
from lab.tui.run.dialogs import ChooseDialog, DefinitionDialog, FormDialog, LeaveDialog, ReadingDialog, RewindDialog
from lab.tui.run.keys import DIALOGS
from lab.tui.settings import Settings
from tests.tui.driving import screen_text
from tests.tui.run.driving import begun, over, run, shows, until

LONG = {"steps": 5_000_000}
OTHERS = {
    "leaving.stop": "k",
    "leaving.back": "f4",
    "rewinding.all": "f5",
    "form.take": "f6",
    "form.back": "f7",
    "choosing.mark": "m",
    "choosing.take": "f8",
    "explanation.more": "n",
    "run.verdict": "f9",
    "run.enlarge": "L",
}


def with_other_keys(app):
    """As if they stood in the settings file."""
    app.settings = Settings(keys=keys.keymap(OTHERS))
    app.set_keymap(app.settings.keys)


def test_every_row_calls_a_method():
    screens = {
        "leaving": LeaveDialog,
        "rewinding": RewindDialog,
        "form": FormDialog,
        "choosing": ChooseDialog,
        "explanation": ReadingDialog,
        "definition": DefinitionDialog,
        "trying": TryDialog,
    }
    assert set(screens) == set(DIALOGS)
    for section, screen in screens.items():
        for row in DIALOGS[section]:
            assert hasattr(screen, f"action_{row.action.partition('(')[0]}"), (section, row.action)


@pytest.mark.parametrize("key", ["k", "slash", "space", "backspace"])
def test_a_form_keeps_the_keys_that_write(key):
    with pytest.raises(BadInput, match="is needed to write into the form"):
        keys.keymap({"form.take": key})


def test_the_question_at_leaving_shows_and_takes_other_keys_and_its_help_has_them():
    async def script(screen, pilot):
        with_other_keys(pilot.app)
        await begun(screen, pilot)
        await pilot.press("q")
        await shows(pilot, "k  Leave")
        await shows(pilot, "f4 Go on as before")
        await pilot.press("s")
        assert isinstance(pilot.app.screen, LeaveDialog)
        await pilot.press("f1")
        await shows(pilot, "leaving.stop")
        lines = [each for each in screen_text(pilot.app).splitlines() if "leaving.stop" in each]
        assert lines[0].split()[1] == "k"
        await pilot.press("escape", "f4")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("q", "k")
        await until(pilot, lambda: not screen.is_attached)

    run(script, **LONG)


def test_forms_and_lists_take_other_keys():
    async def script(screen, pilot):
        with_other_keys(pilot.app)
        session = await begun(screen, pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormDialog))
        pilot.app.screen.query_one(Input).value = "0.125"
        await shows(pilot, "f6 Take")
        await pilot.press("f6")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert session.settings("calm")["optimizer.rate"] == pytest.approx(0.125)
        await pilot.press("f")
        await shows(pilot, "m Choose")
        await pilot.press("m", "f8")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen.view.hidden == {"calm"}

    run(script, **LONG)


def test_answers_that_there_are_not_have_no_key_and_enter_takes_the_marked_one():
    async def script(screen, pilot):
        with_other_keys(pilot.app)
        await over(screen, pilot)
        await pilot.press("w")
        await shows(pilot, "f5  Every variant")
        await pilot.press("c")
        assert isinstance(pilot.app.screen, RewindDialog)
        await pilot.press("down", "enter")
        await shows(pilot, "Every variant is back at its first weights")

    run(script)


def test_sentences_name_the_keys_as_they_are():
    async def script(screen, pilot):
        with_other_keys(pilot.app)
        await over(screen, pilot)
        screen.redraw()  # the run may have been over before the keys were others
        await shows(pilot, "leaves, down reads on, f9 hides this.")
        await pilot.press("f9")
        await shows(pilot, "L: enlarge")

    run(script)
