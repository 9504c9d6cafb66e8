"""A network that is too small, or whose signal fades or swells from layer to layer."""

from __future__ import annotations

from collections.abc import Iterator

from lab.diagnosis.case import Case
from lab.diagnosis.model_changes import ACTIVATIONS, NORMALISATIONS, before_activations, names_in, wider
from lab.diagnosis.treatment import Treatment, treatments

TIMES = 4


@treatments("normalisation", 6)
def normalisation(case: Case) -> Iterator[Treatment]:
    """Batch normalisation before each activation."""
    model = case.scenario.model
    found = names_in(model)
    if found & set(ACTIVATIONS) and not found & set(NORMALISATIONS):
        yield Treatment(
            "batch_norm",
            "batch_norm before each activation",
            "the numbers inside of the network become too small or too large from layer to layer",
            {"model": before_activations(model, "batch_norm")},
            ("batch-norm", "normalise-everywhere"),
        )


@treatments("size", 3)
def size(case: Case) -> Iterator[Treatment]:
    """Four times as many units in each layer."""
    model = case.scenario.model
    larger = wider(model, TIMES)
    if larger != model:
        yield Treatment(
            "wider",
            f"{TIMES} times as many units in each layer",
            "the network is too small for these data",
            {"model": larger},
            ("train-val-gap",),
        )
