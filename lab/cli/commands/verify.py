"""`lab verify`: every claim of many scenarios over many seeds."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.cli.running import FELL_SHORT, INTERRUPTED, seeds_of


def command(
    name: Annotated[
        list[str], typer.Argument(help="Scenarios, chapters, or files. Default: everything built in.")
    ] = [],  # noqa: B006 - Typer copies it
    seeds: Annotated[str, typer.Option(help="How many seeds (5), or which (0:10).")] = "0:10",
    change: Annotated[list[str], typer.Option("--set", help="Change a value in every scenario. Repeatable.")] = [],  # noqa: B006
    json: Annotated[bool, typer.Option("--json", help="One JSON object per claim, and nothing else.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The table in Markdown.")] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Replicas at the same time; default: one per core.")
    ] = None,
) -> int:
    """Check every claim on many seeds: a table, and exit code 1 if one falls short (it must hold on 9 of 10 seeds)."""
    from lab.cli.verification import Row, chosen, table, verify
    from lab.scenario import parse_settings

    rows: list[Row] = []
    interrupted = False
    for path in chosen(name):
        found, interrupted = verify(path, seeds_of(seeds, 0), parse_settings(change), threads, quiet=json or markdown)
        rows += found
        if json:
            for row in found:
                print(row.json(), flush=True)
        if interrupted:
            break
    if not json:
        table(rows, markdown)
    if interrupted:
        return INTERRUPTED
    return 0 if all(row.held for row in rows) else FELL_SHORT
