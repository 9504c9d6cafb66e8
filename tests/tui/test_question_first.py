"""Before a lesson's question is answered or skipped, nothing that would answer it is shown anywhere."""

import functools
import re

import pytest
from rich.console import Console

from lab.cli.commands.show import before
from lab.scenario import library, load
from lab.tui import themes
from lab.tui.app import LabApp
from lab.tui.explore import lesson_page
from lab.tui.explore.lessons import builtin
from lab.tui.guess.screen import GuessScreen
from tests.tui.driving import drive, shows

PATHS = {each.slug: each.path for each in library()}
ITEMS = {each.slug: each for each in builtin()}


@functools.cache
def lesson(slug):
    return load(PATHS[slug])


def page(slug, **known):
    console = Console(width=100, file=None, color_system=None)
    shown = lesson_page.LessonPage(ITEMS[slug], loaded=lesson(slug), **known)
    theme = themes.THEMES["dark"]
    with console.capture() as caught:
        console.print(lesson_page.text(shown, theme))
        console.print(lesson_page.details(shown, theme))
    return caught.get()


def words(text):
    return " ".join(re.sub(r"[*`|]", "", text).split())


def answers(scenario):
    """Every sentence that says what comes out."""
    paragraphs = [each for each in scenario.lesson.split("\n\n") if not each.lstrip().startswith(("|", "-"))]
    told = [
        scenario.idea,
        *paragraphs,
        *(each.says for each in scenario.claims),
        *(each.that for each in scenario.claims),
    ]
    told += [scenario.question.because] if scenario.question is not None else []
    return [found for each in told if len(found := words(each)) > 8]


@pytest.mark.parametrize("slug", PATHS)
def test_no_page_says_it_before_and_all_do_afterwards(slug):
    scenario = lesson(slug).scenario
    closed = words(page(slug))
    sheet = words(before(lesson(slug)))
    for sentence in answers(scenario):
        assert sentence not in closed
        assert sentence not in sheet
    if scenario.question is not None:
        assert words(scenario.question.ask) in closed
    opened = words(page(slug, told=True))
    assert all(words(each.says) in opened for each in scenario.claims)
    assert all(words(each.says) in opened for each in scenario.try_next)


def test_neither_the_question_nor_the_menu_says_it():
    app = LabApp()
    told = []

    async def script(app, pilot):
        await shows(pilot, "A graph of gates")
        told.extend(f"{each.title} {each.help}" for each in app.get_system_commands(app.screen))

    drive(script)
    menu = words(" ".join(told))
    assert "Dead ReLUs" in menu
    for each in map(lesson, PATHS):
        assert not any(sentence in menu for sentence in answers(each.scenario))
        if each.scenario.question is not None:
            asked = GuessScreen(each.scenario.title, each.scenario.question)
            assert asked.question.because not in asked.lesson_title
    del app
