"""Regularisation that leaves nothing to learn with."""

from __future__ import annotations

from collections.abc import Iterator

from lab.diagnosis.case import Case
from lab.diagnosis.model_changes import NOISE, names_in, replaced
from lab.diagnosis.treatment import Treatment, treatments


@treatments("weight_penalty", 0)
def weight_penalty(case: Case) -> Iterator[Treatment]:
    """No penalty on weights."""
    given = case.scenario.optimizer.extra
    off = {f"optimizer.{name}": 0 for name in ("l2", "l1", "weight_decay") if given.get(name)}
    if off:
        words = ", ".join(f"{name.split('.')[1]}: 0" for name in off)
        yield Treatment("no_penalty", words, "the penalty on weights is too strong", off, ("l2",))


@treatments("dropout", 0)
def dropout(case: Case) -> Iterator[Treatment]:
    """No dropout."""
    scenario = case.scenario
    if names_in(scenario.model) & set(NOISE):
        yield Treatment(
            "no_dropout",
            "no dropout",
            "dropout leaves too little of the network",
            {"model": replaced(scenario.model, NOISE, None)},
            ("dropout",),
        )
