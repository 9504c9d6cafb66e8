"""`task: recurrence`: a recurrent layer is left to itself; how its state and its gradients grow or vanish over time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from lab.graph import Storage, Tensor, assign, differentiate, scope
from lab.graph import functions as f
from lab.metrics.meaning import PLAIN
from lab.nets.initialisers import Orthogonal, generator
from lab.pictures import Bars, Curves, Picture
from lab.scenario import Scenario
from lab.tasks.programs import ProgramExperiment
from lab.tasks.task import Task, task
from lab.validation import Real, Settings, Whole

METRICS = {
    "state": PLAIN.of("root of the mean square of the state after so many steps"),
    "gradient": PLAIN.of(
        "by how much a gradient that goes back over so many steps can grow: the largest singular value of the "
        "derivative of the state now with respect to the first state"
    ),
    "line": PLAIN.of(
        "what the gradient would be if it were multiplied by the spectral radius of the weights in each step"
    ),
    "singular_value": PLAIN.of(
        "largest singular value of the recurrent weights: the most by which one product can lengthen a vector"
    ),
    "radius": PLAIN.of("spectral radius of the recurrent weights: the largest absolute value of an eigenvalue"),
}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"identity": f.identity, "tanh": f.tanh, "relu": f.relu}


class Options(Settings):
    """Settings of the task `recurrence`."""

    units: Whole = Field(default=32, ge=1, le=512, description="Numbers in the state.")
    nonlinearity: Literal["identity", "tanh", "relu"] = Field(
        default="identity", description="What the sum passes through at each step."
    )
    matrix: Literal["orthogonal", "normal", "skewed"] = Field(
        default="orthogonal",
        description="The recurrent weights before they are scaled: a random rotation or reflection; normal numbers; or "
        "a rotation of which every second unit passes `skew` times its value on to its neighbour in addition.",
    )
    radius: Real = Field(default=1.0, gt=0, le=10, description="The weights are scaled to this spectral radius.")
    skew: Real = Field(default=0.5, ge=0, le=10, description="Of `skewed` weights.")
    bias: Real = Field(default=0.0, ge=0, le=100, description="Standard deviation of the biases.")
    start: Real = Field(default=1.0, ge=0, le=1e6, description="Standard deviation of the first state.")


@task("recurrence")
class Recurrence(Task):
    """A recurrent layer without inputs runs for as many steps as `train.steps` says: h = φ(h W + bias). No training.

    Beside the state goes its derivative with respect to the first state, the product of all local derivatives, which is
    what a gradient is multiplied by on its way back over as many steps: the step is the lag.
    """

    Options = Options
    metrics = METRICS
    pictures = {
        "gradient_by_lag": "the size of the gradient over the steps that it goes back, beside the radius to that power",
        "state_by_step": "the size of the state over the steps",
        "two_numbers": "the largest singular value and the spectral radius of the recurrent weights",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> RecurrenceRun:
        return RecurrenceRun(scenario, seed, self.options(scenario))


class RecurrenceRun(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`."""

    real_name = "float64"

    def __init__(self, scenario: Scenario, seed: int, options: Options) -> None:
        super().__init__(scenario.train.steps, seed)
        self.metrics = tuple(scenario.watch)
        units, random = options.units, generator(seed, "recurrence")
        self.recurrent_weights = weights(options, random)
        self._first = options.start * random.standard_normal((1, units))
        self._biases = options.bias * random.standard_normal(units)
        self.singular_value = float(np.linalg.svd(self.recurrent_weights, compute_uv=False)[0])
        self.radius = float(np.abs(np.linalg.eigvals(self.recurrent_weights)).max())
        kept, stored = Storage("parameters"), Storage("states")
        self._weight, self._bias = kept.member("weight", (units, units)), kept.member("bias", (units,))
        self._state = stored.member("state", (1, units))
        self._derivative = stored.member("derivative", (units, units))
        with scope("recurrence"):
            before = f.dense(self._state, self._weight, self._bias)
            after = ACTIVATIONS[options.nonlinearity](before)
            (slope,) = differentiate(f.sum(after), [before])
            assert slope is not None
            through = f.multiply(f.matmul(self._derivative, self._weight), slope)
            self.lay_out({"step": [assign(through, self._derivative), assign(f.identity(after), self._state)]})
        self._history: list[tuple[int, float, float]] = []

    def prepare(self) -> None:
        """Take the memory; the derivative of the first state with respect to itself is 1 for each unit."""
        super().prepare()
        self.put(self._weight, self.recurrent_weights)
        self.put(self._bias, self._biases)
        self.put(self._state, self._first)
        self.put(self._derivative, np.eye(len(self.recurrent_weights)))

    def measure(self) -> dict[str, float]:
        state, derivative = self.read(self._state), self.read(self._derivative)
        finite = bool(np.isfinite(derivative).all())
        gradient = float(np.linalg.svd(derivative, compute_uv=False)[0]) if finite else float("inf")
        size = float(np.sqrt(np.mean(state**2)))
        if not self._history or self._history[-1][0] < self.step:
            self._history.append((self.step, gradient, size))
        values = {
            "state": size,
            "gradient": gradient,
            "line": self.radius**self.step,
            "singular_value": self.singular_value,
            "radius": self.radius,
        }
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        history = np.array(self._history, np.float64).reshape(-1, 3)
        lags, gradient, size = (column.astype(np.float32) for column in history.T)
        lines = {
            "gradient": gradient,
            "radius ** lag": (self.radius ** history[:, 0]).astype(np.float32),
        }
        numbers = {"largest singular value": self.singular_value, "spectral radius": self.radius}
        return [
            Curves("Gradient by lag", lags, lines, x_label="lag", log_y=True, name="gradient_by_lag"),
            Curves(
                "State by step", lags, {"size of the state": size}, x_label="step", log_y=True, name="state_by_step"
            ),
            Bars("Recurrent weights", numbers, extent=(0, 2), name="two_numbers"),
        ]

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | {"history": np.array(self._history, np.float64).reshape(-1, 3)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        super().restore({name: each for name, each in state.items() if name != "history"})
        self._history = [(int(step), float(one), float(other)) for step, one, other in state.get("history", ())]

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers({"weight": self._weight, "bias": self._bias})


def weights(options: Options, random: np.random.Generator) -> np.ndarray:
    """Recurrent weights [units, units] of the spectral radius that is asked for."""
    units = options.units
    if options.matrix == "normal":
        drawn = random.standard_normal((units, units))
    else:
        drawn = Orthogonal().draw((units, units), units, units, random)
    if options.matrix == "skewed":
        # Upper triangular up to a rotation of the axes: the eigenvalues are those of the diagonal, all of one size.
        triangle = np.eye(units) + options.skew * np.diag(np.arange(1, units) % 2, 1)
        drawn = drawn @ triangle @ drawn.T
    scaled: np.ndarray = drawn * (options.radius / np.abs(np.linalg.eigvals(drawn)).max())
    return scaled
