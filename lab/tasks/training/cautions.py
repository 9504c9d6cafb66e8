"""What is allowed in a scenario, and most likely not meant."""

from __future__ import annotations

import numpy as np

from lab.data import Split
from lab.scenario import Scenario

LARGE = 1e4
"""Targets of which a step at usual rates overshoots."""


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
    if split.train.kind == "values":
        largest = float(np.abs(split.train.targets).max())
        if largest > LARGE:
            told.append(f"targets as large as {largest:.2g} need small steps: `standardise_targets: true` scales them")
    return told
