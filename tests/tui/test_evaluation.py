"""One key on a kept run shows how good its network is."""

import pytest

from lab.cli import run as main
from tests.evaluation.tables import scenario
from tests.tui.driving import drive, keep_run, screen_text, shows, stored, until

pytestmark = pytest.mark.usefixtures("library")


def test_a_kept_run_is_evaluated_and_one_without_a_network_says_why(tmp_path):
    keep_run(created=1e9)  # below the other one, since it began before
    assert main(["run", str(scenario(tmp_path, train="{batch: 32, steps: 30}")), "--plain"]) == 0

    async def script(app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: len(app.screen._runs) == len(stored()))
        await pilot.press("e")
        for words in ("balanced accuracy", "baseline", "95 % interval", "60 rows of customers.csv", "Confusion"):
            await shows(pilot, words)
        await pilot.press("pagedown")
        await shows(pilot, "Calibration")
        await pilot.press("end")
        await shows(pilot, "The worst mistakes")
        await pilot.press("p")
        await shows(pilot, "held nothing back for test")
        await pilot.press("escape", "down", "e")
        await shows(pilot, "has no final weights")

    drive(script, size=(80, 24))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 60)])
def test_nothing_is_cut_and_a_wide_screen_shows_mistakes_beside_the_scores(tmp_path, size):
    assert main(["run", str(scenario(tmp_path, train="{batch: 32, steps: 30}")), "--plain"]) == 0

    async def script(app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: len(app.screen._runs) == len(stored()))
        await pilot.press("e")
        await shows(pilot, "baseline")
        body = app.screen.query_one("#body")
        await pilot.pause()
        assert body.max_scroll_x == 0
        if size[0] == 200:
            await shows(pilot, "The worst mistakes")
            assert body.max_scroll_y == 0
            assert any("accuracy" in line and "city" in line for line in screen_text(app).splitlines())

    drive(script, size=size)
