"""Inputs, or numbers to be predicted, of very different sizes."""

from __future__ import annotations

from collections.abc import Iterator

from lab.data.target_scale import likely_transform
from lab.diagnosis.case import Case
from lab.diagnosis.treatment import Treatment, treatments

LATER = 3
"""The order where the inputs are of usual sizes: other sizes may make up for another fault, but are none."""


@treatments("input_scale", 0)
def input_scale(case: Case) -> Iterator[Treatment]:
    """Inputs with mean 0 and standard deviation 1."""
    if not (case.scenario.data or {}).get("standardise"):
        yield Treatment(
            "standardised",
            "data: standardise: true",
            "the inputs have other sizes than the network can learn from",
            {"data.standardise": True},
            ("normalise-inputs", "input-scale-and-gradient"),
            order=None if case.uneven else LATER,
        )


@treatments("target_logarithm", 0)
def target_logarithm(case: Case) -> Iterator[Treatment]:
    """The logarithms of targets of which a few are far above all others."""
    data = case.scenario.data or {}
    targets = case.split.train.targets
    recipe = case.split.recipe
    if case.classifies or data.get("transform_targets") or recipe is None:
        return
    if (transform := likely_transform(recipe.values(targets))) is not None:
        yield Treatment(
            "logarithms",
            f"data: transform_targets: {transform}, standardise_targets: true",
            "a few of the numbers to be predicted are far above all others, and rule the loss",
            {"data.transform_targets": transform, "data.standardise_targets": True},
            ("regression-losses",),
        )


@treatments("target_scale", 0)
def target_scale(case: Case) -> Iterator[Treatment]:
    """Targets with mean 0 and standard deviation 1."""
    if not case.classifies and not (case.scenario.data or {}).get("standardise_targets"):
        yield Treatment(
            "standardised_targets",
            "data: standardise_targets: true",
            "the numbers to be predicted have another size than the network gives",
            {"data.standardise_targets": True},
            ("regression-losses",),
        )
