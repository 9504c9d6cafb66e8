"""`task: gradient-check`: backpropagation held against finite differences, over a range of step sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from lab.data import load as load_data
from lab.errors import InvalidValue, nearest
from lab.graph import Storage, Tensor, assign, data, differentiate, scope
from lab.graph.gradients import ancestors
from lab.graph.tensor import Call
from lab.metrics.meaning import PLAIN
from lab.metrics.norms import layer_of
from lab.nets.initialisers import generator
from lab.nets.network import Network
from lab.pictures import Curves, Picture
from lab.scenario import Scenario
from lab.tasks.gradient_checks.planted_gradient_bugs import PLANTED_BUGS
from lab.tasks.programs import ProgramExperiment
from lab.tasks.task import Measurements, Task, task
from lab.tasks.training.losses import FOR_CLASSES, FOR_LABELS, for_values
from lab.tasks.training.training import require_outputs
from lab.validation import NUMBER, Settings, Whole

METRICS = {
    "h": PLAIN.of("the step of the finite differences"),
    "error": PLAIN.of(
        "distance between the gradient by backpropagation and by finite differences with this h, over the sum of "
        "their lengths: 0 if they are equal, 1 if they are opposite or one of them is 0",
        higher_is_better=False,
    ),
    "smallest_error": PLAIN.of("the smallest error so far", higher_is_better=False),
    "best_h": PLAIN.of("the h that gave the smallest error so far"),
}
Step = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False), NUMBER]


class Options(Settings):
    """Settings of the task `gradient-check`."""

    difference: Literal["centred", "one-sided"] = Field(
        default="centred", description="centred: (f(w+h) - f(w-h)) / 2h; one-sided: (f(w+h) - f(w)) / h."
    )
    precision: Literal["float64", "float32"] = Field(default="float64", description="The type of number.")
    largest: Step = Field(default=0.1, description="The first h.")
    smallest: Step = Field(default=1e-10, description="The last h; those between are at equal ratios, one per step.")
    weights: Whole = Field(
        default=100, ge=1, le=10_000, description="How many numbers are checked in each layer at most."
    )
    bug: str | None = Field(
        default=None,
        description="A mistake to plant: "
        + "; ".join(f"{name}: {each.says}" for name, each in PLANTED_BUGS.items())
        + ".",
    )


class GradientCheckExperiment(ProgramExperiment):
    """One replica: a network that is never trained. A step checks it with one h; see `lab.tasks.task.Experiment`."""

    network: Network

    def __init__(self, scenario: Scenario, options: Options, seed: int, folder: Path | None) -> None:
        super().__init__(scenario.train.steps, seed)
        self.real_name = options.precision  # type: ignore[misc]  # here it is chosen per replica
        self.chosen, self.folder = options, folder
        if scenario.data is None:
            raise InvalidValue(("data",), "this task needs data, such as {name: spiral}.")
        try:
            train = load_data(scenario.data, seed, folder).train
        except InvalidValue as error:
            raise error.under("data") from None
        if isinstance(scenario.train.batch, int):
            size = min(scenario.train.batch, train.count)
            train = train.rows(np.sort(generator(seed, "batch").choice(train.count, size, replace=False)))
        self.network = Network(
            scenario.model, scenario.init, train.outputs, seed, self.adjustable, blocks=scenario.blocks
        )
        output, _ = self.network.apply(data(train.numbers, "inputs"), training=True)
        self.network.require_symbols(train.inputs)
        require_outputs(output, train.outputs, scenario)
        losses = {"classes": FOR_CLASSES["softmax"], "labels": FOR_LABELS["logistic"], "values": for_values("l2", 1.0)}
        with scope("loss"):
            loss = losses[train.kind](output, data(train.targets, "targets"))
        self._loss = assign(loss, Storage("statistics").member("loss", (1,)))
        rules = self._planted([each.kernel.name for each in ancestors([loss])])
        parameters = self.network.parameters
        self._gradients = parameters.like("gradients")
        program: list[Tensor | Call] = [self._loss]
        found = differentiate(loss, list(parameters.members.values()), rules=rules)
        for name, gradient in zip(parameters.members, found, strict=True):
            if gradient is not None:
                program.append(assign(gradient, self._gradients.members[name]))
        program += self.network.clear(self._gradients)
        self.lay_out({"gradient": program, "loss": [self._loss]})
        layers = dict.fromkeys(layer_of(name) for name in parameters.members)
        self._layers = tuple(layers)
        self.metrics = tuple(
            full
            for metric in scenario.watch
            for full in ([metric] if metric == "h" else [metric, *(f"{metric}.{layer}" for layer in self._layers)])
        )
        self._steps_used: list[float] = []
        self._errors: list[list[float]] = []  # of the whole, then of each layer

    def _planted(self, kernels: list[str]) -> dict:
        if self.chosen.bug is None:
            return {}
        place = ("options", "bug")
        if self.chosen.bug not in PLANTED_BUGS:
            raise InvalidValue(
                place, f"there is no mistake {self.chosen.bug!r}; {nearest(self.chosen.bug, PLANTED_BUGS)}."
            )
        mistake = PLANTED_BUGS[self.chosen.bug]
        if mistake.kernel not in kernels:
            raise InvalidValue(place, f"there is no {mistake.kernel} in this network, so nothing would be wrong.")
        return dict(mistake.rules)

    def prepare(self) -> None:
        """Draw the weights, choose which of them are checked, and take the gradient by backpropagation."""
        super().prepare()
        self.begin(self.network, self.folder)
        self.run_beside("gradient")
        places: dict[str, list[np.ndarray]] = {layer: [] for layer in self._layers}
        found: dict[str, list[np.ndarray]] = {layer: [] for layer in self._layers}
        for name, tensor in self.network.parameters.members.items():
            _, offset = self.layout.place(tensor)
            places[layer_of(name)].append(offset + np.arange(tensor.size))
            found[layer_of(name)].append(self.layout.view(self.memory, self._gradients.members[name]).ravel().copy())
        self._places: dict[str, np.ndarray] = {}
        self._found: dict[str, np.ndarray] = {}
        for layer in self._layers:
            everything, gradient = np.concatenate(places[layer]), np.concatenate(found[layer])
            if everything.size > self.chosen.weights:
                some = generator(self.seed, f"checked {layer}").choice(everything.size, self.chosen.weights, False)
                everything, gradient = everything[some], gradient[some]
            self._places[layer], self._found[layer] = everything, gradient.astype(np.float64)

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        for _ in range(steps):
            if self.step < self.steps:
                self._check(self._step_size(self.step))
            self.step += 1
        return []

    def _step_size(self, step: int) -> float:
        share = step / max(self.steps - 1, 1)
        return float(self.chosen.largest * (self.chosen.smallest / self.chosen.largest) ** share)

    def _check(self, h: float) -> None:
        """One row of errors: every chosen weight is moved by h and back."""
        arena, centred = self.memory.arena, self.chosen.difference == "centred"
        here = 0.0 if centred else self._loss_now()
        by_layer = []
        for layer in self._layers:
            numeric = np.empty(self._places[layer].size)
            for number, place in enumerate(self._places[layer]):
                weight = arena[place]
                arena[place] = weight + h
                above = self._loss_now()
                if centred:
                    arena[place] = weight - h
                    numeric[number] = (above - self._loss_now()) / (2 * h)
                else:
                    numeric[number] = (above - here) / h
                arena[place] = weight
            by_layer.append((self._found[layer], numeric))
        whole = tuple(np.concatenate(each) for each in zip(*by_layer, strict=True))
        self._steps_used.append(h)
        self._errors.append([_error(*each) for each in (whole, *by_layer)])

    def _loss_now(self) -> float:
        self.run_beside("loss")  # counts no step, so that whatever is random is the same every time
        return float(self.layout.view(self.memory, self._loss)[0])

    def measure(self) -> dict[str, float]:
        if not self._errors:
            return {}
        values = {"h": self._steps_used[-1]}
        errors = np.array(self._errors)
        for column, ending in enumerate(["", *(f".{layer}" for layer in self._layers)]):
            best = int(np.nanargmin(errors[:, column])) if np.isfinite(errors[:, column]).any() else 0
            values[f"error{ending}"] = float(errors[-1, column])
            values[f"smallest_error{ending}"] = float(errors[best, column])
            values[f"best_h{ending}"] = self._steps_used[best]
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        h, errors = np.array(self._steps_used[::-1]), np.array(self._errors[::-1]).reshape(-1, len(self._layers) + 1)
        # An error of 0 has no place on an axis of powers of ten.
        shown = np.where(errors > 0, errors, np.nan).astype(np.float32)
        lines = {layer: shown[:, column + 1] for column, layer in enumerate(self._layers)}
        x = h.astype(np.float32)
        drawn = Curves("Error over h", x, lines, "h", "error", log_x=True, log_y=True, name="error_over_h")
        return [drawn]

    def state(self) -> dict[str, np.ndarray]:
        return {
            "h": np.array(self._steps_used),
            "errors": np.array(self._errors).reshape(-1, len(self._layers) + 1),
            "step": np.array([self.step], np.int64),
        }

    def require_fit(self, state: dict[str, np.ndarray]) -> None:
        if set(state) != {"h", "errors", "step"} or state["errors"].shape[1:] != (len(self._layers) + 1,):
            raise ValueError("this state is of another network")

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.require_fit(state)
        self._steps_used, self._errors = state["h"].tolist(), state["errors"].tolist()
        self.step = int(state["step"][0])

    def weights(self) -> dict[str, np.ndarray]:
        return self.numbers(self.network.parameters.members)


def _error(found: np.ndarray, numeric: np.ndarray) -> float:
    """See the metric `error`; 0 where both are 0."""
    length = float(np.linalg.norm(found) + np.linalg.norm(numeric))
    return float(np.linalg.norm(found - numeric)) / length if length else 0.0


@task("gradient-check")
class GradientCheck(Task):
    """Backpropagation held against finite differences of the loss, one step size h per step, in float64 or float32.

    The network is `model` with its first weights, on one batch of the data; nothing is trained. The loss is softmax
    cross-entropy for classes, the mean squared error for values, binary cross-entropy for labels.
    """

    Options = Options
    metrics = METRICS
    pictures = {
        "error_over_h": "the error of each layer's gradient over the step size h, on logarithmic axes",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> GradientCheckExperiment:
        options = self.options(scenario)
        if options.smallest >= options.largest:
            raise InvalidValue(("options", "smallest"), f"must be below largest, which is {options.largest:g}.")
        return GradientCheckExperiment(scenario, options, seed, folder)
