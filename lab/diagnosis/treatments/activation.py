"""Activations that block the gradient, stand where none belongs, or are missing."""

from __future__ import annotations

from collections.abc import Iterator

from lab.diagnosis.case import Case
from lab.diagnosis.model_changes import ACTIVATIONS, between_layers, has_activation, name_of, names_in, replaced
from lab.diagnosis.treatment import Treatment, treatments


@treatments("activation_of_outputs", 0)
def activation_of_outputs(case: Case) -> Iterator[Treatment]:
    """No activation behind the last layer: the loss has its own."""
    model = case.scenario.model
    if model and name_of(model[-1]) in ACTIVATIONS:
        name = name_of(model[-1])
        yield Treatment(
            "outputs_as_they_are",
            f"no {name} behind the last layer",
            f"the {name} behind the last layer limits what can be answered",
            {"model": model[:-1]},
            ("softmax-loss",),
        )


@treatments("activation", 4)
def activation(case: Case) -> Iterator[Treatment]:
    """ReLU in place of what saturates, leaky ReLU in place of ReLU, and ReLU where there is nothing."""
    model = case.scenario.model
    found = names_in(model)
    if found & {"sigmoid", "tanh"}:
        names = " and ".join(sorted(found & {"sigmoid", "tanh"}))
        yield Treatment(
            "relu",
            f"relu in place of {names}, init: he",
            f"{names} units are saturated, or pass on too little of the gradient",
            {"model": replaced(model, ("sigmoid", "tanh"), "relu"), "init": "he"},
            ("vanishing-gradient", "activation-gallery"),
        )
    if "relu" in found:
        yield Treatment(
            "leaky",
            "leaky_relu in place of relu",
            "ReLU units are dead",
            {"model": replaced(model, ("relu",), "leaky_relu")},
            ("dead-relu", "leaky-relu"),
        )
    if not has_activation(case.layers) and len(model) > 1:
        yield Treatment(
            "with_relu",
            "relu between the layers",
            "without an activation all layers together are one linear layer",
            {"model": between_layers(model, "relu")},
            ("activation-gallery",),
        )
