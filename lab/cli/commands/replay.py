"""`lab replay`: watch a stored run again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli.palette import PaletteOption, palette_of

if TYPE_CHECKING:
    from lab.events import Event
    from lab.scenario.measured import Values
    from lab.store import RunInfo, Store

_SHOWN_SECONDS = 10.0


def command(
    run: Annotated[str, typer.Argument(help="The run's name, a unique beginning of it, or latest.")] = "latest",
    speed: Annotated[
        float | None,
        typer.Option(
            help="So many times as fast as it was; default: within 10 s live, at once as plain lines or JSON."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON event per line, and nothing else.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines: no colour, no redrawing.")] = False,
    fps: Annotated[float, typer.Option(min=0.1, max=10, help="Redraw at most so many times a second.")] = 4.0,
    palette: PaletteOption = None,
) -> int:
    """Show a stored run again, as it was. Of each picture the newest is kept."""
    from lab.cli import READER_GONE
    from lab.errors import BadInput
    from lab.session.kept_runs import numbers_of_run, readable_scenario_of_run
    from lab.store import Store
    from lab.terminal import Options, choose, detect, reporter
    from lab.terminal.replaying import without_waits

    if json and plain:
        raise BadInput("--json and --plain exclude each other.")
    colours = palette_of(palette)
    if speed is not None and not 0.001 <= speed <= 1e9:
        raise BadInput(f"--speed must be a number from 0.001 to 1e9, not {speed:g}.")
    kind = choose(json=json, plain=plain, capabilities=detect(sys.stdout))
    with Store.open() as store:
        info = store.find(run)
        if info.state == "running":
            raise BadInput(f"{info.name} is still running: it can be replayed when it has ended.")
        if speed is None and kind == "live":
            speed = max(1.0, info.seconds / _SHOWN_SECONDS)
        loaded = readable_scenario_of_run(info)

        def numbers() -> Values:
            return numbers_of_run(store, info, loaded.scenario.measured) if loaded is not None else {}

        options = Options(fps=fps, palette=colours, replayed=True)
        shown = reporter(kind, loaded, options=options, found=numbers)
        begun = time.monotonic()
        try:
            for seconds, event in without_waits(whole(store, info)):
                if speed is not None:
                    time.sleep(max(0.0, seconds / speed - (time.monotonic() - begun)))
                shown.handle(event)
                if shown.broken:
                    return READER_GONE
        finally:
            shown.close()
        if info.is_sweep and kind != "json":
            from lab.cli.sweeping import show_kept

            show_kept(store, info)
    return 0


def whole(store: Store, info: RunInfo) -> Iterator[tuple[float, Event]]:
    """A run's events with their times. A run that was killed could not say how it ended, and a sweep keeps what its
    trials measured alone: how it began and ended is added."""
    from lab.events import Ended, Failed, Measured, Started
    from lab.outcome import Outcome

    replicas = [(variant, seed) for variant in info.variants for seed in info.seeds]
    reached = dict.fromkeys(replicas, 0)
    diverged: dict[tuple[str, int], str] = {}
    if info.is_sweep:
        yield (
            0.0,
            Started(info.slug, info.title, info.variants, info.seeds, info.steps, info.metrics, info.device, info.name),
        )
    for seconds, event in store.timed_events(info.name):
        yield seconds, event
        if isinstance(event, Ended | Failed):
            return
        if isinstance(event, Measured):
            reached[event.variant, event.seed] = event.step
            if event.diverged is not None:
                diverged[event.variant, event.seed] = event.diverged

    def outcome(variant: str, seed: int) -> Outcome:
        step = reached[variant, seed]
        state = "interrupted" if step else "waiting"
        if info.state == "finished":
            state = "finished"  # halving trains most trials for fewer steps
        if (variant, seed) in diverged:
            state = "diverged"
        elif step and step == info.steps.get(variant):
            state = "finished"
        return Outcome(variant, seed, step, state, info.seconds, diverged.get((variant, seed), ""))

    yield (
        info.seconds,
        Ended(info.state != "finished", False, 0, 0, info.seconds, tuple(outcome(*replica) for replica in reached)),
    )
