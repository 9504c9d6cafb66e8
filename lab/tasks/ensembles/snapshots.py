"""`task: snapshots`: one training, out of which snapshots are kept, whose answers are averaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from kernels.language import Kernel
from lab.metrics import device_metric_meanings
from lab.metrics.meaning import COUNT, LOSS, SHARE
from lab.pictures import Curves, Picture
from lab.scenario import Scenario
from lab.tasks.ensembles.validation_scorer import SCORER_KERNELS, ValidationScorer, average, require_validation
from lab.tasks.figures import FigureOptions
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.task import Measurements, Task, task
from lab.tasks.training.class_weights import ClassWeightsOption, Weighing
from lab.tasks.training.classify import count_correct
from lab.tasks.training.data import load_split
from lab.tasks.training.training import Training
from lab.validation import Whole

METRICS = {
    "snapshots": COUNT.of("how many snapshots there are"),
    "snapshot_loss": LOSS.of("validation loss of the latest snapshot", higher_is_better=False),
    "snapshot_accuracy": SHARE.of("validation accuracy of the latest snapshot", higher_is_better=True),
    "best_loss": LOSS.of("lowest validation loss of any snapshot so far", higher_is_better=False),
    "best_accuracy": SHARE.of("highest validation accuracy of any snapshot so far", higher_is_better=True),
    "ensemble_loss": LOSS.of("validation loss of the snapshots' averaged probabilities", higher_is_better=False),
    "ensemble_accuracy": SHARE.of(
        "validation accuracy of the snapshots' averaged probabilities", higher_is_better=True
    ),
    "disagreement": SHARE.of(
        "share of the validation examples on which two snapshots differ, on average over all pairs"
    ),
}


class Options(FigureOptions, ClassWeightsOption):
    """Settings of the task `snapshots`."""

    every: Whole = Field(ge=1, le=1_000_000_000, description="Steps between two snapshots, the length of a cycle.")
    after: Whole = Field(default=0, ge=0, le=1_000_000_000, description="No snapshot up to this step.")


class SnapshotEnsemble(Training):
    """A training that notes what the network answers on the validation set every so many steps.

    The answers are kept in place of the weights: they are all that an average of probabilities needs.
    """

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Options) -> None:
        split = load_split(scenario, seed, folder, "classes")
        self._weighing = weighing = Weighing(options.class_weights, split.train)
        super().__init__(
            scenario, seed, folder, weighing.loss, count_correct, kind="classes", split=split, told=weighing.told
        )
        require_validation(self.split)
        self._every, self._after = options.every, options.after
        self._noted: list[np.ndarray] = []
        self.host_measurements.append(SnapshotEnsemble._measure_snapshots)
        self.metrics = (*self.metrics, *(name for name in scenario.watch if name in METRICS))

    def kernels(self) -> tuple[Kernel, ...]:
        return tuple(dict.fromkeys((*super().kernels(), *SCORER_KERNELS)))

    def prepare(self) -> None:
        super().prepare()
        self._scorer = ValidationScorer(self.split, self.network, self._weighing.weights)

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        end = self.step + steps
        while self.step < end and not self.diverged():
            super().advance(min(end, (self.step // self._every + 1) * self._every) - self.step)
            if self.step % self._every == 0 and self.step > self._after and not self.diverged():
                self._noted.append(self._scorer.probabilities(self.weights(), self.settings()))
        return []

    def _measure_snapshots(self) -> dict[str, float]:
        found: dict[str, float] = {"snapshots": float(len(self._noted))}
        if self._noted:
            losses, accuracies = self._scores()
            mean = average(self._noted)
            found |= {
                "snapshot_loss": losses[-1],
                "snapshot_accuracy": accuracies[-1],
                "best_loss": min(losses),
                "best_accuracy": max(accuracies),
                "ensemble_loss": self._scorer.loss(mean),
                "ensemble_accuracy": self._scorer.accuracy(mean),
            }
        if len(self._noted) > 1:
            found["disagreement"] = disagreement(self._noted)
        return {name: found[name] for name in self.scenario.watch if name in found}

    def _scores(self) -> tuple[list[float], list[float]]:
        return [self._scorer.loss(each) for each in self._noted], [self._scorer.accuracy(each) for each in self._noted]

    def pictures(self) -> list[Picture]:
        count = len(self._noted)
        losses, _ = self._scores()
        together = [self._scorer.loss(average(self._noted[: number + 1])) for number in range(count)]
        drawn = Curves(
            "Validation loss over the number of snapshots",
            np.arange(1, count + 1, dtype=np.float32),
            {"each alone": np.array(losses, np.float32), "averaged": np.array(together, np.float32)},
            x_label="snapshots",
            y_label="loss",
            points=("each alone",),
            name="loss_over_snapshots",
        )
        return [drawn, *super().pictures()]

    def state(self) -> dict[str, np.ndarray]:
        shape = (0,) if not self._noted else (len(self._noted), *self._noted[0].shape)
        return super().state() | {"snapshots": np.array(self._noted, np.float32).reshape(shape)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        if "snapshots" not in state:
            raise ValueError("this state has no snapshots")
        super().restore({name: array for name, array in state.items() if name != "snapshots"})
        self._noted = [each.copy() for each in state["snapshots"]]


def disagreement(answers: list[np.ndarray]) -> float:
    """Share of the examples to which two networks give different classes, on average over all pairs of networks."""
    chosen = np.array([each.argmax(axis=1) for each in answers])
    pairs = [(a, b) for a in range(len(chosen)) for b in range(a)]
    return float(np.mean([(chosen[a] != chosen[b]).mean() for a, b in pairs]))


@task("snapshots")
class SnapshotEnsembleTask(Task):
    """A network learns to tell classes apart; what it was at several moments is averaged, as an ensemble.

    Huang et al., "Snapshot ensembles: train 1, get M for free", 2017.
    """

    predicts = True
    Options = Options
    looks_up_columns = True
    goes_through_examples = True
    metrics = device_metric_meanings("classes") | host_metric_meanings() | METRICS
    pictures = {
        "loss_over_snapshots": "validation loss of each snapshot alone, and of the average of all up to it",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> SnapshotEnsemble:
        options: Any = self.options(scenario)
        return SnapshotEnsemble(scenario, seed, folder, options)
