"""Points in a plane that stand for examples: the experiment behind `embed`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kernels import matrix, tsne
from kernels.metrics import halt_if_not_finite
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign, constant, data, scope
from lab.graph import functions as f
from lab.graph.tensor import call
from lab.nets.initialisers import generator
from lab.pictures import Picture, Scatter
from lab.scenario import Scenario
from lab.tasks.programs import ProgramExperiment
from lab.tasks.training.data import load_split

MOST = 5000
LEAST_RATE = 50.0
FIRST_SPREAD = 1e-4
EARLY_MOMENTUM, LATE_MOMENTUM = 0.5, 0.8
MEASURED = {
    "pca": ("neighbour_accuracy", "original_accuracy", "chance_accuracy", "explained"),
    "random": ("neighbour_accuracy", "original_accuracy", "chance_accuracy", "explained"),
    "tsne": ("neighbour_accuracy", "original_accuracy", "chance_accuracy", "divergence"),
}


class Embedding(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`.

    points: [n, 2], where the examples stand in the plane
    joint:  of t-SNE, [n, n], the chance of each pair to be neighbours with all features
    """

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario.train.steps, seed)
        if scenario.model:
            raise InvalidValue(("model",), "is not used by this task.")
        self.options, self.examples = options, load_split(scenario, seed, folder, "classes").train
        count = self.examples.count
        if self.examples.targets.ndim > 1:
            raise InvalidValue(("data",), "this task needs examples with one class each.")
        if not 3 <= count <= MOST:
            raise InvalidValue(("data",), f"this task compares all pairs of 3 to {MOST:,} examples, not {count:,}.")
        if options.method == "tsne" and options.perplexity >= count - 1:
            problem = f"must be below the number of other examples, {count - 1:,}: nobody has more neighbours."
            raise InvalidValue(("options", "perplexity"), problem)
        self.metrics = tuple(name for name in scenario.watch if name in MEASURED[options.method])
        numbers = self.examples.numbers.reshape(count, -1).astype(np.float64)
        self.centred = numbers - numbers.mean(axis=0)
        self._variance = float((self.centred**2).sum())
        self._x = data(self.centred, "examples")
        self._labels = constant(self.examples.targets, "labels")
        stored, self._kept = Storage("states"), Storage("statistics")
        self.points = stored.member("points", (count, 2))
        with scope(options.method):
            step = self._tsne(stored) if options.method == "tsne" else self._directions(stored)
        self.lay_out({"step": [*step, call(halt_if_not_finite, self.points)]} | self._measuring())

    # Building

    def _directions(self, stored: Storage) -> list[Any]:
        """Project on two directions, which PCA turns before that."""
        self.directions = stored.member("directions", (self.centred.shape[1], 2))
        turned = self.directions
        if self.options.method == "pca":
            turned = call(matrix.matmul_transposed_left, self._x, f.matmul(self._x, self.directions)).result
        turned = call(tsne.orthonormal, turned).result
        return [assign(f.matmul(self._x, turned), self.points), assign(f.identity(turned), self.directions)]

    def _tsne(self, stored: Storage) -> list[Any]:
        count, options = self.examples.count, self.options
        self.joint = stored.member("joint", (count, count))
        self.velocity, self.gains = (stored.member(name, (count, 2)) for name in ("velocity", "gains"))
        late = constant(float(options.exaggerated_steps))
        stretch = self.adjustable.number("options.exaggeration", options, "exaggeration")
        exaggeration = call(tsne.early_or_late, stretch, constant(1.0), late).result
        momentum = call(tsne.early_or_late, constant(EARLY_MOMENTUM), constant(LATE_MOMENTUM), late).result
        whole = f.sum(call(tsne.student_sums, self.points).result)
        self.gradient = call(tsne.tsne_gradient, self.joint, self.points, whole, exaggeration).result
        rate = options.learning_rate or max(count / options.exaggeration / 4, LEAST_RATE)
        moved = [self.points, self.velocity, self.gains]
        return [call(tsne.delta_bar_delta, self.gradient, constant(rate), momentum, updates=moved)]

    def _measuring(self) -> dict[str, list[Any]]:
        def keep(name: str, tensor: Tensor) -> Tensor:
            return assign(tensor, self._kept.member(name, (1,)))

        with scope("measure"):
            measure: list[Any] = [
                keep("neighbours", f.sum(call(tsne.neighbour_agrees, self.points, self._labels).result)),
                keep("squares", f.sum_squares(self.points)),
            ]
            begin: list[Any] = [keep("original", f.sum(call(tsne.neighbour_agrees, self._x, self._labels).result))]
            if self.options.method == "tsne":
                whole = f.sum(call(tsne.student_sums, self.points).result)
                rows = call(tsne.tsne_divergence, self.joint, self.points, whole).result
                measure.append(keep("divergence", f.sum(rows)))
                squares = call(tsne.squared_distances, self._x).result
                chances = call(tsne.neighbour_chances, squares, constant(self.options.perplexity)).result
                begin.append(assign(call(tsne.joint_chances, chances).result, self.joint))
            else:
                begin.append(assign(f.matmul(self._x, self.directions), self.points))
        return {"begin": begin, "measure": measure}

    # Running

    def prepare(self) -> None:
        """Take the memory, put the points where they begin, and find out who is near whom."""
        super().prepare()
        random = generator(self.seed, "embedding")
        if self.options.method == "tsne":
            self.put(self.points, FIRST_SPREAD * random.standard_normal(self.points.shape))
            self.put(self.velocity, 0)
            self.put(self.gains, 1)
        else:
            self.put(self.directions, np.linalg.qr(random.standard_normal(self.directions.shape))[0])
        self.run_beside("begin")

    def measure(self) -> dict[str, float]:
        self.run_beside("measure")
        count, kept = (
            self.examples.count,
            {name: float(self.read(each)[0]) for name, each in self._kept.members.items()},
        )
        among = np.bincount(self.examples.targets)
        found = {
            "neighbour_accuracy": kept["neighbours"] / count,
            "original_accuracy": kept["original"] / count,
            "chance_accuracy": float((among * (among - 1)).sum() / (count * (count - 1))),
            "explained": kept["squares"] / self._variance if self._variance else float("nan"),
            "divergence": kept.get("divergence", float("nan")),
        }
        return {name: found[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        points, targets = self.read(self.points).astype(np.float64), self.examples.targets
        points -= points.mean(axis=0)
        spread = float(np.sqrt((points**2).sum(axis=1).mean()))
        points = (points / (spread or 1.0)).astype(np.float32)
        groups = {name: points[targets == number] for number, name in enumerate(self.examples.classes)}
        return [
            Scatter(
                "The examples in the plane", groups, x_label="in units of their spread", extent=(-1.5, 1.5, -1.5, 1.5),
                name="plane",
            )
        ]  # fmt: skip
