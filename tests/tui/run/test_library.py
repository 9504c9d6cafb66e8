"""Every scenario of every chapter opens on the run screen, does fifty steps, and shows its picture.

It takes minutes, so it belongs to the slow suite: `pytest -m verify`.
"""

from __future__ import annotations

import itertools

import pytest

from lab.scenario import library, load
from lab.tui.run.screen import RunScreen
from tests.tui.driving import drive, screen_text, until

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
            assert screen.story.failed is None, slug
            await pilot.pause(0.4)  # for the pictures of the end
            await pilot.press("v")
            await pilot.pause()
            screen.redraw()
            await pilot.pause()
            text = screen_text(app)
            assert loaded.scenario.title[:10] in text, slug
            if pictures := screen.sources.pictures():
                assert any(each.title[:20] in text for each in pictures), (slug, [each.title for each in pictures])
            await pilot.press("q")
            await until(pilot, lambda screen=screen: app.screen is not screen)

    drive(script, size=(120, 40))
