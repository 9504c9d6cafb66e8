"""Which part of a run is exported."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.errors import BadInput, nearest
from lab.store import RunInfo, Store, Table


@dataclass(frozen=True, slots=True)
class Selection:
    """A stored run, or some variants, seeds and metrics of it (empty: all).

    guess: what the reader answered to its question before it was run, where that is remembered
    """

    store: Store
    info: RunInfo
    variants: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    metrics: tuple[str, ...] = ()
    guess: str | None = None

    def includes(self, variant: str, seed: int) -> bool:
        """Whether a replica belongs to it."""
        return (not self.variants or variant in self.variants) and (not self.seeds or seed in self.seeds)

    def tables(self) -> list[Table]:
        """What its replicas measured, in the scenario's order. Raises BadInput if that is nothing."""
        order = {variant: number for number, variant in enumerate(self.info.variants)}
        found = [table for table in self.store.tables(self.info.name) if self.includes(table.variant, table.seed)]
        found.sort(key=lambda table: (order.get(table.variant, len(order)), table.seed))
        if self.metrics:
            known = {name for table in found for name in table.columns}
            for metric in self.metrics:
                if metric not in known:
                    raise BadInput(f"{self.info.name} has not measured {metric!r}: {nearest(metric, known)}.")
            found = [
                dataclasses.replace(
                    table, columns={name: table.columns[name] for name in self.metrics if name in table.columns}
                )
                for table in found
            ]
        if not found:
            raise BadInput(f"{self.info.name} has nothing measured to export.")
        return found

    def metric_names(self, tables: Sequence[Table]) -> list[str]:
        """All metrics of the tables, in the order in which they first appear."""
        return list(dict.fromkeys(name for table in tables for name in table.columns))

    def setting_names(self, tables: Sequence[Table]) -> list[str]:
        """The paths that a sweep searched over, for the tables' trials; none for other runs."""
        settings = self.info.settings
        return list(dict.fromkeys(path for table in tables for path in settings.get(table.variant, {})))

    def weights(self) -> dict[tuple[str, int], dict[str, np.ndarray]]:
        """The final weights of its replicas. Raises BadInput if there are none."""
        found = {key: arrays for key, arrays in self.store.weights(self.info.name).items() if self.includes(*key)}
        if not found and self.info.is_sweep:
            raise BadInput(
                f"{self.info.name} is a sweep, which keeps no weights: run its best trial again by the line that "
                "`lab sweep` printed last, and export that run."
            )
        if not found:
            raise BadInput(f"{self.info.name} has no final weights: it did not come to its end.")
        return found


def select(
    store: Store,
    name: str,
    variants: Sequence[str] = (),
    seeds: Sequence[int] = (),
    metrics: Sequence[str] = (),
) -> Selection:
    """A part of the run `name`. Raises BadInput for a run, variant or seed that is not there."""
    info = store.find(name)
    replicas = store.replicas(info.name)
    known_variants = dict.fromkeys([*info.variants, *(variant for variant, _ in replicas)])
    known_seeds = dict.fromkeys([*info.seeds, *(seed for _, seed in replicas)])
    for variant in variants:
        if variant not in known_variants:
            raise BadInput(f"{info.name} has no variant {variant!r}: {nearest(variant, known_variants)}.")
    for seed in seeds:
        if seed not in known_seeds:
            raise BadInput(f"{info.name} has no seed {seed}: {nearest(seed, map(str, known_seeds))}.")
    return Selection(store, info, tuple(variants), tuple(seeds), tuple(metrics))
