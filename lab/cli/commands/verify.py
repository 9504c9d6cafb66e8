"""`lab verify`: every claim of many scenarios over many seeds."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.cli.device import DeviceOption, ModeOption, device_of
from lab.cli.running import FELL_SHORT, INTERRUPTED
from lab.scenario.seeds import parse_seeds


def command(
    name: Annotated[
        list[str], typer.Argument(help="Scenarios, chapters, or files. Default: everything built in.")
    ] = [],  # noqa: B006 - Typer copies it
    seeds: Annotated[str, typer.Option(help="How many seeds (5), or which (0:10 or 1,2,7).")] = "0:10",
    change: Annotated[list[str], typer.Option("--set", help="Change a value in every scenario. Repeatable.")] = [],  # noqa: B006
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object per claim, as soon as its scenario is done.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The table in Markdown.")] = False,
    device: DeviceOption = "cpu",
    cuda_mode: ModeOption = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Trainings at the same time; default: one per core.")
    ] = None,
) -> int:
    """Check every claim on many seeds: a table, and exit code 1 if one falls short (it must hold on 9 of 10 seeds).

    All scenarios share the cores; those with claims about time come last and are run one by one, with nothing beside
    them. The interval is where the share of all seeds on which the claim holds lies, with 95 % confidence. The time
    stands for the whole scenario: for how long one core was busy with it, all seeds together.
    """
    import sys
    import time

    from lab.cli.verification import as_json, carry_out, chosen, table
    from lab.errors import BadInput
    from lab.scenario import load, parse_settings
    from lab.tasks import check
    from lab.verification import Report, Verification

    if json and markdown:
        raise BadInput("--json and --markdown exclude each other.")
    scenarios = [load(path, parse_settings(change)) for path in chosen(name)]
    for scenario in scenarios:
        check(scenario)
    verification = Verification(scenarios, parse_seeds(seeds, 0), threads, device_of(device, cuda_mode), cuda_mode)
    begun = time.monotonic()

    def report(each: Report) -> None:
        if json:
            print("\n".join(as_json(each)), flush=True)

    try:
        interrupted = carry_out(verification, shown=not (json and sys.stdout.isatty()), report=report)
    finally:  # also when one scenario failed: what is known of the others is worth seeing
        if json:
            partial = [each for each in verification.reports if 0 < len(each.verdicts) < len(verification.seeds)]
            for each in partial:
                report(each)
        elif verification.done:
            print("\n".join(table(verification.reports, time.monotonic() - begun, markdown)))
    if interrupted:
        return INTERRUPTED
    return 0 if all(claim.held for each in verification.reports for claim in each.claims) else FELL_SHORT
