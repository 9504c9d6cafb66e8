"""The lesson beside the plots of its run, and what it suggests to try next, as a run that is compared with this one."""

import asyncio

import pytest
from textual.app import App
from textual.widgets import Static

from lab.scenario import find, load
from lab.tui.run.lesson_panel import LessonPanel
from tests.tui.driving import drive, screen_text, shows, until

pytestmark = pytest.mark.usefixtures("library")


async def without_pause(app, pilot):
    """The first run of a lesson takes its time; it is told not to."""
    await shows(pilot, "z Skip")
    await pilot.press("z")


def test_a_change_is_started_from_the_lesson_and_its_effect_is_shown():
    async def script(app, pilot):
        await shows(pilot, "One line  one-line")
        await pilot.press("t")  # nothing may be tried before the question
        await shows(pilot, "Run the lesson first.")
        await pilot.press("enter")
        await shows(pilot, "One line: what do you expect?")
        await pilot.press("2")
        await without_pause(app, pilot)
        await shows(pilot, "Your guess, “The large one”, is right.")
        await pilot.press("r")
        await shows(pilot, "1  Ten times the rate")
        await shows(pilot, "A line has a slope and a height.")
        text = screen_text(app)
        assert "1.1 to 4 times" not in text, "the number of this run stands there"
        await pilot.press("1")
        await without_pause(app, pilot)
        await shows(pilot, "Against one-line-1, the run before the change:")
        await shows(pilot, "small: as before")
        await shows(pilot, "large: loss")
        await pilot.press("q")
        await shows(pilot, "One line  one-line")
        await pilot.press("t")
        await shows(pilot, "lab run one-line --set optimizer.rate=0.5")
        await pilot.press("2")
        await until(pilot, lambda: getattr(app.screen, "_seeds", None) == range(3))
        await without_pause(app, pilot)
        await shows(pilot, "Against one-line-1, the run before the change:")

    drive(script, size=(140, 50))


def test_a_lesson_told_before_its_panel_is_there_is_shown_when_it_is():
    class Shown(App[None]):
        def compose(self):
            self.panel = LessonPanel(load(find("one-line")).scenario)
            self.panel.tell({})
            yield self.panel

    async def run():
        app = Shown()
        async with app.run_test() as pilot:
            await pilot.pause()
            assert app.panel.query_one("#lesson-text", Static).size.height > 1

    asyncio.run(run())
