"""`lab diagnose`: why a network does not learn."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.cli import INTERRUPTED
from lab.cli.lengths import EpochsOption, load_for
from lab.scenario.seeds import parse_seeds


def command(
    scenario: Annotated[str, typer.Argument(help="A built-in name or the path of a file.")],
    variant: Annotated[str | None, typer.Option(help="The variant that does not learn; default: the first.")] = None,
    seeds: Annotated[
        str | None, typer.Option(help="How many seeds for each change (3), or which (0:10 or 1,2,7); default: 3.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, max=1_000_000_000, help="Training steps, instead of the scenario's.")
    ] = None,
    epochs: EpochsOption = None,
    change: Annotated[list[str], typer.Option("--set", help="Change a value first. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Trainings at the same time; default: one per core.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="All of it as one JSON object.")] = False,
) -> int:
    """Find out why a network does not learn, or knows only its own examples.

    It is trained as it is and looked at: its data, its first loss, units and gradients by layer. Then one change after
    the other is tried on the same seeds (learning rate, first weights, scale of inputs, activations, regularisation,
    size, duration, …). What mends it on every seed was wrong; the search goes on from there until nothing helps.
    """
    import sys

    from lab.cli.diagnosis import as_json, carried_out, lines
    from lab.diagnosis import diagnose
    from lab.scenario import parse_settings
    from lab.terminal.capabilities import detect

    loaded = load_for(scenario, parse_settings(change), steps, epochs)
    first = loaded.scenario.train.seed
    chosen = parse_seeds(seeds, first) if seeds else None
    found, interrupted = carried_out(
        lambda progress: diagnose(loaded, variant, chosen, steps, threads, progress), shown=not json
    )
    print(as_json(found) if json else "\n".join(lines(found, min(detect(sys.stdout).width, 100))))
    return INTERRUPTED if interrupted else 0
