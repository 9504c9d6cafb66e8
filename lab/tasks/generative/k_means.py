"""k-means from several starts at once: the experiment behind `cluster`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kernels.clusters import centre_on_chosen
from kernels.nearest import nearest
from lab.data import Split
from lab.errors import InvalidValue
from lab.graph import Tensor, assign, constant, data, scope
from lab.graph import functions as f
from lab.graph.tensor import Storage, call
from lab.nets.initialisers import generator
from lab.pictures import Images, Picture, Scatter
from lab.scenario import Scenario
from lab.tasks.figures.snapshot import some
from lab.tasks.generative.measured_experiment import MeasuredExperiment
from lab.tasks.training.data import load_split

MOST_POINTS = 600
MOST_IMAGES = 24
KINDS = ("one for one class", "several for one", "one for several")
OWN = 0.8
"""A centre with at least this share of one class among its examples is that class's."""


class KMeans(MeasuredExperiment):
    """One replica; see `lab.tasks.task.Experiment`. Start number r has its centres under that number."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario, seed, folder, options)
        if scenario.model:
            raise InvalidValue(("model",), "is not used by this task: k-means has no layers.")
        self.split: Split = load_split(scenario, seed, folder, "classes")
        self.train = self.split.train
        if options.clusters > self.train.count:
            problem = f"there are only {self.train.count} examples, too few for {options.clusters} centres."
            raise InvalidValue(("options", "clusters"), problem)
        self._flat = self.train.numbers.reshape(self.train.count, -1)
        self._before = Storage("states")
        shape = (options.clusters, self._flat.shape[1])
        self.centres = [self.parameters.member(f"centres{number + 1}", shape) for number in range(options.restarts)]
        self._points = data(self._flat, "inputs")
        self.lay_out({"step": self._step(), "measure": self._measuring()})

    def _step(self) -> list[Any]:
        program: list[Any] = []
        for number, centres in enumerate(self.centres):
            with scope(f"centres{number + 1}"):
                program.append(assign(f.identity(centres), self._before.member(f"before{number + 1}", centres.shape)))
                chosen, _ = call(nearest, self._points, centres).results
                program.append(call(centre_on_chosen, self._points, chosen, updates=[centres]))
        return program

    def _measuring(self) -> list[Any]:
        held, found = self.split.validation, dict[str, Tensor]()
        if held is None and "val_inertia" in self.scenario.watch:
            place = ("watch", self.scenario.watch.index("val_inertia"))
            raise InvalidValue(place, "needs examples that are held back: set data.validation: 0.3, for example.")
        with scope("measure"):
            held_points = None if held is None else constant(held.numbers.reshape(held.count, -1), "held")
            for number, centres in enumerate(self.centres):
                chosen, squares = call(nearest, self._points, centres).results
                found[f"chosen{number}"], found[f"inertia{number}"] = chosen, f.mean(squares)
                change = f.sum(f.square(centres - self._before.members[f"before{number + 1}"]), "rows")
                found[f"moved{number}"] = f.square_root(f.max(change))
                if held_points is not None:
                    found[f"held{number}"] = f.mean(call(nearest, held_points, centres).results[1])
            program = self.kept(found)
        self.metrics = tuple(self.scenario.watch)
        return program

    # Running

    def prepare(self) -> None:
        """Take the memory, and choose where centres begin."""
        super().prepare()
        for number, centres in enumerate(self.centres):
            begin = self._begin(generator(self.seed, f"start {number + 1}"))
            self.put(centres, begin)
            self.put(self._before.members[f"before{number + 1}"], begin)

    def _begin(self, random: np.random.Generator) -> np.ndarray:
        points, count = self._flat.astype(np.float64), self.options.clusters
        if self.options.start == "box":
            low, high = points.min(axis=0), points.max(axis=0)
            return np.asarray(low + (high - low) * random.random((count, points.shape[1])))
        if self.options.start == "examples":
            return points[random.choice(len(points), count, replace=False)]
        chosen = [int(random.integers(len(points)))]
        squares = ((points - points[chosen[0]]) ** 2).sum(axis=1)
        for _ in range(count - 1):
            # Where all that is left lies on centres, any example is as good.
            shares = squares / squares.sum() if squares.sum() > 0 else None
            chosen.append(int(random.choice(len(points), p=shares)))
            squares = np.minimum(squares, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        return points[chosen]

    def told(self, kept: Mapping[str, np.ndarray]) -> dict[str, float]:
        inertias = [float(kept[f"inertia{number}"][0]) for number in range(len(self.centres))]
        best = int(np.argmin(inertias))
        table = self._table(kept[f"chosen{best}"])
        frequent = table.argmax(axis=1)[table.sum(axis=1) > 0]
        found = {
            "inertia": inertias[best], "worst_inertia": max(inertias), "moved": float(kept[f"moved{best}"][0]),
            "purity": float(table.max(axis=1).sum() / self.train.count), "classes_found": float(len({*frequent})),
        }  # fmt: skip
        return found | ({"val_inertia": float(kept[f"held{best}"][0])} if f"held{best}" in kept else {})

    def _table(self, chosen: np.ndarray) -> np.ndarray:
        """How many examples of each class are in each cluster, [clusters, classes]."""
        table = np.zeros((self.options.clusters, len(self.train.classes)), np.int64)
        np.add.at(table, (chosen.astype(np.int64), self.train.targets), 1)
        return table

    def best(self) -> int:
        """Which start has the smallest inertia."""
        values = [self.read(self.measured.members[f"inertia{number}"])[0] for number in range(len(self.centres))]
        return int(np.argmin(values))

    def pictures(self) -> list[Picture]:
        self.run_beside("measure")
        best = self.best()
        centres, shown = self.read(self.centres[best]), list[Picture]()
        if self.train.image_shape is not None:
            shown.append(self._images(centres, self.read(self.measured.members[f"chosen{best}"])))
        elif centres.shape[1] > 1:
            points = self._flat[some(self.train.count, MOST_POINTS), :2]
            labels = self.train.features or ("x", "y")
            kinds = self.kinds_of_centres(self.read(self.measured.members[f"chosen{best}"]))
            groups = {"examples": points}
            groups |= {name: centres[:, :2][kinds == number] for number, name in enumerate(KINDS)}
            shown.append(Scatter("Centres", groups, x_label=labels[0], y_label=labels[1], name="clusters"))
        return shown

    def kinds_of_centres(self, chosen: np.ndarray) -> np.ndarray:
        """Which of `KINDS` each centre is, [clusters]."""
        table = self._table(chosen)
        frequent, mixed = table.argmax(axis=1), table.max(axis=1) < OWN * table.sum(axis=1)
        shared = np.array([(frequent == own).sum() > 1 for own in frequent])
        return np.where(mixed, 2, np.where(shared | (table.sum(axis=1) == 0), 1, 0))

    def _images(self, centres: np.ndarray, chosen: np.ndarray) -> Picture:
        low, high = float(self._flat.min()), float(self._flat.max())
        images = np.clip((centres - low) / max(high - low, 1e-9), 0, 1).reshape(-1, *self.train.inputs.shape[1:])
        table = self._table(chosen)
        told = [
            f"{self.train.classes[row.argmax()]} {row.max() / row.sum():.0%}" if row.sum() else "none" for row in table
        ]
        images = (images[..., 0] if images.shape[3] == 1 else images).astype(np.float32)
        return Images("Centres", images[:MOST_IMAGES], tuple(told[:MOST_IMAGES]), name="centres")

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers(self.parameters.members)
