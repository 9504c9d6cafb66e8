"""A kept run's scenario, and the numbers that it states about its run, as they were measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.errors import LabError
from lab.scenario.loading import load_text
from lab.scenario.measured import values
from lab.session.verdict import DIVERGED

if TYPE_CHECKING:
    from lab.scenario import Loaded, Measured
    from lab.scenario.expression_nodes import Lookup
    from lab.store import RunInfo, Store


def scenario_of_run(run: RunInfo) -> Loaded:
    """The scenario as it was run. Raises BadInput if this lab no longer reads it."""
    return load_text(run.text, Path(run.path or f"{run.slug}.yaml"), run.overrides)


def readable_scenario_of_run(run: RunInfo) -> Loaded | None:
    """The scenario as it was run; None if this lab no longer reads it."""
    try:
        return scenario_of_run(run)
    except LabError:
        return None


def numbers_of_run(store: Store, run: RunInfo, measured: Mapping[str, Measured]) -> dict[str, list[float]]:
    """By name, one number for each seed of the run. Raises LabError if the run cannot be read."""
    curves = store.curves(run.name)

    def of(seed: int) -> Lookup:
        def lookup(variant: str, metric: str, layer: str | None) -> tuple[Any, Any]:
            name = metric if layer is None else f"{metric}.{layer}"
            # What did not diverge has no curve that says so.
            none = np.zeros(int(name == DIVERGED))
            return curves.get((variant, seed), {}).get(name, (none, none))

        return lookup

    return values(measured, [of(seed) for seed in run.seeds])
