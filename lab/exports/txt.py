"""Text: the curves as plots made of characters, to be read in a terminal, pasted into a message or kept beside code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import IO

from lab.exports.selection import Selection
from lab.store import Table
from lab.terminal import axes, detect, plotext_curves, series
from lab.terminal.capabilities import NO_COLOURS
from lab.terminal.curves import Line, axis_values
from lab.terminal.metric_words import unit, words
from lab.terminal.style import Style

KIND, SUFFIX = "text", ".txt"
_WIDTH, _HEIGHT = 80, 20
_FEW_VARIANTS = 2  # so many may show the lowest and the highest of their seeds without covering each other


def write(selection: Selection, stream: IO[bytes]) -> None:
    """Writes a plot per metric, 80 columns wide, without colour: each variant's letter stands on its curve.

    Several seeds become their mean. Without chosen metrics: all but those of single layers. Where the locale knows
    only ASCII, so does the text.
    """
    style = Style(NO_COLOURS, detect(sys.stdout).unicode)
    for line in _lines(selection, style):
        stream.write(f"{style.words(line).rstrip()}\n".encode())


def _lines(selection: Selection, style: Style) -> Iterator[str]:
    tables = selection.tables()
    metrics = selection.metric_names(tables)
    if not selection.metrics:
        metrics = [name for name in metrics if "." not in name] or metrics
    seeds = sorted({table.seed for table in tables})
    variants = list(dict.fromkeys(table.variant for table in tables))
    broken = {each.variant for each in selection.info.outcomes if each.state == "diverged" and each.seed in seeds}
    yield selection.info.title or selection.info.name
    yield f"{selection.info.name} · {'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}"
    for metric in metrics:
        measured = [table for table in tables if metric in table.columns]
        lines = _curves(metric, measured, variants, broken)
        yield ""
        for row in plotext_curves.draw(
            lines, _WIDTH, _HEIGHT, style,
            title=words(metric), x_label="step", y_label=", ".join(filter(None, (unit(metric), _note(lines, seeds)))), 
            log_y=axes.logarithmic(metric, axis_values(lines, log=False)),
        ):  # fmt: skip
            yield row.plain
        if len(seeds) > 1:
            yield from _gaps(metric, measured)


def _curves(metric: str, tables: list[Table], variants: list[str], broken: set[str]) -> list[Line]:
    """A curve per variant, its only seed or the mean over its seeds, with the letter of its place in `variants`."""
    by_variant: dict[str, list[series.Points]] = {}
    for table in tables:
        by_variant.setdefault(table.variant, []).append(table.curves()[metric])
    lines = []
    for variant, found in by_variant.items():
        number = variants.index(variant)
        if len(found) == 1:
            lines.append(Line(variant, *found[0], number, broken=variant in broken))
        else:
            steps, mean, low, high = series.mean_and_band(found)
            band = (low, high) if len(by_variant) <= _FEW_VARIANTS else None
            lines.append(Line(variant, steps, mean, number, band, variant in broken))
    return lines


def _note(lines: list[Line], seeds: list[int]) -> str:
    if len(seeds) < 2:
        return ""
    return f"mean{', lowest, highest' if len(lines) <= _FEW_VARIANTS else ''} of {len(seeds)} seeds"


def _gaps(metric: str, tables: list[Table]) -> Iterator[str]:
    """A mean does not show which of its seeds has stopped: that is told under the plot."""
    for table in tables:
        for gap in series.gaps(*table.curves()[metric])[-1:]:
            yield series.describe_gap(f"{table.variant}, seed {table.seed}", gap)
