"""The numbers that a lesson states about its run, as a kept run has measured them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.scenario.measured import values

if TYPE_CHECKING:
    from lab.scenario import Measured
    from lab.scenario.expression_nodes import Lookup
    from lab.store import RunInfo, Store


def numbers_of_run(store: Store, run: RunInfo, measured: Mapping[str, Measured]) -> dict[str, list[float]]:
    """By name, one number for each seed of the run. Raises LabError if the run cannot be read."""
    curves = store.curves(run.name)

    def of(seed: int) -> Lookup:
        def lookup(variant: str, metric: str, layer: str | None) -> tuple[Any, Any]:
            found = curves.get((variant, seed), {})
            return found.get(metric if layer is None else f"{metric}.{layer}", ((), ()))

        return lookup

    return values(measured, [of(seed) for seed in run.seeds])
