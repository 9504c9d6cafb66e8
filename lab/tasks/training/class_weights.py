"""Losses in which examples of some classes count for more: a mean weighed by the class of each example.

loss = Σ w[class] · cost / Σ w[class] over the examples of a batch, as PyTorch's `cross_entropy` has it with `weight`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, WithJsonSchema

from lab.data import Data
from lab.errors import InvalidValue, nearest
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.tasks.training.losses import Loss, softmax
from lab.validation import Settings, shown

BALANCED = "balanced"
LARGEST = 1e6
MOST_TOLD = 8
PLACE = ("options", "class_weights")
ABOUT = (
    "How much the examples of each class count in the loss: `balanced` makes all classes count the same, examples / "
    "(classes · examples of the class); a mapping such as {yes: 10} names some, the others count 1."
)


def _checked(given: Any) -> Any:
    if given is None or given == BALANCED:
        return given
    if not isinstance(given, Mapping) or not given:
        raise InvalidValue(
            ("class_weights",), f"is `balanced`, or weights by class such as {{yes: 10}}, not {shown(given)}."
        )
    weights = {}
    for name, weight in given.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= LARGEST:
            raise InvalidValue(("class_weights", name), f"is a weight from 0 to {LARGEST:,.0f}, not {shown(weight)}.")
        if 0 < weight < 1 / LARGEST:
            raise InvalidValue(("class_weights", name), f"is 0 or at least {1 / LARGEST:g}, not {shown(weight)}.")
        weights[str(name)] = float(weight)
    return weights


ClassWeights = Annotated[
    Literal["balanced"] | dict[str, float] | None,
    BeforeValidator(_checked),
    WithJsonSchema({"anyOf": [{"const": BALANCED}, {"type": "object", "additionalProperties": {"type": "number"}}]}),
]
"""For the options of a task."""


class ClassWeightsOption(Settings):
    """The option of tasks that train a classifier."""

    class_weights: ClassWeights = Field(default=None, description=ABOUT)


@dataclass(frozen=True)
class Weighing:
    """How the examples of each class count in softmax cross-entropy.

    given: the option; None: all count the same
    train: the examples that are learned
    """

    given: str | Mapping[str, float] | None
    train: Data

    @cached_property
    def weights(self) -> np.ndarray | None:
        """The weight of each class, float64 [classes]; None if all count the same."""
        return None if self.given is None else of_classes(self.given, self.train)

    @property
    def loss(self) -> Loss:
        """Softmax cross-entropy with these weights."""
        return softmax if self.weights is None else weighed_softmax(self.weights)

    @property
    def told(self) -> str:
        """Which weights there are, as a sentence; empty if all count the same."""
        return "" if self.weights is None else told(self.weights, self.train.classes)


def of_classes(given: str | Mapping[str, float], train: Data) -> np.ndarray:
    """The weight of each class, float64 [classes]. Raises InvalidValue for a class that is not there."""
    if given == BALANCED:
        counts = np.bincount(train.targets.ravel(), minlength=train.outputs)
        return np.asarray(counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1)) * (counts > 0))
    return _named(given, train.classes, "class")


def of_labels(given: str | Mapping[str, float], train: Data) -> np.ndarray:
    """The weights of no and of yes of each label, float64 [2, labels]. Raises InvalidValue."""
    if given == BALANCED:
        yes = train.targets.sum(axis=0, dtype=np.float64)
        counts = np.stack([train.count - yes, yes])
        return np.asarray(train.count / (2 * np.maximum(counts, 1)) * (counts > 0))
    named = _named(given, train.classes, "label")
    return np.stack([np.ones_like(named), named])


def _named(given: str | Mapping[str, float], known: Sequence[str], noun: str) -> np.ndarray:
    assert isinstance(given, Mapping)
    for name in given:
        if name not in known:
            raise InvalidValue((*PLACE, name), f"there is no {noun} {name!r}; {nearest(name, known)}.", at_key=True)
    weights = np.array([given.get(name, 1.0) for name in known])
    if not weights.any():
        raise InvalidValue(PLACE, f"are all 0: no {noun} would count.")
    return weights


def weighed_softmax(weights: np.ndarray) -> Loss:
    """Softmax cross-entropy, weighed. weights: float64 [classes]"""
    table = _table(weights)

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        return f.masked_cross_entropy(logits, labels, f.embedding(table, labels).reshape(*labels.shape))

    return loss


def weighed_hinge(weights: np.ndarray) -> Loss:
    """The hinge loss of a multi-class SVM, weighed. weights: float64 [classes]"""
    table, ones = _table(weights), constant(np.eye(len(weights)))

    def loss(scores: Tensor, labels: Tensor) -> Tensor:
        right, weight = f.embedding(ones, labels), f.embedding(table, labels).reshape(labels.size, 1)
        margin = scores - f.sum(scores * right, of="rows").reshape(labels.size, 1) + 1.0
        lacking = f.maximum(margin, constant(0.0)) * (1.0 - right)
        return f.sum(lacking * weight) / f.maximum(f.sum(weight), constant(1.0))  # the smallest that counts is 1

    return loss


def weighed_logistic(weights: np.ndarray) -> Loss:
    """Binary cross-entropy of each label, weighed. weights: of no and yes, float64 [2, labels]"""
    no, yes = constant(weights[0]), constant(weights[1])

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        if_yes, if_no = labels * yes, (1.0 - labels) * no
        # From the side of each answer, so that small costs keep their digits.
        cost = if_yes * f.softplus(-logits) + if_no * f.softplus(logits)
        return f.sum(cost) / f.maximum(f.sum(if_yes + if_no), constant(1e-30))

    return loss


def told(weights: np.ndarray, names: Sequence[str]) -> str:
    """Which weights there are, as a sentence."""
    shares = weights if weights.ndim == 1 else weights[1] / np.where(weights[0] > 0, weights[0], 1.0)
    listed = ", ".join(f"{name} {share:.3g}" for name, share in list(zip(names, shares, strict=True))[:MOST_TOLD])
    more = f", and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    what = "class weights" if weights.ndim == 1 else "weights of yes, where no counts 1"
    return f"{what}: {listed}{more}; losses are weighed by them, on held-back examples too"


def _table(weights: np.ndarray) -> Tensor:
    """A column, whose smallest weight is 1: what is weighed is divided by the weights, so that their scale is nothing,
    and the kernel takes no sum of them below 1 for one."""
    return constant((weights / weights[weights > 0].min()).reshape(-1, 1))
