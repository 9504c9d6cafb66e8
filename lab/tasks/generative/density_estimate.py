"""A mixture of normal distributions, or a histogram: the experiment behind `density`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from kernels.nearest import count_near, nearest
from lab.data import Split
from lab.errors import InvalidValue
from lab.graph import Storage, Tensor, assign, constant, data, scope
from lab.graph import functions as f
from lab.graph.tensor import call
from lab.nets.initialisers import generator
from lab.pictures import Field, Picture
from lab.scenario import Scenario
from lab.tasks.generative.measured_experiment import MeasuredExperiment
from lab.tasks.training.data import load_split

COLUMNS, ROWS = 60, 40
MARGIN = 0.1
EVERYWHERE = 1e30
"""A squared distance within which everything lies."""


class DensityEstimate(MeasuredExperiment):
    """One replica; see `lab.tasks.task.Experiment`."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Any) -> None:
        super().__init__(scenario, seed, folder, options)
        if scenario.model:
            raise InvalidValue(("model",), "is not used by this task: `options` says what is estimated.")
        self.split: Split = load_split(scenario, seed, folder, "classes")
        if self.split.validation is None:
            raise InvalidValue(("data",), "this task measures examples that are held back: set validation: 0.3.")
        train = self.split.train
        self.points = train.numbers.reshape(train.count, -1).astype(np.float64)
        self.features = self.points.shape[1]
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        pad = MARGIN * np.maximum(high - low, 1e-6)
        self.low, self.high = low - pad, high + pad
        self._points = data(self.points, "inputs")
        step = self._mixture() if options.estimator == "mixture" else self._histogram()
        self.lay_out({"step": step, "measure": self._measuring(), "look": self._looking()})

    # Building

    def _mixture(self) -> list[Any]:
        count = self.options.components
        if count > self.split.train.count:
            problem = f"there are only {self.split.train.count} examples, too few for {count} components."
            raise InvalidValue(("options", "components"), problem)
        self.log_weights = self.parameters.member("log_weights", (count,))
        self.means = self.parameters.member("means", (count, self.features))
        self.variances = self.parameters.member("variances", (count, self.features))
        with scope("expectation"):
            shares = f.softmax(self._joint(self._points))
        with scope("maximisation"):
            # A component that has lost all examples keeps a trace of them, so that nothing is divided by 0.
            total = f.sum(shares, "columns") + 1e-6
            by_component, each = f.transpose(shares, 1, 0), f.reciprocal(total).reshape(-1, 1)
            shape = self.means.shape
            means = (by_component @ self._points) * f.broadcast(each, shape)
            squares = (by_component @ f.square(self._points)) * f.broadcast(each, shape)
            variances = f.maximum(squares - f.square(means), constant(0.0)) + self.options.floor
            log_weights = f.log(total) - math.log(self.split.train.count)
        return [assign(log_weights, self.log_weights), assign(means, self.means), assign(variances, self.variances)]

    def _joint(self, x: Tensor) -> Tensor:
        """log of weight times density of each component at each of the points x [n, features], [n, components]."""
        precision = f.reciprocal(self.variances)
        scaled = self.means * precision
        own = f.sum(self.means * scaled + f.log(self.variances), "rows") + self.features * math.log(2 * math.pi)
        crossed = f.square(x) @ f.transpose(precision, 1, 0) - 2.0 * (x @ f.transpose(scaled, 1, 0))
        return -0.5 * crossed + (self.log_weights - 0.5 * own)

    def _histogram(self) -> list[Any]:
        if self.features > 2:
            problem = f"a histogram is made of one or two features, but these examples have {self.features}."
            raise InvalidValue(("options", "estimator"), problem)
        bins = self.options.bins
        places = [
            low + (high - low) * (np.arange(bins) + 0.5) / bins for low, high in zip(self.low, self.high, strict=True)
        ]
        # In units of bins, so that the nearest middle is that of the bin in which a point lies.
        self._width = (self.high - self.low) / bins
        self._middles = np.stack([axis.ravel() for axis in np.meshgrid(*places)], axis=1) / self._width
        self.counts = self.parameters.member("counts", (len(self._middles),))
        labels, limit = constant(np.arange(len(self._middles))), constant(EVERYWHERE)
        with scope("count"):
            chosen, squares = self._bins_of(self._points)
            counts = call(count_near, squares, chosen, labels, limit, shapes=[self.counts.shape]).result
        return [assign(counts, self.counts)]

    def _bins_of(self, x: Tensor) -> tuple[Tensor, ...]:
        return call(nearest, x / constant(self._width), constant(self._middles, "bins")).results

    def log_density(self, x: Tensor) -> Tensor:
        """log p of points [n, features], each [n]."""
        if self.options.estimator == "mixture":
            joint = self._joint(x)
            largest = f.max(joint, "rows")
            apart = joint - f.broadcast(largest.reshape(-1, 1), joint.shape)
            return f.log(f.sum(f.exp(apart), "rows")) + largest
        filled = self.counts + self.options.pseudo_count
        logs = f.log(filled / f.sum(filled)) - math.log(float(np.prod(self._width)))
        return f.embedding(logs.reshape(-1, 1), self._bins_of(x)[0]).reshape(x.shape[0])

    def _measuring(self) -> list[Any]:
        held = self.split.validation
        assert held is not None
        with scope("measure"):
            seen = f.mean(self.log_density(self._points))
            unseen = f.mean(self.log_density(constant(held.numbers.reshape(held.count, -1), "held")))
            program = self.kept({"log_likelihood": seen, "val_log_likelihood": unseen, "gap": seen - unseen})
        self.metrics = tuple(self.scenario.watch)
        return program

    def _looking(self) -> list[Any]:
        self._looked = Storage("statistics")
        if self.features != 2:
            return []
        middles = [
            low + (high - low) * (np.arange(count) + 0.5) / count
            for low, high, count in zip(self.low, self.high, (COLUMNS, ROWS), strict=True)
        ]
        x, y = np.meshgrid(middles[0], middles[1][::-1])
        with scope("look"):
            logs = self.log_density(constant(np.stack([x.ravel(), y.ravel()], axis=1), "grid"))
        return [assign(logs, self._looked.member("density", logs.shape))]

    # Running

    def prepare(self) -> None:
        """Take the memory; components begin at examples drawn at random, as wide as all examples together."""
        super().prepare()
        if self.options.estimator == "mixture":
            count = self.options.components
            chosen = generator(self.seed, "components").choice(len(self.points), count, replace=False)
            self.put(self.log_weights, np.full(count, -math.log(count)))
            self.put(self.means, self.points[chosen])
            self.put(self.variances, np.tile(self.points.var(axis=0) + self.options.floor, (count, 1)))

    def pictures(self) -> list[Picture]:
        if self.features != 2:
            return []
        self.run_beside("look")
        logs = self.read(self._looked.members["density"]).reshape(ROWS, COLUMNS).astype(np.float64)
        extent = tuple(float(each) for each in (self.low[0], self.high[0], self.low[1], self.high[1]))
        labels = self.split.train.features or ("x", "y")
        return [
            Field(
                "Density", np.exp(logs - logs.max()).astype(np.float32), low=0.0, high=1.0, extent=extent,  # type: ignore[arg-type]
                x_label=labels[0], y_label=labels[1], name="density",
            )
        ]  # fmt: skip

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers(self.parameters.members)
