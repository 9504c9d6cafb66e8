"""`lab sweep`: search for good settings of a scenario."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.cli import READER_GONE
from lab.cli.device import DeviceOption, device_of
from lab.cli.lengths import EpochsOption, load_for
from lab.cli.palette import PaletteOption, palette_of
from lab.scenario.seeds import parse_seeds


def command(
    scenario: Annotated[str, typer.Argument(help="A built-in name or the path of a file.")],
    over: Annotated[list[str], typer.Option(help="PATH=log(a,b), uniform(a,b), int(a,b) or [x, y]. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    trials: Annotated[int, typer.Option(min=1, max=100_000, help="How many points are tried at the most.")] = 50,
    method: Annotated[str, typer.Option(help="random, grid or halving.")] = "random",
    objective: Annotated[
        str | None, typer.Option(help="The metric to look for; default: validation loss, or loss.")
    ] = None,
    direction: Annotated[
        str | None, typer.Option(help="minimise or maximise the objective; default: what is better.")
    ] = None,
    variant: Annotated[str | None, typer.Option(help="The variant to search around; default: the first.")] = None,
    folds: Annotated[int, typer.Option(min=0, max=100, help="Cross-validate each trial with so many folds.")] = 0,
    seeds: Annotated[
        str | None, typer.Option(help="How many seeds for each trial (3), or which (0:10 or 1,2,7).")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, max=1_000_000_000, help="Training steps, instead of the scenario's.")
    ] = None,
    epochs: EpochsOption = None,
    change: Annotated[list[str], typer.Option("--set", help="Change a value first. Repeatable.")] = [],  # noqa: B006
    best: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the best trials are listed.")] = 10,
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Trainings at the same time; default: one per core.")
    ] = None,
    device: DeviceOption = "cpu",
    dask: Annotated[str | None, typer.Option(help="Run on a Dask cluster: its address, or local:N.")] = None,
    resume: Annotated[str | None, typer.Option(help="Go on with this sweep, with the same options as before.")] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object per trial, best first, and nothing else.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines: no colour, no redrawing.")] = False,
    no_save: Annotated[bool, typer.Option("--no-save", help="Do not keep the sweep in the store.")] = False,
    fps: Annotated[float, typer.Option(min=0.1, max=10, help="Redraw at most so many times a second.")] = 4.0,
    palette: PaletteOption = None,
) -> int:
    """Search for good settings at random, on a grid, or by successive halving; every trial is a replica of one run."""
    from lab.cli.recording import warn
    from lab.cli.sweeping import ending, exit_code, run, show, view
    from lab.errors import BadInput
    from lab.scenario import parse_settings
    from lab.search import Sweep, parse_axis
    from lab.search.keeping import keep
    from lab.store import Store

    if json and plain:
        raise BadInput("--json and --plain exclude each other.")
    colours = palette_of(palette)
    if folds == 1:
        raise BadInput("--folds: cross-validation needs at least 2 folds.")
    loaded = load_for(scenario, parse_settings(change), steps, epochs)
    sweep = Sweep(
        loaded,
        [parse_axis(each) for each in over],
        method=method,
        trials=trials,
        variant=variant,
        objective=objective,
        direction=direction,
        folds=folds,
        seeds=parse_seeds(seeds, loaded.scenario.train.seed),
        steps=steps,
        device=device_of(device),
    )
    sweep.check()
    writer, known = (None, {}) if no_save else keep(sweep, Store.open(), resume, warn)
    shown = None if json else view(sweep, plain=plain, fps=fps, palette=colours)
    results, interrupted = run(sweep, writer, known, threads=threads, dask=dask, shown=shown)
    if shown is not None and shown.broken:
        return READER_GONE
    show(sweep, results, best, json=json)
    if writer is not None and not json:
        print(ending(writer, interrupted))
    return exit_code(writer, interrupted)
