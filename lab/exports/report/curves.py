"""The curves of a run as plots: the mean over seeds of each variant, and how far the seeds are apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab.exports.report import plots
from lab.exports.report.markup import escape, sentence
from lab.metrics.meaning import Meaning
from lab.scenario import Loaded
from lab.tasks import meanings
from lab.terminal import series
from lab.terminal.chosen_axes import ChosenAxes
from lab.terminal.curves import Line
from lab.terminal.metric_words import unit, words
from lab.terminal.numbers import count
from lab.terminal.run_state import Replica, RunState

_MOST = 16


def panels(run_state: RunState, loaded: Loaded | None, metrics: Sequence[str] = ()) -> str:
    """A plot per metric: those that are asked for, else those that were watched."""
    names = metrics or watched(run_state)
    chosen = ChosenAxes(loaded.scenario.show if loaded is not None else None)
    known = meanings(loaded) if loaded is not None else {}
    drawn = [_panel(run_state, metric, chosen, known.get(metric.partition(".")[0])) for metric in names[:_MOST]]
    if not drawn:
        return ""
    left = f'<p class="note">{count(len(names) - _MOST, "more metric")}: choose with --metric.</p>'
    legend = plots.legend(enumerate(run_state.variants), "variants")
    return f'{legend}<div class="plots">{"".join(drawn)}</div>{left if len(names) > _MOST else ""}'


def watched(run_state: RunState) -> list[str]:
    """The watched metrics that have curves; of those that were only measured layer by layer each layer's."""
    known = dict.fromkeys(metric for _, _, metric in run_state.curves)
    found: list[str] = []
    for metric in run_state.metrics:
        found += [metric] if metric in known else [each for each in known if each.startswith(f"{metric}.")]
    return found


def diverged(replica: Replica) -> bool:
    """Whether its numbers were no longer finite."""
    return replica.diverged is not None or (replica.outcome is not None and replica.outcome.state == "diverged")


def _panel(run_state: RunState, metric: str, chosen: ChosenAxes, meaning: Meaning | None) -> str:
    lines: list[Line] = []
    lost: list[Line] = []
    notes: list[str] = []
    most = 1
    for number, variant in enumerate(run_state.variants):
        replicas = [each for each in run_state.of(variant) if (variant, each.seed, metric) in run_state.curves]
        if not replicas:
            continue
        curves = [run_state.curves[variant, each.seed, metric].arrays() for each in replicas]
        single = [Line(variant, *each, number, broken=True) for each in curves]
        broken = [line for line, replica in zip(single, replicas, strict=True) if diverged(replica)]
        lost += broken
        most = max(most, len(replicas))
        if len(replicas) == 1:
            lines.append(chosen.drawn(metric, Line(variant, *curves[0], number, broken=bool(broken))))
            notes += plots.gaps(lines[-1:])
        else:
            x, mean, low, high = series.mean_and_band(curves)
            lines.append(chosen.drawn(metric, Line(variant, x, mean, number, (low, high), bool(broken))))
            for replica, curve in zip(replicas, curves, strict=True):
                notes += [
                    series.describe_gap(f"{variant}, seed {replica.seed}", gap) for gap in series.gaps(*curve)[-1:]
                ]
    steps = max((run_state.steps(variant) for variant in run_state.variants), default=0)
    whole = steps and not (run_state.ended is not None and run_state.ended.interrupted)
    kind = f"mean and range of {most} seeds" if most > 1 else ""
    plot = plots.curves(
        lines, words(metric),
        x_label="step", y_label=", ".join(filter(None, (unit(metric), kind))),
        log_x=chosen.log_x(metric), log_y=chosen.log_y(metric, lines),
        x_range=(0.0, float(steps)) if whole else (), lost=lost, within=chosen.within(metric),
    )  # fmt: skip
    told = f'<p class="note">{sentence(meaning.sentence)}</p>' if meaning is not None else ""
    return f"<figure><h3>{escape(words(metric))}</h3>{told}{plot}{_notes(notes)}</figure>"


def _notes(notes: Iterable[str], most: int = 4) -> str:
    told = list(notes)
    if len(told) > most:
        told = [*told[:most], f"and {count(len(told) - most, 'more')}"]
    return f'<p class="note">{sentence("; ".join(told))}</p>' if told else ""
