"""A sweep in the run store: begun, or found again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lab.errors import BadInput
from lab.search.sweep import Sweep
from lab.session.sources import refuse_changed, sources_of
from lab.store import RunWriter, Store
from lab.store.information import SETTINGS

Known = dict[tuple[str, int], tuple[int, float]]
"""(variant name, seed) to (steps, objective)."""


def keep(sweep: Sweep, store: Store, resume: str | None, warn: Callable[[str], None]) -> tuple[RunWriter, Known]:
    """The writer of a new sweep, or of one that is resumed, and what is known of its trials already.

    warn: told once, when something cannot be kept any more
    Raises BadInput if the sweep to resume was another one.
    """
    options: dict[str, Any] = {
        "sweep": {
            "axes": [f"{axis.path}={axis.kind}({axis.low},{axis.high}){list(axis.choices)}" for axis in sweep.axes],
            "method": sweep.method, "trials": len(sweep.trials), "objective": sweep.objective, "folds": sweep.folds,
            "base": sweep.base, "steps": sweep.steps,
        },
        SETTINGS: {name: dict(trial.values) for name, trial, _ in sweep.jobs},
    }  # fmt: skip
    sources = sources_of(sweep.loaded, [sweep.loaded.variant(sweep.base)])
    if resume is None:
        names = [name for name, _, _ in sweep.jobs]
        writer = store.create(
            f"sweep-{sweep.loaded.slug}",
            title=f"Sweep of {sweep.loaded.scenario.title}", text=sweep.loaded.text, path=sweep.loaded.path,
            overrides=sweep.loaded.overrides, options=options, variants=names, seeds=sweep.seeds,
            steps=dict.fromkeys(names, sweep.steps), sources=sources, warn=warn,
        )  # fmt: skip
        return writer, {}
    info = store.find(resume)
    if info.options.get("sweep") != options["sweep"] or info.text != sweep.loaded.text or info.seeds != sweep.seeds:
        raise BadInput(f"{info.name} was another sweep: the scenario or the options were not the same.")
    refuse_changed(info, sources)
    known: Known = {}
    for (variant, seed), curves in store.curves(info.name).items():
        if "diverged" in curves:
            known[variant, seed] = (sweep.steps, math.nan)
        elif sweep.objective in curves:
            steps, values = curves[sweep.objective]
            if int(steps[-1]) in {each for _, each in sweep.ladder}:
                known[variant, seed] = (int(steps[-1]), float(values[-1]))
    return store.reopen(info.name, warn), known
