"""What is allowed in a scenario, and most likely not meant."""

from __future__ import annotations

import numpy as np

from lab.data import Split
from lab.data.tables.encoding import embedded
from lab.scenario import Scenario

LARGE = 1e4
"""Targets of which a step at usual rates overshoots."""
LARGE_INPUT = 100.0
"""Numbers in an own table that few networks learn from as they are."""


def cautions(scenario: Scenario, split: Split) -> list[str]:
    """A sentence on each thing that is off."""
    told = []
    held = [name for name in scenario.watch if name.startswith("val_")]
    if held and split.validation is None:
        told.append(
            f"{', '.join(held)} cannot be measured, as nothing is held back: `validation: 0.2` in `data` does it"
        )
    if not scenario.watch:
        told.append("nothing is watched: `watch: [loss]` would measure the loss")
    given = scenario.optimizer.given
    if given.get("nesterov") and not given.get("momentum"):
        told.append("nesterov without momentum changes nothing: `momentum: 0.9` goes with it")
    inputs, columns = split.train.inputs, split.train.features
    own_table = "name" not in (scenario.data or {}) and len(columns) and isinstance(inputs, np.ndarray)
    if own_table and inputs.ndim == 2 and inputs.shape[1] == len(columns):
        largest = np.abs(inputs).max(axis=0)
        if (table := split.train.table) is not None:
            largest[[each.place for each in embedded(table.columns)]] = 0.0
        worst = int(largest.argmax())
        if largest[worst] > LARGE_INPUT:
            told.append(
                f"{columns[worst]} has inputs as large as {largest[worst]:.4g}, which most networks learn badly from: "
                "`standardise: true` in `data` scales all columns"
            )
    if split.train.kind == "values":
        largest = float(np.abs(split.train.targets).max())
        if largest > LARGE:
            told.append(f"targets as large as {largest:.2g} need small steps: `standardise_targets: true` scales them")
    return told
