"""How long a first run will take: what was measured elsewhere, put right by the runs that are kept here."""

from types import SimpleNamespace

import pytest

from lab.scenario import listing
from lab.tui.explore import effort
from tests.tui.driving import drive, keep_run, shows

KNOWN = {"hill": (3.0, 8.0), "valley": (10.0, 40.0)}


def kept(slug="hill", seconds=(3.0, 5.0), **changes):
    outcomes = tuple(SimpleNamespace(seconds=each) for each in seconds)
    info = {
        "slug": slug, "device": "cpu", "state": "finished", "overrides": {}, "options": {}, "outcomes": outcomes,
        "seeds": (0,),
    }  # fmt: skip
    return SimpleNamespace(**{**info, **changes})


def test_the_longest_variant_or_the_cores_decide():
    assert effort.expected("hill", KNOWN, None, cores=1) == 8.0
    assert effort.expected("hill", KNOWN, None, cores=2) == 4.0
    assert effort.expected("hill", KNOWN, None, cores=64) == 3.0
    assert effort.expected("hill", KNOWN, 2.0, cores=2) == 8.0
    assert effort.expected("river", KNOWN, 2.0) is None


def test_how_slow_this_machine_is_comes_from_whole_runs_of_what_was_measured():
    assert effort.slowness([], KNOWN) is None
    assert effort.slowness([kept(seconds=(6.0, 10.0))], KNOWN) == 2.0
    assert effort.slowness([kept(seconds=(6.0, 10.0), seeds=(0, 1))], KNOWN) == 1.0
    assert effort.slowness([kept(), kept("valley", (20.0, 60.0)), kept(seconds=(6.0, 10.0))], KNOWN) == 2.0
    assert effort.slowness([kept(seconds=(6.0, 10.0), seeds=(0, 1))], {"hill": (3.0, 16.0, 2)}) == 1.0
    said_nothing = [
        kept("river"),
        kept(device="cuda:0"),
        kept(state="interrupted"),
        kept(overrides={"train.steps": 5}),
        kept(options={"steps": 5}),
        kept(outcomes=()),
    ]
    assert effort.slowness(said_nothing, KNOWN) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.05, "1 s"), (1.7, "2 s"), (9.4, "9 s"), (23.0, "25 s"), (58.0, "1 min 00 s"), (200.0, "3 min 30 s")],
)
def test_it_is_no_more_exact_than_it_is(seconds, words):
    assert effort.told(seconds, 1.0) == f"takes about {words} here, to judge by earlier runs"


def test_the_built_in_lessons_have_been_measured():
    known = effort.measured()
    assert set(known) <= set(listing.slugs())
    assert len(known) > 0.8 * len(listing.slugs())
    assert all(0 < longest <= whole for longest, whole, *_ in known.values())


@pytest.mark.usefixtures("library")
def test_the_page_says_it_before_the_first_run_and_what_the_last_run_took_after_it(monkeypatch):
    monkeypatch.setattr(effort, "measured", lambda: {"one-line": (4.0, 4.0), "two-moons": (7.0, 7.0)})

    async def script(app, pilot):
        await shows(pilot, "takes about 4 s once its kernels")
        keep_run()
        app.screen.refresh_states()
        await shows(pilot, "the last one took 1.5 s.")
        app.screen.go_to("two-moons")
        await shows(pilot, "here, to judge by")
        app.screen.go_to("last-words")
        await shows(pilot, "how long that takes is not known")

    drive(script, size=(200, 50))
