"""`task: ensemble`: several networks trained apart from each other, whose answers are averaged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from kernels.jobs import ReplicaPrograms
from kernels.language import Kernel
from kernels.plan import Row
from lab.metrics.meaning import LOSS, SHARE
from lab.nets.initialisers import generator
from lab.nets.limits import Limits
from lab.pictures import Curves, Picture
from lab.scenario import Scenario
from lab.tasks.ensembles.snapshots import disagreement
from lab.tasks.ensembles.validation_scorer import SCORER_KERNELS, ValidationScorer, average, require_validation
from lab.tasks.published import MEANINGS as COUNTS
from lab.tasks.published import PublishedOptions, published_counts
from lab.tasks.side_by_side import advance_together
from lab.tasks.task import Experiment, Measurements, Task, task
from lab.tasks.training.class_weights import ClassWeightsOption, Weighing
from lab.tasks.training.classify import count_correct
from lab.tasks.training.data import load_split
from lab.tasks.training.training import Training
from lab.validation import Whole

METRICS = {
    "ensemble_accuracy": SHARE.of(
        "validation accuracy of all members' averaged probabilities; as `.of3`, of the first three's",
        higher_is_better=True,
    ),
    "ensemble_loss": LOSS.of(
        "validation loss of all members' averaged probabilities; as `.of3`, of the first three's",
        higher_is_better=False,
    ),
    "member_accuracy": SHARE.of(
        "validation accuracy of one member, mean over all of them; as `.net3`, that of the third", higher_is_better=True
    ),
    "member_loss": LOSS.of(
        "validation loss of one member, mean over all of them; as `.net3`, that of the third", higher_is_better=False
    ),
    "best_accuracy": SHARE.of("validation accuracy of the best member", higher_is_better=True),
    "disagreement": SHARE.of("share of the validation examples on which two members differ, on average over all pairs"),
} | COUNTS
_EACH = {
    "ensemble_accuracy": "of",
    "ensemble_loss": "of",
    "member_accuracy": "net",
    "member_loss": "net",
}


class Options(PublishedOptions, ClassWeightsOption):
    """Settings of the task `ensemble`."""

    members: Whole = Field(default=5, ge=2, le=50, description="How many networks.")
    same_seed: bool = Field(
        default=False, description="All members begin with the same weights and see the same batches."
    )


class Ensemble(Experiment):
    """One replica; see `lab.tasks.task.Experiment`. A step is one training step of every member.

    All members have the data and its split in common; first weights and batches are each member's own.
    """

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Options) -> None:
        self.steps, self.step, self._is_first = scenario.train.steps, 0, seed == scenario.train.seed
        data = dict(scenario.data or {})
        inner = scenario.model_copy(
            update={"data": {"seed": seed, **data} if data else None, "watch": [], "options": {"pictures": []}}
        )
        split = load_split(inner, seed, folder, "classes")
        self._weighing = Weighing(options.class_weights, split.train)
        self._members = [
            Training(inner, each, folder, self._weighing.loss, count_correct, kind="classes", split=split)
            for each in (member_seed(seed, 0 if options.same_seed else number) for number in range(options.members))
        ]
        self._watch = scenario.watch
        require_validation(self._members[0].split)
        numbers = range(1, options.members + 1)
        self.metrics = tuple(
            full
            for name in scenario.watch
            for full in (name, *(f"{name}.{_EACH[name]}{number}" for number in numbers if name in _EACH))
            if name not in COUNTS
        )
        self._counts = published_counts(options.published, scenario.watch)
        self.metrics = (*self.metrics, *self._counts)

    def greeting(self) -> str | None:
        return (self._is_first and self._weighing.told) or None

    def kernels(self) -> Sequence[Kernel]:
        return tuple(dict.fromkeys((*self._members[0].kernels(), *SCORER_KERNELS)))

    def rows(self) -> Sequence[Row]:
        return self._members[0].rows()

    def replica_programs(self) -> Sequence[ReplicaPrograms]:
        return self._members[0].replica_programs()

    def prepare(self) -> None:
        for each in self._members:
            each.prepare()
        self._scorer = ValidationScorer(self._members[0].split, self._members[0].network, self._weighing.weights)

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        advance_together([(each, steps) for each in self._members], [0] * len(self._members))
        self.step = min(each.step for each in self._members)
        return []

    def _answers(self) -> list[np.ndarray]:
        return [self._scorer.probabilities(each.weights(), each.settings()) for each in self._members]

    def measure(self) -> dict[str, float]:
        answers = self._answers()
        values = {**self._counts, "disagreement": disagreement(answers)}
        for name, score in (("accuracy", self._scorer.accuracy), ("loss", self._scorer.loss)):
            alone = [score(each) for each in answers]
            together = [score(average(answers[: number + 1])) for number in range(len(answers))]
            values |= {f"member_{name}": float(np.mean(alone)), f"ensemble_{name}": together[-1]}
            values |= {f"member_{name}.net{number}": value for number, value in enumerate(alone, 1)}
            values |= {f"ensemble_{name}.of{number}": value for number, value in enumerate(together, 1)}
            if name == "accuracy":
                values["best_accuracy"] = max(alone)
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        answers = self._answers()
        count = len(answers)
        alone = [self._scorer.accuracy(each) for each in answers]
        together = [self._scorer.accuracy(average(answers[: number + 1])) for number in range(count)]
        lines = {"averaged": together, "each alone": alone, "mean of the members": [float(np.mean(alone))] * count}
        return [
            Curves(
                "Validation accuracy over members",
                np.arange(1, count + 1, dtype=np.float32),
                {name: np.array(values, np.float32) for name, values in lines.items()},
                x_label="members",
                y_label="accuracy",
                points=("each alone",),
                name="accuracy_over_members",
            )
        ]

    def settings(self) -> dict[str, float]:
        return self._members[0].settings()

    def limits(self) -> dict[str, Limits]:
        return self._members[0].limits()

    def change(self, name: str, value: float) -> None:
        for each in self._members:
            each.change(name, value)

    def diverged(self) -> str | None:
        for number, each in enumerate(self._members, 1):
            if sentence := each.diverged():
                return f"net {number}: {sentence}"
        return None

    def state(self) -> dict[str, np.ndarray]:
        return {
            f"net{number}.{name}": array
            for number, each in enumerate(self._members, 1)
            for name, array in each.state().items()
        }

    def _apart(self, state: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
        apart: list[dict[str, np.ndarray]] = [{} for _ in self._members]
        for full, array in state.items():
            which, _, name = full.partition(".")
            number = which.removeprefix("net")
            if not number.isdecimal() or not 1 <= int(number) <= len(apart):
                raise ValueError("this state is of another ensemble")
            apart[int(number) - 1][name] = array
        return apart

    def require_fit(self, state: dict[str, np.ndarray]) -> None:
        for each, own in zip(self._members, self._apart(state), strict=True):
            each.require_fit(own)

    def restore(self, state: dict[str, np.ndarray]) -> None:
        for each, own in zip(self._members, self._apart(state), strict=True):
            each.restore(own)
        self.step = min(each.step for each in self._members)

    def weights(self) -> dict[str, np.ndarray]:
        return {
            f"net{number}.{name}": array
            for number, each in enumerate(self._members, 1)
            for name, array in each.weights().items()
        }


def member_seed(seed: int, number: int) -> int:
    """The seed of one member: the first one's is the replica's own."""
    return seed if number == 0 else int(generator(seed, f"member {number}").integers(2**32))


@task("ensemble")
class EnsembleTask(Task):
    """Several networks learn to tell classes apart, each for itself; their probabilities are averaged."""

    Options = Options
    looks_up_columns = True
    goes_through_examples = True
    metrics = METRICS
    pictures = {
        "accuracy_over_members": "validation accuracy of the first members averaged, and of each alone with their mean",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Ensemble:
        options: Any = self.options(scenario)
        return Ensemble(scenario, seed, folder, options)
