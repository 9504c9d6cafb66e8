"""A sweep in the run store: begun, or found again."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.errors import BadInput
from lab.graph.devices import Choice, choose
from lab.scenario.loading import load_text
from lab.search.sweep import Result, Sweep
from lab.session.sources import folder_of, refuse_changed, sources_of
from lab.spaces import Axis
from lab.store import RunInfo, RunWriter, Store
from lab.store.information import SETTINGS

Known = dict[tuple[str, int], tuple[int, float]]
"""(variant name, seed) to (steps, objective)."""


_AXIS = re.compile(
    r"(?P<path>.+?)=(?P<kind>[a-z]+)\((?P<low>[^,()]+),(?P<high>[^,()]+)\)(?P<choices>\[.*\])", re.DOTALL
)


def keep(
    sweep: Sweep, store: Store, resume: str | None, warn: Callable[[str], None], anyway: bool = False
) -> tuple[RunWriter, Known]:
    """The writer of a new sweep, or of one that is resumed, and what is known of its trials already.

    warn:   told once, when something cannot be kept any more
    anyway: go on though a file that it read has changed
    Raises BadInput if the sweep to resume was another one.
    """
    options: dict[str, Any] = {
        "sweep": {
            "axes": [f"{axis.path}={axis.kind}({axis.low},{axis.high}){list(axis.choices)}" for axis in sweep.axes],
            "method": sweep.method, "trials": len(sweep.trials), "objective": sweep.objective, "folds": sweep.folds,
            "base": sweep.base, "steps": sweep.steps,
            **({"direction": sweep.direction} if sweep.direction else {}),
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
            device=sweep.device.name if sweep.device is not None else "cpu",
        )  # fmt: skip
        return writer, {}
    info = store.find(resume)
    if info.options.get("sweep") != options["sweep"] or info.text != sweep.loaded.text or info.seeds != sweep.seeds:
        raise BadInput(f"{info.name} was another sweep: the scenario or the options were not the same.")
    if not anyway:
        refuse_changed(info, sources)
    return store.reopen(info.name, warn), known_of(sweep, store, info)


def known_of(sweep: Sweep, store: Store, info: RunInfo) -> Known:
    """What a kept sweep has trained."""
    known: Known = {}
    for (variant, seed), curves in store.curves(info.name).items():
        if "diverged" in curves:
            known[variant, seed] = (sweep.steps, math.nan)
        elif sweep.objective in curves:
            steps, values = curves[sweep.objective]
            if int(steps[-1]) in {each for _, each in sweep.ladder}:
                known[variant, seed] = (int(steps[-1]), float(values[-1]))
    return known


def sweep_of(info: RunInfo, anyway: bool = False, device: Choice | None = None, *, only_look: bool = False) -> Sweep:
    """A kept sweep as it was asked for, made of its record alone. Raises BadInput if a file that it read has changed.

    only_look: nothing will be trained, so that no device and no file is needed
    """
    folder = Path(info.path).parent if info.path else Path()
    if not only_look:
        folder, _ = folder_of(info, anyway)
    asked = info.options["sweep"]
    return Sweep(
        load_text(info.text, folder / Path(info.path or f"{info.slug}.yaml").name, info.overrides),
        [_axis(each) for each in asked["axes"]],
        method=asked["method"], trials=asked["trials"], variant=asked["base"], objective=asked["objective"],
        direction=asked.get("direction"),
        folds=asked["folds"], seeds=info.seeds, steps=asked["steps"],
        device=None if only_look else device or choose(info.device),
    )  # fmt: skip


def results_of(sweep: Sweep, store: Store, info: RunInfo) -> list[Result]:
    """What a kept sweep has found, best first."""
    return sweep.results(known_of(sweep, store, info))


def _axis(text: str) -> Axis:
    """An axis as `keep` writes it. Raises ValueError."""
    match = _AXIS.fullmatch(text)
    if match is None:
        raise ValueError(f"no axis: {text}")
    choices = tuple(ast.literal_eval(match["choices"]))
    return Axis(match["path"], match["kind"], float(match["low"]), float(match["high"]), choices)  # type: ignore[arg-type]  # a kind
