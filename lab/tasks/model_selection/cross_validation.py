"""`task: cross-validation`: how far an estimate from k folds can be trusted, beside that from one split."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from kernels.jobs import ReplicaPrograms
from kernels.language import Kernel
from kernels.plan import Row
from lab.data import Data, Split
from lab.errors import InvalidValue
from lab.metrics.meaning import DIFFERENCE, SHARE
from lab.nets.initialisers import generator
from lab.pictures import Curves, Picture, Table
from lab.scenario import Scenario
from lab.scenario.overrides import change
from lab.tasks.side_by_side import advance_together, side_by_side
from lab.tasks.task import Experiment, Measurements, Task, task
from lab.tasks.training.class_weights import ClassWeightsOption, Weighing
from lab.tasks.training.classify import count_correct
from lab.tasks.training.data import load_split
from lab.tasks.training.training import Training
from lab.validation import Whole, validated

METRICS = {
    "spread": DIFFERENCE.of(
        "standard deviation of the estimate over the draws, mean over the values that are compared: with all "
        "folds; as `.split` with the first one only",
        higher_is_better=False,
    ),
    "error": DIFFERENCE.of(
        "root mean square distance of the estimate from the accuracy on the test examples: with all folds; as "
        "`.split` with the first one only",
        higher_is_better=False,
    ),
    "bias": DIFFERENCE.of(
        "mean of the estimate minus the accuracy on the test examples: with all folds; as `.split` with the first "
        "one only"
    ),
    "test": SHARE.of(
        "test accuracy of the chosen value, mean over the draws: with all folds; as `.split` with the first "
        "one only, as `.best` by the test itself",
        higher_is_better=True,
    ),
    "lost": DIFFERENCE.of(
        "test accuracy that is lost by the choice, mean over the draws: with all folds; as `.split` with the first "
        "one only",
        higher_is_better=False,
    ),
}
ESTIMATES = ("folds", "split")
_LAYERS = {"test": (*ESTIMATES, "best")}


class Options(ClassWeightsOption):
    """Settings of the task `cross-validation`. `train.steps` is the number of draws."""

    over: dict[str, list[Any]] = Field(
        min_length=1,
        max_length=1,
        description="What is chosen: a dotted path and its values, `model.0.dense: [4, 16]`.",
    )
    pool: Whole = Field(default=100, ge=4, le=100_000, description="Examples of a draw; the others are for the test.")
    folds: Whole = Field(default=5, ge=2, le=50, description="Into how many folds a draw is cut.")
    steps: Whole = Field(default=200, ge=1, le=1_000_000, description="Training steps of each training.")

    @field_validator("over")
    @classmethod
    def _several(cls, over: dict[str, list[Any]]) -> dict[str, list[Any]]:
        for path, values in over.items():
            if not 2 <= len(values) <= 20:
                raise InvalidValue(("over", path), f"2 to 20 values can be compared, not {len(values)}.")
        return over


class CrossValidation(Experiment):
    """One replica; see `lab.tasks.task.Experiment`. A step is a draw of `pool` examples from the data.

    On each draw every value is trained once per fold, and judged on the fold that was held back. The mean of all is the
    estimate of the folds; the first alone is that of one split, so that both train on equally many examples. Then
    each value is trained on the whole draw and judged on all examples outside it: what was to be estimated.
    """

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Options) -> None:
        self.steps, self.step, self._seed, self._folder = scenario.train.steps, 0, seed, folder
        self._options = options
        split = load_split(scenario, seed, folder, "classes")
        if split.validation is not None:
            raise InvalidValue(("data",), "here the task itself holds examples back: leave validation and folds out.")
        self._data: Data = split.train
        if options.pool >= self._data.count:
            raise InvalidValue(
                ("options", "pool"), f"{options.pool:,} leaves none of the {self._data.count:,} examples for the test."
            )
        if options.folds > options.pool:
            raise InvalidValue(
                ("options", "folds"), f"{options.folds} folds cannot be cut from {options.pool} examples."
            )
        ((self._path, self._values),) = options.over.items()
        self._scenarios = [self._varied(scenario, value) for value in self._values]
        self._first = self._training(0, *self._whole(0))  # so that all that is wrong with the network is known now
        shape = (self.steps, len(self._values))
        self._held = np.full((*shape, options.folds), np.nan)
        self._test = np.full(shape, np.nan)
        self.metrics = tuple(
            full
            for name in scenario.watch
            for full in (name, *(f"{name}.{way}" for way in _LAYERS.get(name, ESTIMATES)))
        )

    def _varied(self, scenario: Scenario, value: Any) -> Scenario:
        content = scenario.model_dump(exclude_unset=True)
        change(content, self._path, value, ("init", "model", "optimizer"))
        content |= {"watch": ["val_accuracy"], "options": {"pictures": []}, "variants": {}, "claims": []}
        content["train"] = {**content.get("train", {}), "steps": self._options.steps}
        return validated(Scenario, content)

    def _drawn(self, draw: int) -> np.ndarray:
        """All examples in the order of a draw: the pool comes first."""
        return generator(self._seed, f"draw {draw}").permutation(self._data.count)

    def _whole(self, draw: int) -> tuple[np.ndarray, np.ndarray]:
        order = self._drawn(draw)
        return order[: self._options.pool], order[self._options.pool :]

    def _fold(self, draw: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
        pool = self._drawn(draw)[: self._options.pool]
        held = _folds(len(pool), self._options.folds) == fold
        return pool[~held], pool[held]

    def _training(self, value: int, train: np.ndarray, held: np.ndarray, draw: int = 0) -> Training:
        seed = int(generator(self._seed, f"nets of draw {draw}").integers(2**32))
        split = Split(self._data.rows(np.sort(train)), self._data.rows(np.sort(held)))
        loss = Weighing(self._options.class_weights, split.train).loss
        return Training(self._scenarios[value], seed, self._folder, loss, count_correct, kind="classes", split=split)

    def _accuracies(self, parts: Sequence[tuple[np.ndarray, np.ndarray]], draw: int) -> np.ndarray:
        """[values, parts]: how many of the held-back examples of a part a net answers correctly that was trained on the
        others."""
        values = range(len(self._values))
        found: list[float] = []
        networks = (self._training(value, *part, draw) for value in values for part in parts)
        while nets := side_by_side(networks):
            advance_together([(net, self._options.steps) for net in nets], [0] * len(nets))
            found += [0.0 if net.diverged() else net.measure()["val_accuracy"] for net in nets]
            nets.clear()  # before memory is taken for others
        return np.array(found).reshape(len(values), len(parts))

    def kernels(self) -> Sequence[Kernel]:
        return self._first.kernels()

    def rows(self) -> Sequence[Row]:
        return self._first.rows()

    def replica_programs(self) -> Sequence[ReplicaPrograms]:
        return ()

    def prepare(self) -> None:
        """Nothing is kept between the trainings."""

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        for draw in range(self.step, min(self.step + steps, self.steps)):
            parts = [*(self._fold(draw, fold) for fold in range(self._options.folds)), self._whole(draw)]
            found = self._accuracies(parts, draw)
            self._held[draw], self._test[draw] = found[:, :-1], found[:, -1]
            self.step = draw + 1
        return []

    def _estimates(self) -> dict[str, np.ndarray]:
        """[draws, values] by way."""
        done = self._held[: self.step]
        return {"folds": done.mean(axis=2), "split": done[:, :, 0]}

    def measure(self) -> dict[str, float]:
        if self.step < 2:
            return {}
        test, rows = self._test[: self.step], np.arange(self.step)
        best = float(test.max(axis=1).mean())
        values = {"test.best": best}
        for way, estimate in self._estimates().items():
            difference = estimate - test
            chosen = float(test[rows, estimate.argmax(axis=1)].mean())
            values |= {
                f"spread.{way}": float(estimate.std(axis=0, ddof=1).mean()),
                f"error.{way}": math.sqrt(float(np.square(difference).mean())),
                f"bias.{way}": float(difference.mean()),
                f"test.{way}": chosen,
                f"lost.{way}": best - chosen,
            }
        values |= {name: values[f"{name}.folds"] for name in METRICS}
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        count = len(self._values)
        lines = {name: np.full(count, np.nan, np.float32) for name in ("all folds", "one split", "test")}
        if self.step:
            estimates = self._estimates()
            for name, values in (("all folds", estimates["folds"]), ("one split", estimates["split"])):
                lines[name] = values[-1].astype(np.float32)
            lines["test"] = self._test[self.step - 1].astype(np.float32)
        numbers = all(isinstance(each, int | float) and each > 0 for each in self._values)
        x = np.array(self._values if numbers else range(1, count + 1), np.float32)
        label = self._path if numbers else f"{self._path}, in the order given"
        title, name = "Accuracy on the latest draw", "accuracy_over_values"
        return [self._diagram(), Curves(title, x, lines, label, "accuracy", log_x=numbers, name=name)]

    def _diagram(self) -> Picture:
        """Fold by fold what is held back, and the accuracy of each value there; then their means, and the test."""
        folds, blank = self._options.folds, np.full((self._options.folds, len(self._values)), np.nan)
        held = self._held[self.step - 1].T if self.step else blank
        test = self._test[self.step - 1] if self.step else blank[0]
        rows = [("-" * fold + "#" + "-" * (folds - fold - 1), each) for fold, each in enumerate(held)]
        rows += [("mean", held.mean(axis=0)), ("test", test)]
        return Table(
            "Accuracy on the latest draw (#: held back)",
            ("folds", *map(str, self._values)),
            tuple((name, *(f"{each:.3f}" if np.isfinite(each) else "" for each in line)) for name, line in rows),
            name="folds",
        )

    def diverged(self) -> str | None:
        return None

    def state(self) -> dict[str, np.ndarray]:
        return {"held": self._held.copy(), "test": self._test.copy(), "step": np.array([self.step], np.int64)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        if set(state) != {"held", "test", "step"} or state["held"].shape != self._held.shape:
            raise ValueError("this state is of another cross-validation")
        self._held[...], self._test[...] = state["held"], state["test"]
        self.step = int(state["step"][0])


def _folds(count: int, folds: int) -> np.ndarray:
    """The fold of each of `count` examples: stretches of equal length, to within one example."""
    return np.arange(count) * folds // count


@task("cross-validation")
class CrossValidationTask(Task):
    """Choosing a setting by k-fold cross-validation and by one split, on many draws of a small data set.

    `train.steps` counts draws. Stone, "Cross-validatory choice and assessment of statistical predictions", 1974.
    """

    Options = Options
    looks_up_columns = True
    counts_steps = True
    metrics = METRICS
    pictures = {
        "folds": "for each fold and value the accuracy on what is held back; their means, and the test",
        "accuracy_over_values": "the accuracy of each value on what is held back and on the test, of the latest draw",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> CrossValidation:
        options: Any = self.options(scenario)
        return CrossValidation(scenario, seed, folder, options)
