"""`lab resume`: go on with a run that was interrupted or killed, to the results it would have had."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.cli.device import device_of
from lab.cli.palette import PaletteOption, palette_of


def command(
    run: Annotated[str, typer.Argument(help="The run's name; by default the latest unfinished one.")] = "",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Go on though a file that it read has changed since.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON event per line, and nothing else.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines: no colour, no redrawing.")] = False,
    fps: Annotated[float, typer.Option(min=0.1, max=10, help="Redraw at most so many times a second.")] = 4.0,
    palette: PaletteOption = None,
    device: Annotated[
        str | None, typer.Option(help="Go on there, instead of where it began: cpu, cuda, cuda:1.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Replicas at the same time; default: one per core.")
    ] = None,
) -> int:
    """Go on with a run that was interrupted or killed; what was measured before is kept."""
    import sys

    from lab.cli.recording import warn
    from lab.cli.resuming import unfinished
    from lab.cli.running import carry_out, pictured
    from lab.errors import BadInput
    from lab.session.keeping import take_up
    from lab.session.sources import changed_text
    from lab.store import Store
    from lab.terminal import Options, choose, detect, reporter

    if json and plain:
        raise BadInput("--json and --plain exclude each other.")
    colours = palette_of(palette)
    store = Store.open()
    info = store.find(run) if run else unfinished(store)
    if (changed := changed_text(info)) is not None:
        warn(changed)
    if info.is_sweep:
        from lab.cli.sweeping import go_on

        where = device_of(device) if device else None
        return go_on(store, info, anyway, where, threads=threads, json=json, plain=plain, fps=fps, palette=colours)
    checkpoints = store.checkpoints(info.name)
    session, writer, earlier = take_up(store, info, threads, warn, device_of(device) if device else None, anyway)
    begins = [max(checkpoints.get((variant, seed), (0,))) for variant in info.variants for seed in info.seeds]
    least, most = min(begins), max(begins)
    warn(f"{info.name} goes on from step {f'{least:,} to ' if least < most else ''}{most:,}, where it was kept last.")
    kind = choose(json=json, plain=plain, capabilities=detect(sys.stdout))
    if kind == "live":
        session.show_pictures(every=0.5, only=[pictured(session)])
    shown = reporter(kind, session.loaded, options=Options(fps=fps, palette=colours), found=session.numbers)
    return carry_out(session, shown, writer, lossless=kind == "json", earlier=earlier)
