"""HTML: a report on a run in one file, for a course or a colleague; opens without a network and prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from lab.exports.report import content
from lab.exports.report.curves import panels
from lab.exports.report.gallery import gallery
from lab.exports.report.markup import escape
from lab.exports.report.page import page
from lab.exports.selection import Selection
from lab.session.kept_runs import readable_scenario_of_run
from lab.terminal.run_state import RunState

KIND, SUFFIX = "text", ".html"


def write(selection: Selection, stream: IO[bytes]) -> None:
    """Writes one HTML document with everything in it: lesson, plots, pictures, claims, settings."""
    stream.write(page(selection.info.title or selection.info.name, "\n".join(_parts(selection))).encode())


def _parts(selection: Selection) -> Iterator[str]:
    info, loaded, run_state = selection.info, readable_scenario_of_run(selection.info), state_of(selection)
    yield content.heading(info, loaded)
    found = content.numbers(selection, loaded)
    if loaded is not None:
        yield content.question(loaded, selection.guess, found, info.state == "finished")
        yield content.idea_and_lesson(loaded, found)
    yield _section("Claims", content.claims(run_state))
    yield _section("Curves", panels(run_state, loaded, selection.metrics))
    yield _section("Pictures", gallery(run_state))
    yield _section("What the sweep has found", content.sweep(selection))
    if loaded is not None:
        yield _section("What the lesson measures", content.measured(loaded, found))
    yield _section("What happened", content.happened(info, run_state))
    yield _section("Variants and seeds", content.replicas(run_state))
    yield _section("How it was run", content.settings(info))
    yield _section("Configuration", content.configuration(info, loaded))


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{inside}</section>" if inside else ""


def state_of(selection: Selection) -> RunState:
    """What happened to the replicas that are selected, as the terminal knows it."""
    run_state = RunState()
    for event in selection.store.events(selection.info.name):
        variant, seed = getattr(event, "variant", None), getattr(event, "seed", None)
        if variant is None or seed is None or selection.includes(variant, seed):
            run_state.handle(event)
    return run_state
