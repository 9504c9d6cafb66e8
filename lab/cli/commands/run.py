"""`lab run`: train all variants of a scenario, live, and judge its claims."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli.device import DeviceOption, ModeOption, device_of
from lab.cli.diagnosis import suggested
from lab.cli.guessing import judged
from lab.cli.lengths import EpochsOption, load_for
from lab.cli.palette import PaletteOption, palette_of
from lab.cli.running import FELL_SHORT, carry_out, pictured
from lab.events import Noticed
from lab.scenario.seeds import parse_seeds

if TYPE_CHECKING:
    from lab.scenario import Loaded


def command(
    scenario: Annotated[str, typer.Argument(help="A built-in name such as dead-relu, or the path of a file.")],
    device: DeviceOption = "cpu",
    cuda_mode: ModeOption = "auto",
    seeds: Annotated[str | None, typer.Option(help="How many seeds (3), or which (0:10 or 1,2,7).")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, max=1_000_000_000, help="Training steps, instead of the scenario's.")
    ] = None,
    epochs: EpochsOption = None,
    change: Annotated[list[str], typer.Option("--set", help="Change a value: optimizer.rate=0.5. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    variant: Annotated[list[str], typer.Option(help="Run only this variant. Repeatable.")] = [],  # noqa: B006
    guess: Annotated[bool, typer.Option("--guess", help="Ask the lesson's question first.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON event per line, and nothing else.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines: no colour, no redrawing.")] = False,
    out: Annotated[str | None, typer.Option(help="Also write all events to this file, as JSON lines.")] = None,
    no_save: Annotated[bool, typer.Option("--no-save", help="Do not keep the run in the store.")] = False,
    fps: Annotated[float, typer.Option(min=0.1, max=10, help="Redraw at most so many times a second.")] = 4.0,
    palette: PaletteOption = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Replicas at the same time; default: one per core.")
    ] = None,
) -> int:
    """Train all variants of a scenario, with live plots, then the verdict on each claim."""
    from kernels.targets.compile_workers import start_early
    from lab.errors import BadInput
    from lab.scenario import parse_settings

    if json and plain:
        raise BadInput("--json and --plain exclude each other.")
    if json and guess:
        raise BadInput("--guess asks in words, and --json writes nothing but JSON: leave out one of them.")
    colours = palette_of(palette)
    loaded = load_for(scenario, parse_settings(change), steps, epochs)
    if device == "cpu":
        start_early()
    from lab.tasks import check

    where = device_of(device, cuda_mode)
    chosen = list(variant) or None
    check(loaded)
    from lab.session import Session
    from lab.session.verdict import unjudged
    from lab.terminal import Options, choose, detect, reporter
    from lab.terminal.numbers import count

    session = Session(
        loaded,
        seeds=parse_seeds(seeds, *loaded.scenario.train.own_seeds),
        steps=steps,
        variants=chosen,
        threads=threads,
        device=where,
        mode=cuda_mode,
    )
    from lab.cli.recording import begin_recording, warn

    if chosen and (missing := unjudged(loaded.scenario.claims, chosen)):
        warn(f"{count(missing, 'claim')} that speak{'s' if missing == 1 else ''} of other variants will be left out.")
    guessed = _guess(loaded) if guess else None
    kind = choose(json=json, plain=plain, capabilities=detect(sys.stdout))
    if kind == "live":
        session.show_pictures(every=0.5, only=[pictured(session)])
    noticed: set[tuple[str, str]] = set()
    session.also(lambda event: noticed.add((event.variant, event.detector)) if isinstance(event, Noticed) else None)
    with begin_recording(session, keep=not no_save, out=out) as writer:
        shown = reporter(kind, loaded, options=Options(fps=fps, palette=colours), found=session.numbers)
        code = carry_out(session, shown, writer, lossless=kind == "json")
    if code in (0, FELL_SHORT) and (told := judged(loaded, guessed)):
        print(told)
    if code in (0, FELL_SHORT) and kind != "json" and (told := suggested(session, noticed)):
        print(told)
    return code


def _guess(loaded: Loaded) -> str | None:
    """What is answered to the question of the lesson, and remembered; None where nothing is asked or answered."""
    from lab.cli.commands.show import before, show
    from lab.cli.guessing import choice, name_of, progress

    question = loaded.scenario.question
    if question is None:
        print("This scenario asks nothing.", file=sys.stderr)
        return None
    show(before(loaded, runs=True))
    answer = choice(question.choices)
    progress().answered(name_of(loaded), answer)
    return answer
