"""Changes of a model as it stands in a scenario: lists of names and settings, nested in blocks as deep as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

ACTIVATIONS = ("elu", "gelu", "leaky_relu", "prelu", "relu", "sigmoid", "silu", "softplus", "tanh")
BENT_INSIDE = ("maxout", "rnn", "lstm", "gru", "fire", "inception", "dense_block", "fractal", "max_pool")
NORMALISATIONS = ("batch_norm", "layer_norm", "group_norm", "local_response_norm")
WITH_WEIGHTS = ("dense", "conv")
NOISE = ("dropout", "dropconnect")


def name_of(layer: Any) -> str:
    """The name of one entry of a model: `relu`, or the key of `{dense: 64}` that stands first."""
    return layer if isinstance(layer, str) else next(iter(layer), "") if isinstance(layer, Mapping) else ""


def names_in(model: Any) -> set[str]:
    """The names of all layers in a model, whatever they are nested in."""
    if isinstance(model, str):
        return {model}
    if isinstance(model, Mapping):
        return set(model).union(*(names_in(each) for each in model.values()))
    if isinstance(model, Sequence):
        return set().union(*(names_in(each) for each in model))
    return set()


def has_activation(model: Any) -> bool:
    """Whether anything in a model bends: an activation, or a layer that has one inside."""
    return bool(names_in(model) & {*ACTIVATIONS, *BENT_INSIDE})


def rewritten(model: Any, change: Callable[[Any], list[Any]]) -> Any:
    """The model with every entry of every list of layers replaced by those that `change` makes of it."""
    if isinstance(model, list):
        return [made for each in model for made in change(rewritten(each, change))]
    if isinstance(model, Mapping):
        return {
            key: rewritten(value, change) if isinstance(value, list | Mapping) else value
            for key, value in model.items()
        }
    return model


def replaced(model: list[Any], names: Sequence[str], by: Any) -> list[Any]:
    """The model with every layer of these names replaced by another one, or left out (None)."""
    result: list[Any] = rewritten(
        model, lambda layer: ([] if by is None else [by]) if name_of(layer) in names else [layer]
    )
    return result


def before_activations(model: list[Any], layer: Any) -> list[Any]:
    """The model with one more layer before each activation."""
    result: list[Any] = rewritten(model, lambda each: [layer, each] if name_of(each) in ACTIVATIONS else [each])
    return result


def between_layers(model: list[Any], layer: Any) -> list[Any]:
    """The model with one more layer behind each of those with weights but the last entry."""
    inner: list[Any] = rewritten(model[:-1], lambda each: [each, layer] if name_of(each) in WITH_WEIGHTS else [each])
    return [*inner, *model[-1:]]


def wider(model: list[Any], times: int) -> list[Any]:
    """The model with `times` as many units or channels in each layer whose number stands there as a number."""

    def widened(layer: Any) -> list[Any]:
        name = name_of(layer)
        if name in WITH_WEIGHTS and isinstance(layer, Mapping) and type(layer[name]) is int:
            return [{**layer, name: layer[name] * times}]
        return [layer]

    result: list[Any] = rewritten(model, widened)
    return result
