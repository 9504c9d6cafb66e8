"""A result in a notebook: a table with a row for each variant, small plots in it, and the claims."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from lab.scenario.measured import spoken
from lab.terminal.metric_words import unit, words
from lab.terminal.series import mean_and_band

if TYPE_CHECKING:
    from lab.api import Result

_MOST_METRICS = 4
_MOST_VARIANTS = 40
_WIDTH, _HEIGHT, _POINTS = 120, 28, 120


def html(result: Result) -> str:
    """The table as HTML that needs nothing else: of each variant how its seeds ended, and of its first metrics the last
    mean over the seeds and the way there, on one scale for all variants."""
    shown = result.variants[:_MOST_VARIANTS]
    means = {
        variant: {metric: _mean(result, variant, metric) for metric in result.history.metrics(variant)}
        for variant in shown
    }
    names = dict.fromkeys(metric for each in means.values() for metric in each if "." not in metric)
    chosen = sorted(names, key=lambda name: (name != "loss", list(names).index(name)))[:_MOST_METRICS]
    ranges = {metric: _range([each[metric][1] for each in means.values() if metric in each]) for metric in chosen}
    head = "<th>variant</th><th>ended</th>" + "".join(
        f'<th title="{escape(_meaning(result, each))}">{escape(_title(each))}</th>' for each in chosen
    )
    rows = []
    for variant in shown:
        cells = [f"<td><b>{escape(variant)}</b></td><td>{escape(_ended(result, variant))}</td>"]
        for metric in chosen:
            found = means[variant].get(metric)
            cells.append(f"<td>{_cell(*found, ranges[metric])}</td>" if found is not None else "<td></td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    more = len(result.variants) - len(shown)
    left = f"<p>and {more} more variants</p>" if more else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{left}{_claims(result)}"


def _title(metric: str) -> str:
    return f"{words(metric)} [{unit(metric)}]" if unit(metric) else words(metric)


def _meaning(result: Result, metric: str) -> str:
    """What a metric means, shown where the pointer rests on its name."""
    return result.meanings[metric].sentence if metric in result.meanings else ""


def _mean(result: Result, variant: str, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and the mean over the seeds that have the metric."""
    curves = [
        result.history.curve(variant, seed, metric)
        for seed in result.seeds
        if (variant, seed, metric) in result.history
    ]
    if len(curves) == 1:
        return curves[0]
    steps, mean, _, _ = mean_and_band(curves)
    return steps, mean


def _range(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    values = np.concatenate([each[np.isfinite(each)] for each in curves]) if curves else np.zeros(0)
    return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)


def _cell(steps: np.ndarray, values: np.ndarray, limits: tuple[float, float]) -> str:
    last = float(values[-1]) if values.size else math.nan
    return f"{escape(spoken(last))}<br>{_plot(np.asarray(steps, float), values, *limits)}"


def _plot(steps: np.ndarray, values: np.ndarray, low: float, high: float) -> str:
    """A small line without axes; where values are not finite there is a gap."""
    if steps.size < 2 or steps[-1] == steps[0]:
        return ""
    every = max(1, -(-steps.size // _POINTS))
    picked = np.unique(np.append(np.arange(0, steps.size, every), steps.size - 1))
    x = 1 + (_WIDTH - 2) * (steps[picked] - steps[0]) / (steps[-1] - steps[0])
    y = 1 + (_HEIGHT - 2) * (1 - (values[picked] - low) / (high - low if high > low else 1.0))
    path, pen_down = [], False
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if math.isfinite(down):
            path.append(f"{'L' if pen_down else 'M'}{across:.1f} {down:.1f}")
        pen_down = math.isfinite(down)
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        f'<path d="{"".join(path)}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'
    )


def _ended(result: Result, variant: str) -> str:
    states = [each.state for each in result.outcomes if each.variant == variant]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))


def _claims(result: Result) -> str:
    items = "".join(
        f"<li>{'held' if each.held else '<b>fell short</b>'} on {sum(each.seeds.values())} of {len(each.seeds)}: "
        f"{escape(each.says)}</li>"
        for each in result.claims
    )
    return f"<ul>{items}</ul>" if items else ""
