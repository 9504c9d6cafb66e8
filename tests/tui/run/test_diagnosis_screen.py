"""One key on a run says why the variant that is looked at does not learn."""

import pytest

from tests.diagnosis.test_diagnosis import HEALTHY
from tests.tui.driving import drive, screen_text, shows, until

pytestmark = pytest.mark.usefixtures("library")


def test_what_was_wrong_is_found_and_leaving_goes_back_to_the_run(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(HEALTHY + "variants: {hot: {optimizer.rate: 30}, good: {}}\n")

    async def script(app, pilot):
        from lab.scenario import load
        from lab.tui.run.screen import RunScreen

        app.push_screen(RunScreen(load(path), keep=False))
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen._judged)
        await shows(pilot, "Should hot learn better? D")
        await pilot.press("D")
        await shows(pilot, "why does hot not learn?")
        await shows(pilot, "As it is")
        assert "guessing's loss" in screen_text(app)
        await shows(pilot, "What was wrong: the learning rate, 30, is too high.")
        await pilot.press("end")
        await shows(pilot, "helps")
        assert app.screen.query_one("#body").max_scroll_x == 0
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await pilot.press("D")
        await shows(pilot, "Diagnosis")
        await pilot.press("q")  # given up while it is trying
        await until(pilot, lambda: isinstance(app.screen, RunScreen))

    drive(script, size=(80, 24))
