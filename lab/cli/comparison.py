"""Several stored runs, prepared for being shown side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.errors import BadInput, nearest
from lab.events import Measured, number_to_json
from lab.store import Curve, RunInfo, Store
from lab.store.settings import differences
from lab.terminal import axes, series
from lab.terminal.numbers import short
from lab.terminal.run_state import Change, RunState

if TYPE_CHECKING:
    from lab.terminal.curves import Line


@dataclass(frozen=True, slots=True)
class Replica:
    """The curves of one replica of one of the runs."""

    run: str
    variant: str
    seed: int
    curves: dict[str, Curve]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The runs, the metric to draw, what they measured, the settings in which they differ (a value per run), and by
    run what somebody changed while it trained."""

    infos: list[RunInfo]
    metric: str
    replicas: list[Replica]
    differences: dict[str, list[Any]]
    changes: dict[str, list[Change]]

    def told_changes(self) -> list[list[str]]:
        """A run and a phrase for each change made while it trained, seeds of a variant together."""
        phrases = {
            (run, f"{each.name} of {each.variant} to {short(each.value)} at step {each.step:,}"): None
            for run, changes in self.changes.items()
            for each in changes
        }
        return [[run, phrase] for run, phrase in phrases]

    def same_settings(self) -> str:
        """What is said where the settings do not differ."""
        if any(self.changes.values()):
            return "All settings were the same when the runs began"
        return "All settings are the same"

    def groups(self) -> dict[tuple[str, str], list[Replica]]:
        """The replicas by run and variant: its seeds."""
        found: dict[tuple[str, str], list[Replica]] = {}
        for replica in self.replicas:
            found.setdefault((replica.run, replica.variant), []).append(replica)
        return found

    def lines(self) -> list[Line]:
        """A curve per run and variant, the mean over the seeds, with the lowest and the highest of them."""
        from lab.terminal.curves import Line

        drawn = []
        for number, ((run, variant), replicas) in enumerate(self.groups().items()):
            found = [replica.curves[self.metric] for replica in replicas if self.metric in replica.curves]
            if len(found) == 1:
                drawn.append(Line(f"{run} {variant}", *found[0], number))
            elif found:
                steps, mean, low, high = series.mean_and_band(found)
                drawn.append(Line(f"{run} {variant}", steps, mean, number, (low, high)))
        return drawn

    def logarithmic(self) -> bool:
        """Whether the metric spans so much that a linear axis would show only its largest values."""
        found = [each.curves[self.metric][1] for each in self.replicas if self.metric in each.curves]
        return axes.logarithmic(self.metric, *found)

    def metrics(self) -> list[str]:
        """The metrics that are not of single layers, and the one that is drawn."""
        names = dict.fromkeys(name for replica in self.replicas for name in replica.curves)
        return [name for name in names if "." not in name or name == self.metric]

    def final_table(self) -> list[list[str]]:
        """A header, and a row per run and variant with the final value of each metric, the mean over the seeds.

        Seeds whose last value is not finite are left out of the mean, and counted.
        """
        metrics = self.metrics()
        table = [["", *metrics]]
        for (run, variant), replicas in self.groups().items():
            row = [f"{run} {variant}"]
            for metric in metrics:
                last = [float(each.curves[metric][1][-1]) for each in replicas if metric in each.curves]
                finite = [value for value in last if np.isfinite(value)]
                lost = len(last) - len(finite)
                if finite:
                    row.append(short(sum(finite) / len(finite), 4) + (f" ({lost} not finite)" if lost else ""))
                else:
                    row.append(short(last[0]) if last else "–")
            table.append(row)
        return table

    def to_json(self) -> dict[str, Any]:
        """Return the whole comparison, curves included, as JSON can hold it."""
        names = [info.name for info in self.infos]
        return {
            "runs": names,
            "metric": self.metric,
            "differences": {path: dict(zip(names, values, strict=True)) for path, values in self.differences.items()},
            "changed": {
                run: [
                    {
                        "variant": each.variant,
                        "seed": each.seed,
                        "step": each.step,
                        "name": each.name,
                        "value": number_to_json(each.value),
                    }
                    for each in changes
                ]
                for run, changes in self.changes.items()
            },
            "final": [
                {
                    "run": each.run,
                    "variant": each.variant,
                    "seed": each.seed,
                    "values": {metric: number_to_json(float(curve[1][-1])) for metric, curve in each.curves.items()},
                }
                for each in self.replicas
            ],
            "curves": [
                {
                    "run": each.run,
                    "variant": each.variant,
                    "seed": each.seed,
                    "steps": each.curves[self.metric][0].tolist(),
                    "values": [number_to_json(value) for value in each.curves[self.metric][1].tolist()],
                }
                for each in self.replicas
                if self.metric in each.curves
            ],
        }


def compare(store: Store, runs: Sequence[str], metric: str | None, variants: Sequence[str]) -> Comparison:
    """Reads the runs to compare. Raises BadInput for fewer than two, and for a run, variant or metric not there."""
    infos = list({info.name: info for info in map(store.find, runs)}.values())
    if len(infos) < 2:
        raise BadInput("Comparing takes at least two different runs: `lab runs` lists them.")
    replicas: list[Replica] = []
    for info in infos:
        order = {variant: number for number, variant in enumerate(info.variants)}
        found = [
            Replica(info.name, variant, seed, curves) for (variant, seed), curves in store.curves(info.name).items()
        ]
        replicas += sorted(found, key=lambda each: (order.get(each.variant, len(order)), each.seed))
    known = {each.variant for each in replicas}
    for variant in variants:
        if variant not in known:
            raise BadInput(f"None of these runs has a variant {variant!r}: {nearest(variant, known)}.")
    replicas = [each for each in replicas if not variants or each.variant in variants]
    measured = list(dict.fromkeys(name for replica in replicas for name in replica.curves))
    if not measured:
        raise BadInput("Nothing was measured in these runs.")
    if metric is None:
        metric = "loss" if "loss" in measured else measured[0]
    elif metric not in measured:
        raise BadInput(f"None of these runs has measured {metric!r}: {nearest(metric, measured)}.")
    return Comparison(infos, metric, replicas, differences(infos), {each.name: _changes(store, each) for each in infos})


def _changes(store: Store, info: RunInfo) -> list[Change]:
    """What was changed while the run trained, in variants whose past it still is."""
    state = RunState(keep=lambda metric: False)
    for event in store.events(info.name):
        if isinstance(event, Measured):
            state.handle(event)
    return state.changes
