"""Every scenario of every chapter opens on the run screen, does fifty steps, and shows its picture.

It takes minutes, so it belongs to the slow suite: `pytest -m verify`.
"""

from __future__ import annotations

import itertools

import pytest

from lab.scenario import library, load
from lab.tui.run.screen import RunScreen
from tests.tui.driving import drive, screen_text, shows, until

pytestmark = pytest.mark.verify

CHAPTERS = {
    chapter: [each.slug for each in entries]
    for chapter, entries in itertools.groupby(
        sorted(library(), key=lambda each: each.chapter), lambda each: each.chapter
    )
}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_scenario_of_a_chapter_runs_and_shows_its_picture(chapter):
    async def script(app, pilot):
        for slug in CHAPTERS[chapter]:
            loaded = load(slug)
            steps = min(50, *(each.scenario.train.steps for each in loaded.variants))
            screen = RunScreen(loaded, keep=False, steps=steps)
            app.push_screen(screen)
            await until(pilot, lambda screen=screen: screen.is_attached and screen._ready and screen._judged)
            assert screen.run_state.failed is None, slug
            await pilot.press("v")
            await shows(pilot, loaded.scenario.title[:10])
            if any(each.experiment.pictures() for each in screen.session.replicas):
                await until(pilot, screen.tile_data.pictures)
            if pictures := screen.tile_data.pictures():
                screen.redraw()
                await until(pilot, lambda shown=pictures: any(each.title[:20] in screen_text(app) for each in shown))
            await pilot.press("q")
            await until(pilot, lambda screen=screen: app.screen is not screen)

    drive(script, size=(120, 40))
