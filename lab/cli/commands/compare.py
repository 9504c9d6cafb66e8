"""`lab compare`: stored runs side by side."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lab.cli.palette import PaletteOption, palette_of

if TYPE_CHECKING:
    from lab.cli.comparison import Comparison
    from lab.terminal.palettes import PaletteName

_WIDEST, _HEIGHT = 110, 20


def command(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Names, unique beginnings of names, or latest.")],
    metric: Annotated[str | None, typer.Option(help="Whose curves to draw; default: the loss.")] = None,
    variant: Annotated[list[str], typer.Option(help="Only this variant. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    palette: PaletteOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines: no plot, no colour.")] = False,
) -> None:
    """Runs side by side: curves of one metric, settings that differ, final values."""
    from lab.cli.comparison import compare
    from lab.errors import BadInput
    from lab.store import Store

    if as_json and plain:
        raise BadInput("--json and --plain exclude each other.")
    colours = palette_of(palette)
    with Store.open() as store:
        comparison = compare(store, runs, metric, variant)
    if as_json:
        print(json.dumps(comparison.to_json(), ensure_ascii=False, allow_nan=False))
        return
    _show(comparison, None if plain else colours)


def _show(comparison: Comparison, palette: PaletteName | None) -> None:
    """Prints it. palette: of the plot; None: without one"""
    from lab.cli.columns import aligned
    from lab.terminal import detect
    from lab.terminal.output import Output

    output = Output(sys.stdout, detect(sys.stdout).unicode)
    if palette is not None:
        _plot(comparison, palette)
        output.line()
    if comparison.differences:
        output.line("Settings that differ")
        rows = [["", *(info.name for info in comparison.infos)]]
        rows += [[path, *map(_shown, values)] for path, values in comparison.differences.items()]
        for line in aligned(rows):
            output.line(f"  {line}".rstrip())
    else:
        output.line(f"{comparison.same_settings()}.")
    output.line()
    if told := comparison.told_changes():
        output.line("Changed while it trained")
        for line in aligned(told):
            output.line(f"  {line}".rstrip())
        output.line()
    seeds = "" if all(len(info.seeds) == 1 for info in comparison.infos) else " (mean over the seeds)"
    output.line(f"Final values{seeds}")
    header, *rows = comparison.final_table()
    for line in aligned([header, *rows], right=range(1, len(header))):
        output.line(f"  {line}".rstrip())


def _plot(comparison: Comparison, palette: PaletteName) -> None:
    from lab.terminal import detect, plotext_curves, printing
    from lab.terminal.style import Style

    capabilities = detect(sys.stdout)
    lines = comparison.lines()
    drawn = plotext_curves.draw(
        lines,
        min(capabilities.width, _WIDEST),
        min(_HEIGHT, max(8, capabilities.height - 4)) + len(lines) // 3,
        Style(capabilities.colours, capabilities.unicode, palette),
        title=comparison.metric,
        x_label="step",
        log_y=comparison.logarithmic(),
    )
    printing.print_lines(drawn, sys.stdout, capabilities)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
