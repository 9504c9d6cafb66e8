"""Points that walk down a function: the experiment behind `descend`.

The parameters are the points themselves, [walkers, numbers of a point], and the loss is the sum of the function over
them: its gradient is each point's own. Everything that works element by element, which most optimizers do, then moves
each point as if it were alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kernels.arrays import copy
from kernels.descent import add_noise, record_path
from lab.errors import InvalidValue
from lab.graph import Tensor, assign, constant, differentiate, scope
from lab.graph import functions as f
from lab.graph.tensor import Call, Storage, aligned_size, call
from lab.metrics.meaning import BYTES, COUNT, MICROSECONDS, PLAIN, RATIO, SHARE
from lab.nets.initialisers import generator
from lab.nets.optimizers import optimizer
from lab.nets.training_step import training_step
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.descent.landscapes import Landscape
from lab.tasks.descent.landscapes.quadratic import turn
from lab.tasks.descent.map import DescentMap
from lab.tasks.programs import ProgramExperiment
from lab.tasks.stopwatch import Stopwatch, Timed

NOISE_STREAM = 2
PATHS = 5
"""Of so many walkers the paths are kept."""
FIRST_POINTS = 500
"""Of a path's first steps every one is kept, as of all steps if they are no more than twice as many."""
STRETCHES = 125
"""The steps after them are cut into so many stretches at most, of each of which the extremes are kept."""
LARGEST_HESSIAN = 64

METRICS = {
    "loss": PLAIN.of("the function at the point; of several, their mean", higher_is_better=False),
    "distance": PLAIN.of(
        "distance from the point to the nearest minimum that is known; of several points, their mean",
        higher_is_better=False,
    ),
    "x": PLAIN.of("the point's first coordinate; of several, that of the first"),
    "y": PLAIN.of("the point's last coordinate; of several, that of the first"),
    "grad_norm": PLAIN.of(
        "Euclidean norm of the gradient at the point, without noise; of several, their mean", higher_is_better=False
    ),
    "update_size": PLAIN.of("length of the last step; of several points, their mean. Nothing before the first step"),
    "step_gradient": PLAIN.of(
        "Euclidean norm of the gradient that the last step was made from, noise included; of several "
        "points, their mean. Nothing before the first step"
    ),
    "effective_step": RATIO.of(
        "length of the last step over that of the gradient it was made from, per coordinate (x, y) too; "
        "of several points, their mean. Nothing before the first step"
    ),
    "rate": PLAIN.of("the learning rate"),
    "evaluations": COUNT.of("how often function and gradient were computed so far", higher_is_better=False),
    "in_wide": SHARE.of(
        "share of the points that are nearer to the wide basin's middle than to the narrow one's", higher_is_better=True
    ),
    "minima": COUNT.of("how many minima the function has on a fine grid over the map (only for points of one number)"),
    "critical": SHARE.of("share of the points at which the gradient is 0 (its norm below 1e-6)"),
    "minima_share": SHARE.of("of those, the share at which the function curves upwards in every direction"),
    "curving_down": SHARE.of(
        "at those, the share of the directions in which the function curves downwards, on average"
    ),
    "memory": BYTES.of("bytes of memory for point, gradient and whatever the optimizer keeps", higher_is_better=False),
    "step_time": Timed(
        "processor time of one step in µs, median over the slices in which the points walk", MICROSECONDS
    ),
}


class Descent(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`.

    landscape: the function;  start: a point, or `{normal: s}` or `{uniform: [low, high]}`, with `plus` and `turn`
    walkers:   how many points;  options: those of the task, with the `noise` in the gradient
    """

    real_name = "float64"

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        landscape: Landscape,
        start: Sequence[float] | Mapping[str, Any],
        walkers: int,
        options: Any,
        window: tuple[float, float, float, float] | None,
    ) -> None:
        super().__init__(scenario.train.steps, seed)
        self.scenario, self.landscape, self.walkers = scenario, landscape, walkers
        self._start, self._options, self._noise = start, options, options.noise
        self.watch = frozenset(scenario.watch)
        if scenario.data is not None or scenario.model:
            raise InvalidValue(("data" if scenario.data is not None else "model",), "is not used by this task.")
        chosen = scenario.optimizer
        self.optimizer = optimizer(chosen.name, chosen.given)
        if walkers > 1 and self.optimizer.clip is not None:
            raise InvalidValue(("optimizer", "clip"), "works on all points together; it needs `walkers: 1`.")
        self.map = DescentMap(landscape, seed, window)
        self._kept = Storage("statistics")
        parameters = Storage("parameters")
        self.point = parameters.member("point", (walkers, landscape.size))
        self.parameters = parameters
        programs = {"step": self._step(), "measure": self._metric_program(), "remember": self._remember()}
        self.lay_out({**programs, **self.map.programs})
        self.metrics = self._names()
        self.stopwatch = Stopwatch()

    # Building

    def _step(self) -> list[Any]:
        with scope(self.landscape.name):
            values = self.landscape.values(self.point, self.seed)
            self.loss = f.sum(values)
        self.training_step = training_step(
            self.loss,
            self.parameters,
            self.optimizer,
            self.adjustable,
            points=self.walkers,
            change_gradients=self._add_noise,
        )
        self.rate = self.training_step.learning_rate
        self.shown = min(self.walkers, PATHS)
        self.first = self.steps if self.steps <= 2 * FIRST_POINTS else FIRST_POINTS
        later = self.steps - self.first
        self.stride = max(1, -(-later // STRETCHES))
        rows = 1 + self.first + 4 * -(-later // self.stride)
        self.path = Storage("states").member("path", (rows, self.shown, 3))
        points = Tensor((self.shown, self.landscape.size), "first points", base=self.point)
        record = call(record_path, points, updates=[self.path], first=self.first, stride=self.stride)
        return [*self.training_step.program, record]

    def _add_noise(self, gradients: Storage) -> list[Call]:
        if not self._noise:
            return []
        deviation = self.adjustable.number("options.noise", self._options, "noise")
        return [call(add_noise, deviation, updates=[gradients.members["point"]], stream=NOISE_STREAM)]

    def _metric_program(self) -> list[Any]:
        with scope("measure"):
            values = self.landscape.values(self.point, self.seed)
            program: list[Any] = [assign(values, self._kept.member("values", values.shape))]
            (gradient,) = differentiate(f.sum(values), [self.point])
            if gradient is not None:
                program.append(assign(gradient, self._kept.member("slope", self.point.shape)))
            if gradient is not None and self.watch & {"minima_share", "curving_down"}:
                program += self._curvature(gradient)
        return program

    def _curvature(self, gradient: Tensor) -> list[Any]:
        """The Hessian's rows, by differentiating the gradient once more, one coordinate at a time."""
        size = self.landscape.size
        if size > LARGEST_HESSIAN:
            raise InvalidValue(
                ("watch",), f"curvature is measured for points of up to {LARGEST_HESSIAN} numbers, not {size}."
            )
        program: list[Any] = []
        for index in range(size):
            unit = np.zeros(self.point.shape)
            unit[:, index] = 1
            (made,) = differentiate(gradient, [self.point], constant(unit))
            if made is not None:
                program.append(assign(made, self._kept.member(f"hessian {index}", self.point.shape)))
        return program

    def _remember(self) -> list[Tensor | Call]:
        self.before = Storage("states").member("point before", self.point.shape)
        return [assign(call(copy, self.point).result, self.before)]

    def _names(self) -> tuple[str, ...]:
        """What is watched and makes sense here: another variant may walk down another function."""
        known = {
            "in_wide": self.landscape.widest is not None,
            "distance": len(self.landscape.minima()) > 0,
            "minima": self.landscape.size == 1,
        }
        names: list[str] = []
        for metric in self.scenario.watch:
            if not known.get(metric, True):
                continue
            names.append(metric)
            if metric == "effective_step" and self.landscape.size > 1:
                names += ["effective_step.x", "effective_step.y"]
        return tuple(names)

    # Running

    def prepare(self) -> None:
        """Take the memory and set the points on their starting places."""
        super().prepare()
        points = self._places()
        self.put(self.point, points)
        self.put(self.before, points)
        start = points[: self.shown][:, [0, -1]]
        self.layout.view(self.memory, self.path)[0] = np.concatenate([start, np.zeros((self.shown, 1))], axis=1)
        self.search_steps(self.training_step)
        self.time_steps(self.stopwatch)
        for name in self.map.programs:
            self.run_beside(name)
        self.map.take(self.layout, self.memory)

    def _places(self) -> np.ndarray:
        shape, start = self.point.shape, self._start
        if not isinstance(start, Mapping):
            return np.tile(np.asarray(start, np.float64), (shape[0], 1))
        random = generator(self.seed, "start")
        if "normal" in start:
            points = start["normal"] * random.standard_normal(shape)
        else:
            low, high = start["uniform"]
            points = random.uniform(low, high, shape)
        points = points + np.asarray(start.get("plus", 0.0))
        return points @ turn(shape[1], float(start.get("turn", 0.0))).T

    @np.errstate(over="ignore", divide="ignore", invalid="ignore")  # a point that runs away is told of as diverged
    def measure(self) -> dict[str, float]:
        self.run_beside("measure")
        view = {name: self.layout.view(self.memory, each) for name, each in self._kept.members.items()}
        point = self.layout.view(self.memory, self.point)
        slope = view.get("slope", np.zeros(point.shape))
        norms = np.linalg.norm(slope, axis=1)
        values = {
            "loss": float(view["values"].mean()),
            "x": float(point[0, 0]),
            "y": float(point[0, -1]),
            "grad_norm": float(norms.mean()),
            "rate": float(self.layout.view(self.memory, self.rate)[0]) if self.layout.knows(self.rate) else np.nan,
            "evaluations": float(self.evaluations),
            "memory": float(self._memory_in_use()),
            "minima": self.map.minima,
        }
        minima = self.landscape.minima()
        if len(minima):
            apart = np.linalg.norm(point[:, None] - minima, axis=2)
            values["distance"] = float(apart.min(axis=1).mean())
            values["in_wide"] = float((apart.argmin(axis=1) == self.landscape.widest).mean())
        if self.step:
            values |= self._last_step(point)
        values |= self._critical(view, norms)
        if self.stopwatch.samples:
            values["step_time"] = self.stopwatch.median * 1e6
        return {name: values[name] for name in self.metrics if name in values}

    def _memory_in_use(self) -> int:
        """Bytes of what lasts from step to step, without what only serves to measure and to draw."""
        beside = [self._kept.whole, self.path, self.before, *(each for each in self.map.programs.get("map", ()))]
        numbers = self.layout.kept - sum(aligned_size(each.size) for each in beside if self.layout.knows(each))
        return numbers * self.memory.arena.itemsize

    def _last_step(self, point: np.ndarray) -> dict[str, float]:
        moved = point - self.layout.view(self.memory, self.before)
        gradient = self.layout.view(self.memory, self.training_step.gradients.members["point"])
        length = np.linalg.norm(moved, axis=1)
        each = np.abs(moved) / np.abs(gradient)
        return {
            "update_size": float(length.mean()),
            "step_gradient": float(np.linalg.norm(gradient, axis=1).mean()),
            "effective_step": float((length / np.linalg.norm(gradient, axis=1)).mean()),
            "effective_step.x": float(each[:, 0].mean()),
            "effective_step.y": float(each[:, -1].mean()),
        }

    def _critical(self, view: Mapping[str, np.ndarray], norms: np.ndarray) -> dict[str, float]:
        there = norms < 1e-6
        rows = [view[f"hessian {index}"] for index in range(self.landscape.size) if f"hessian {index}" in view]
        if not rows or not there.any():
            return {"critical": float(there.mean()), "minima_share": np.nan, "curving_down": np.nan}
        curvature = np.linalg.eigvalsh(np.stack(rows, axis=1)[there])
        return {
            "critical": float(there.mean()),
            "minima_share": float((curvature > 0).all(axis=1).mean()),
            "curving_down": float((curvature < 0).mean()),
        }

    def pictures(self) -> list[Picture]:
        point = self.layout.view(self.memory, self.point)
        return self.map.pictures([self._way(number, point[number]) for number in range(self.shown)], point)

    def _way(self, number: int, now: np.ndarray) -> np.ndarray:
        """Where one of the points has been, [moments, 2], from its start to where it is `now`."""
        late = self.step - self.first
        used = 1 + (self.step if late <= 0 else self.first + 4 * -(-late // self.stride))
        record = self.layout.view(self.memory, self.path)[:used, number]
        _, rows = np.unique(record[:, 2], return_index=True)  # one step may be several extremes
        way = record[rows, :2]
        end = now[[0, -1]]
        return way if np.array_equal(way[-1], end) else np.concatenate([way, end[None]])

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers({"point": self.point})
