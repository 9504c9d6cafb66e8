"""The network that is diagnosed: its scenario, its data, and how its success is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.data import Data, Split
from lab.data.tables.encoding import embedded
from lab.errors import BadInput, InvalidValue
from lab.scenario import Loaded, Scenario, Variant
from lab.scenario.loading import load_document
from lab.tasks import task_of
from lab.tasks.epochs import in_steps
from lab.tasks.training.data import load_split

TASKS = ("classify", "regress")
HELD_BACK = 0.25
"""The share of the examples that is held back where the scenario holds back none."""
SPREAD = 100.0
"""So many times may one input vary as much as another one, and as much or as little as is usual, which is 1."""
LOOKED_AT = ("grad_norm", "dead_relu", "saturation", "activation_std", "update_ratio")
"""Metrics by layer that are measured of the network as it is, where it has them."""


@dataclass(frozen=True)
class Case:
    """One variant of a scenario on which changes are tried.

    loaded:   the scenario, reduced to what is trained and measured;  name: the variant
    scenario: that variant's;  split: its data on the first seed
    guessing: the loss of who knows how often each class is and nothing of the inputs (1 for numbers, see `left`)
    """

    loaded: Loaded
    name: str
    scenario: Scenario
    split: Split
    guessing: float

    @property
    def classifies(self) -> bool:
        """Whether its answers are classes."""
        return self.scenario.task == "classify"

    @property
    def layers(self) -> list[Any]:
        """The model and the blocks that it uses, to look for names of layers in."""
        return [*self.scenario.model, *(layer for each in self.scenario.blocks.values() for layer in each.layers)]

    @property
    def spreads(self) -> np.ndarray:
        """The standard deviation of each input over the training examples; empty where they are not single numbers."""
        inputs = self.split.train.inputs
        if not isinstance(inputs, np.ndarray) or inputs.ndim != 2:
            return np.zeros(0)
        spreads = inputs.std(axis=0)
        if (table := self.split.train.table) is not None:
            spreads[[each.place for each in embedded(table.columns)]] = 1.0  # places in a table, however many there are
        return spreads

    @property
    def uneven(self) -> bool:
        """Whether inputs vary far more than others, or all far more or less than is usual."""
        varied = self.spreads[self.spreads > 0]
        return bool(len(varied) and (varied.max() > SPREAD * varied.min() or not 1 / SPREAD < varied.max() < SPREAD))

    @property
    def by_loss(self) -> bool:
        """Whether success is measured by cross-entropy; else by the share of right answers, or by R²."""
        options = self.scenario.options
        return self.classifies and options.get("loss", "softmax") == "softmax" and not options.get("class_weights")

    @property
    def metric(self) -> str:
        """The metric from which success is computed, on training examples; with `val_` before it, on held-back ones."""
        return "loss" if self.by_loss else "accuracy" if self.classifies else "r2"

    @property
    def holds_back(self) -> bool:
        """Whether examples are held back."""
        return self.split.validation is not None

    def left(self, value: float) -> float:
        """How much of what guessing loses is left, from a value of `metric`: 1 is no better than guessing, 0 nothing.

        Of cross-entropy it is the share of the classes' entropy (one minus McFadden's R²), of numbers 1 - R², and of
        other losses of a classifier the share of the mistakes that naming the largest class makes.
        """
        return value / self.guessing if self.by_loss else (1.0 - value) / self.guessing

    def variant(self, name: str, changes: Mapping[str, Any]) -> Variant:
        """The variant with further changes, under a name of its own. Raises BadInput if they do not fit."""
        made = self.loaded.variant(self.name, changes, "diagnosis") if changes else self.loaded.variant(self.name)
        return Variant(name, made.scenario, made.changes)

    def fits(self, changes: Mapping[str, Any]) -> bool:
        """Whether the scenario can be built with some changes."""
        try:
            changed = self.variant("fits", changes).scenario
            task_of(changed).check(changed, self.loaded.folder)
        except (BadInput, InvalidValue):
            return False
        return True


def case_of(loaded: Loaded, name: str | None = None, steps: int | None = None) -> Case:
    """The case of one variant, the first one if none is named. Raises BadInput if there is nothing to diagnose.

    Where the scenario holds nothing back, a quarter of the examples is, if its data allow that: without new examples
    nobody can tell learning from knowing by heart.
    """
    name = name or loaded.variants[0].name
    scenario = loaded.variant(name).scenario
    if scenario.task not in TASKS:
        raise BadInput(
            f"{loaded.slug} cannot be diagnosed: its task is {scenario.task}, and only {' and '.join(TASKS)} can."
        )
    changes: dict[str, Any] = {} if steps is None else {"train.steps": steps}
    changes = _counted(loaded, name, scenario) | changes
    if scenario.train.stop is not None:
        changes["train.stop"] = None
    case = _bare(loaded, name, changes)
    if case.split.validation is None:
        try:
            case = _bare(loaded, name, changes | {"data.validation": HELD_BACK})
        except BadInput:
            return case  # data that cannot be split; then only what is trained on is looked at
    return case


def _counted(loaded: Loaded, name: str, scenario: Scenario) -> dict[str, Any]:
    """What the scenario says in epochs, in steps: other batches are trained as long."""
    try:
        counted = in_steps(task_of(scenario), scenario, loaded.folder)
    except InvalidValue as error:
        raise loaded.locate(error, name) from None
    changes: dict[str, Any] = {}
    if scenario.train.uncounted:
        changes["train.steps"] = counted.train.steps
    if counted.optimizer is not scenario.optimizer:
        changes["optimizer.schedule"] = counted.optimizer.extra["schedule"]
    return changes


def _bare(loaded: Loaded, name: str, changes: Mapping[str, Any]) -> Case:
    """The case of a scenario without everything that only a lesson has, with some changes of the chosen variant."""
    own = loaded.content.get("variants", {}).get(name) or {}
    bare: dict[str, Any] = {
        "claims": [], "measured": {}, "show": {}, "try_next": [], "lesson": "", "idea": "", "question": None,
        "variants": {name: {**own, **changes}},
    }  # fmt: skip
    origins = loaded.origins
    metrics = ["loss", "accuracy"] if loaded.variant(name).scenario.task == "classify" else ["loss", "r2"]
    bare["watch"] = [*metrics, *(f"val_{each}" for each in metrics)]
    made = load_document(origins.document, loaded.path, {**loaded.overrides, **bare}, "--set", origins.mends)
    variant = made.variant(name)
    kind = task_of(variant.scenario).targets
    assert kind is not None
    try:
        task_of(variant.scenario).check(variant.scenario, made.folder)
        split = load_split(variant.scenario, variant.scenario.train.seed, made.folder, kind)
    except InvalidValue as error:
        raise made.locate(error, variant) from None
    case = Case(made, name, variant.scenario, split, 1.0)
    return Case(made, name, variant.scenario, split, _guessing(case, split.train))


def _guessing(case: Case, train: Data) -> float:
    """The loss of who answers every example alike, as well as that can be done."""
    if not case.classifies:
        return 1.0
    shares = np.bincount(train.targets.ravel(), minlength=len(train.classes)) / train.targets.size
    if case.by_loss:
        present = shares[shares > 0]
        return max(float(-(present * np.log(present)).sum()), 1e-12)
    return max(float(1 - shares.max()), 1e-12)
