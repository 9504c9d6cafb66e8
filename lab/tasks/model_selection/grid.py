"""`task: grid`: the same network trained again and again, with weights that begin at several scales and at several
learning rates; a map of what came of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from kernels.jobs import ReplicaPrograms
from kernels.language import Kernel
from kernels.plan import Row
from lab.errors import InvalidValue
from lab.metrics import device_metric_meanings
from lab.metrics.meaning import LOSS, SHARE
from lab.nets.optimizers import is_weight
from lab.pictures import Field as Map
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.host_metrics import host_metric_meanings
from lab.tasks.task import Experiment, Measurements, Task, task
from lab.tasks.training.classify import count_correct
from lab.tasks.training.losses import FOR_CLASSES
from lab.tasks.training.training import Training
from lab.validation import NUMBER, Settings, Whole

OWN_METRICS = {
    "trained": SHARE.of(
        "share of the nets trained so far whose loss on the evaluation sample is below half of that of "
        "guessing; one that diverged does not count as trained",
        higher_is_better=True,
    ),
    "best_loss": LOSS.of("lowest loss of the nets trained so far", higher_is_better=False),
}
Positive = Annotated[float, Field(gt=0, le=1e6), NUMBER]


class Options(Settings):
    """Settings of the task `grid`."""

    scales: list[Positive] = Field(
        min_length=1, max_length=50, description="By what the first weights, as `init` gives them, are multiplied."
    )
    rates: list[Positive] = Field(min_length=1, max_length=50, description="The learning rates.")
    steps: Whole = Field(default=300, ge=1, description="Training steps of each net.")


class Grid(Experiment):
    """One replica; see `lab.tasks.task.Experiment`. A step is the whole training of one net: row by row, the smallest
    scale first. Metrics that are not the grid's own are those of the net trained last."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Options) -> None:
        self.steps, self.step, self._options = scenario.train.steps, 0, options
        cells = len(options.scales) * len(options.rates)
        if self.steps > cells:
            raise InvalidValue(("train", "steps"), f"{self.steps} nets are too many: the grid has {cells} cells.")
        inner = [name for name in scenario.watch if name not in OWN_METRICS]
        changes = {"watch": ["loss", *(name for name in inner if name != "loss")], "options": {"pictures": []}}
        # A replica's own steps and those of the nets are two things; schedules and the like are to see the latter.
        length = scenario.train.model_copy(update={"steps": options.steps})
        copy = scenario.model_copy(update={**changes, "train": length})
        self._net = Training(copy, seed, folder, FOR_CLASSES["softmax"], count_correct, kind="classes")
        self._guessing = math.log(self._net.split.train.outputs)
        self._losses = np.full(cells, np.nan)
        self._values: dict[str, float] = {}
        own = (name for name in scenario.watch if name in OWN_METRICS)
        watched = (name for name in self._net.metrics if name.split(".")[0] in inner)
        self.metrics = (*own, *watched)

    def kernels(self) -> Sequence[Kernel]:
        return self._net.kernels()

    def rows(self) -> Sequence[Row]:
        return self._net.rows()

    def replica_programs(self) -> Sequence[ReplicaPrograms]:
        return self._net.replica_programs()

    def prepare(self) -> None:
        self._net.prepare()
        self._start = self._net.state()
        self._first = self._net.weights()

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        for _ in range(min(steps, self._losses.size - self.step)):
            self._train(self.step)
            self._losses[self.step] = self._values.get("loss", math.nan)
            self.step += 1
        return []

    def _train(self, cell: int) -> None:
        scale, rate = self._place(cell)
        net = self._net
        net.restore(self._start)
        for name, value in self._first.items():
            if is_weight(name):
                net.put(net.network.kept[name], value * np.float32(scale))
        net.change("optimizer.rate", rate)
        net.advance(self._options.steps)
        self._values = net.measure()

    def _place(self, cell: int) -> tuple[float, float]:
        row, column = divmod(cell, len(self._options.rates))
        return self._options.scales[row], self._options.rates[column]

    def measure(self) -> dict[str, float]:
        done = self._losses[: self.step]
        values = dict(self._values)
        if self.step:
            values["trained"] = float(np.mean(done < self._guessing / 2))
            values["best_loss"] = float(np.nanmin(done)) if np.isfinite(done).any() else math.nan
        return {name: values[name] for name in self.metrics if name in values}

    def pictures(self) -> list[Picture]:
        scales, rates = (np.log10(each) for each in (self._options.scales, self._options.rates))
        values = self._losses.reshape(len(scales), len(rates))[::-1].astype(np.float32)
        return [
            Map(
                "Final loss", values, 0.0, float(self._guessing), extent=(*_ends(rates), *_ends(scales)),
                x_label="log10 of the rate", y_label="log10 of the scale", name="final_loss",
            )
        ]  # fmt: skip

    def diverged(self) -> str | None:
        """That single nets diverge is what a grid is to show."""
        return None

    def state(self) -> dict[str, np.ndarray]:
        return {"losses": self._losses.copy(), "step": np.array([self.step], np.int64)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        if set(state) != {"losses", "step"} or state["losses"].shape != self._losses.shape:
            raise ValueError("this state is of another grid")
        self._losses, self.step, self._values = state["losses"].copy(), int(state["step"][0]), {}
        if self.step:
            self._train(self.step - 1)

    def weights(self) -> dict[str, np.ndarray]:
        """Those of the net trained last."""
        return self._net.weights()


def _ends(values: np.ndarray) -> tuple[float, float]:
    """From half a cell before the first value to half a cell behind the last."""
    half = (values[-1] - values[0]) / (2 * max(len(values) - 1, 1)) or 0.5
    return float(values[0] - half), float(values[-1] + half)


@task("grid")
class GridTask(Task):
    """A classifier trained from weights of several scales at several learning rates, and a map of the final losses."""

    Options = Options
    looks_up_columns = True
    counts_steps = True
    metrics = OWN_METRICS | device_metric_meanings("classes") | host_metric_meanings()
    pictures = {
        "final_loss": "the final loss at each pair of a scale of the weights and a learning rate",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Grid:
        return Grid(scenario, seed, folder, self.options(scenario))
