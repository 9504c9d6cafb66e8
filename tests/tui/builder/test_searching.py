"""More seeds with their spread, and a search over a setting, without a shell."""

import pytest

from lab.tui.build import menu
from lab.tui.build.screen import BuilderScreen
from lab.tui.run.screen import RunScreen
from tests.tui.driving import drive, shows, stored, until

pytestmark = pytest.mark.usefixtures("library")


def test_a_lesson_is_run_with_more_seeds_and_other_steps():
    async def script(app, pilot):
        menu._others(app.screen, app.screen.item)
        await shows(pilot, "More seeds")
        await pilot.press("enter")
        await shows(pilot, "2 variants × 3 seeds, 40 steps each.")
        await pilot.press("down", "2", "x")
        await shows(pilot, "steps: '2x' is not a whole number.")
        await pilot.press("backspace", "0", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen._judged)
        replicas = app.screen.session.replicas
        assert {(each.name, each.seed) for each in replicas} == {(n, s) for n in ("small", "large") for s in (0, 1, 2)}
        assert {each.experiment.step for each in replicas} == {20}

    drive(script, size=(120, 40))


def test_a_search_shows_the_best_and_takes_it_into_the_builder():
    async def script(app, pilot):
        menu._sweep(app.screen, app.screen.item)
        await shows(pilot, "Sweep of One line: the lowest loss over optimizer.rate")
        await pilot.press("enter")
        await until(pilot, lambda: getattr(app.screen, "search", None) is not None and app.screen.search.over)
        await shows(pilot, "20 of 20 trainings")
        search = app.screen.search
        assert search.results[0].score == min(each.score for each in search.results)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, BuilderScreen))
        rate = app.screen.draft.content["optimizer"]["rate"]
        assert rate == search.results[0].trial.values["optimizer.rate"]

    drive(script, size=(80, 24))
    assert stored() == ["sweep-one-line-1"]


def test_the_help_of_a_run_is_grouped_by_purpose_and_no_key_is_lost():
    from lab.tui.help import PURPOSES, grouped
    from lab.tui.keys import identifiers

    names = [each for each in identifiers() if each.startswith("run.")]
    groups = grouped([(name, (name, "")) for name in names])
    assert [title for title, _ in groups][: len(PURPOSES)] == list(PURPOSES)
    assert sorted(str(key) for _, rows in groups for key, _ in rows) == sorted(names)
    assert len(groups[-1][1]) <= 3
    assert len(grouped([("explore.run", ("enter", "Run it."))])) == 1
