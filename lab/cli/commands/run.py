"""`lab run`: train all variants of a scenario, live, and judge its claims."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.cli.device import DeviceOption, ModeOption, device_of
from lab.cli.palette import PaletteOption, palette_of
from lab.cli.running import carry_out
from lab.scenario.seeds import parse_seeds


def command(
    scenario: Annotated[str, typer.Argument(help="A built-in name such as dead-relu, or the path of a file.")],
    device: DeviceOption = "cpu",
    cuda_mode: ModeOption = "auto",
    seeds: Annotated[str | None, typer.Option(help="How many seeds (3), or which (0:10 or 1,2,7).")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps, instead of the scenario's.")] = None,
    change: Annotated[list[str], typer.Option("--set", help="Change a value: optimizer.rate=0.5. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    variant: Annotated[list[str], typer.Option(help="Run only this variant. Repeatable.")] = [],  # noqa: B006
    json: Annotated[bool, typer.Option("--json", help="One JSON event per line, and nothing else.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines: no colour, no redrawing.")] = False,
    out: Annotated[str | None, typer.Option(help="Also write all events to this file, as JSON lines.")] = None,
    no_save: Annotated[bool, typer.Option("--no-save", help="Do not keep the run in the store.")] = False,
    fps: Annotated[float, typer.Option(min=0.1, max=10, help="Redraw at most so many times a second.")] = 4.0,
    palette: PaletteOption = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Replicas at the same time; default: one per core.")
    ] = None,
) -> int:
    """Train all variants of a scenario, with live plots, then the verdict on each claim."""
    from lab.errors import BadInput
    from lab.scenario import load, parse_settings
    from lab.tasks import check

    if json and plain:
        raise BadInput("--json and --plain exclude each other.")
    colours = palette_of(palette)
    where = device_of(device, cuda_mode)
    loaded = load(scenario, parse_settings(change))
    chosen = list(variant) or None
    check(loaded)
    from lab.session import Session
    from lab.terminal import Options, choose, detect, reporter

    session = Session(
        loaded,
        seeds=parse_seeds(seeds, loaded.scenario.train.seed),
        steps=steps,
        variants=chosen,
        threads=threads,
        device=where,
        mode=cuda_mode,
    )
    import sys

    from lab.cli.recording import begin_recording

    kind = choose(json=json, plain=plain, capabilities=detect(sys.stdout))
    if kind == "live":
        session.show_pictures(every=0.5, only=[(session.variants[0].name, session.seeds[0])])  # the one that is shown
    with begin_recording(session, keep=not no_save, out=out) as writer:
        shown = reporter(kind, loaded, options=Options(fps=fps, palette=colours))
        return carry_out(session, shown, writer, lossless=kind == "json")
