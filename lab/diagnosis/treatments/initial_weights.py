"""Weights that begin too small, too large, or all alike."""

from __future__ import annotations

from collections.abc import Iterator

from lab.diagnosis.case import Case
from lab.diagnosis.model_changes import names_in
from lab.diagnosis.treatment import Treatment, treatments


@treatments("initial_weights", 0)
def initial_weights(case: Case) -> Iterator[Treatment]:
    """He's initialisation for ReLU and its kin, Xavier's for all else."""
    scenario = case.scenario
    fitting = "xavier" if names_in(case.layers) & {"tanh", "sigmoid"} else "he"
    given = scenario.init
    if given == fitting or (isinstance(given, dict) and "from" in given):
        return
    yield Treatment(
        f"init_{fitting}",
        f"init: {fitting}",
        "the weights begin badly",
        {"init": fitting},
        ("xavier-relu", "small-init", "large-init", "zero-init"),
    )
