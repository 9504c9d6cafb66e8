"""Training one network on one data set: the experiment behind `classify`, `regress` and their kin.

Three programs share one arena: `step` (choose a batch, forward, backward, update), `gradient` (the same without
the update, for the gradient before the first step) and `measure` (forward on the evaluation sample, and the metrics).
One call of the executor does many steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import Data, Split, TargetKind
from lab.data.recipe_json import recipe_to_json
from lab.errors import InvalidValue
from lab.graph import Tensor, scope
from lab.metrics.detection.heads import Heads
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.network import Network
from lab.nets.optimizers import optimizer
from lab.nets.training_step import UNCLIPPED, training_step
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.detection.detection import Detection
from lab.tasks.programs import ProgramExperiment
from lab.tasks.task import task_of
from lab.tasks.training.cautions import cautions
from lab.tasks.training.data import TrainingData, before_layers, load_split
from lab.tasks.training.early_stopping import EarlyStopping
from lab.tasks.training.losses import Loss
from lab.tasks.training.monitor import Monitor
from lab.tasks.training.objective import Objective


class Training(ProgramExperiment):
    """One replica of a network in training; see `lab.tasks.task.Experiment`.

    loss, correct, answers, heads, detection: see `Objective`
    kind:    what the data's targets must be
    adjustable: the numbers of the loss that can be changed while it trains, to which those of the network are added
    split:   the examples, where they are not what the scenario's data block says
    told:    a sentence on how it is trained, for the beginning
    """

    network: Network

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        folder: Path | None,
        loss: Loss,
        correct: Callable[[Tensor, Tensor], Tensor] | None = None,
        *,
        answers: Callable[[Tensor], Tensor] = lambda output: output,
        heads: Heads | None = None,
        detection: Detection | None = None,
        adjustable: AdjustableNumbers | None = None,
        kind: TargetKind,
        split: Split | None = None,
        told: str = "",
    ) -> None:
        super().__init__(scenario.train.steps, seed)
        self.adjustable = self.adjustable if adjustable is None else adjustable
        self.scenario, self.folder, self._told = scenario, folder, told
        self.split = split or load_split(scenario, seed, folder, kind)
        objective, finds = Objective(loss, correct, answers, heads, detection), detection and detection.detector
        data = TrainingData(self.split, seed, finds.encode if finds else None)
        outputs = (finds or heads or self.split.train).outputs
        self.network = Network(
            scenario.model, scenario.init, outputs, seed, self.adjustable,
            blocks=scenario.blocks, before=before_layers(self.split.train),
        )  # fmt: skip
        self.network.proposing = finds.proposing if finds else None
        self.optimizer = optimizer(scenario.optimizer.name, scenario.optimizer.given)
        x, y = data.batch(scenario.train.batch)
        output, self.layers = self.network.apply(x, training=True, regions=objective.regions(y))
        held = self.split.validation
        self.network.require_symbols(self.split.train.inputs, None if held is None else held.inputs)
        auxiliary = self.network.auxiliary
        wanted = finds.numbers if finds else outputs * targets_per_example(self.split.train)
        require_outputs(output, wanted, scenario, y.shape[0])
        with scope("loss"):
            batch_loss = loss(output, y)
            for other, share in auxiliary:
                require_outputs(other, wanted, scenario, y.shape[0])
                batch_loss = batch_loss + loss(other, y) * share
        self.training_step = training_step(
            batch_loss,
            self.network,
            self.optimizer,
            self.adjustable,
            measure_unclipped=UNCLIPPED in scenario.watch,
        )
        self.gradients = self.training_step.gradients
        self.monitor = Monitor(self, scenario, self.network, objective, data, self.layers, self.training_step)
        self.inspection, self.metrics = self.monitor.inspection, self.monitor.metrics
        if self.monitor.host_metrics:
            self.host_measurements.append(Training._measure_on_host)
        stop = scenario.train.stop
        self._stopping = (
            EarlyStopping(stop, self.metrics, scenario.train.measure, self.monitor.meanings) if stop else None
        )
        steps = {"step": self.training_step.program, "gradient": self.training_step.gradient_program}
        self.lay_out(steps | self.monitor.programs)
        if self.network.given:
            self.network.first_values(folder)  # a file that does not fit is found now, not when the run has begun

    def prepare(self) -> None:
        """Take the memory, draw the first weights, and compute the gradient that the first step will use."""
        super().prepare()
        self.begin(self.network, self.folder)
        self.run_beside("gradient")
        self.search_steps(self.training_step)

    @property
    def measures_on_the_way(self) -> bool:
        return self._stopping is None and super().measures_on_the_way

    def measure(self) -> dict[str, float]:
        values = super().measure()
        if self._stopping is not None:
            self._stopping.see(self.step, values, lambda: self.numbers(self.network.kept))
        return values

    @property
    def stopped(self) -> bool:
        return self._stopping is not None and self._stopping.stopped

    def greeting(self) -> str | None:
        told = list(self.network.told)
        if self.seed == self.scenario.train.seed:  # of the scenario, and so said once, not for every seed
            told += [self._told] if self._told else []
            told += cautions(self.scenario, self.split)
        return "; ".join(told) or None

    def farewell(self) -> str | None:
        return self._stopping.sentence() if self._stopping is not None else None

    def measured_stretch(self) -> tuple[int, int]:
        return self.monitor.measured_stretch()

    def measured_values(self, numbers: np.ndarray, first: int, step: int) -> dict[str, float]:
        return self.monitor.measured_values(numbers, first, step)

    def _measure_on_host(self) -> dict[str, float]:
        return self.monitor.measure_on_host()

    def pictures(self) -> list[Picture]:
        return self.monitor.pictures()

    def state(self) -> dict[str, np.ndarray]:
        stopping = self._stopping.state() if self._stopping is not None else {}
        return super().state() | self.monitor.state() | stopping

    def restore(self, state: dict[str, np.ndarray]) -> None:
        rest = self.monitor.restore(state)
        super().restore(self._stopping.restore(rest) if self._stopping is not None else rest)

    def weights(self) -> dict[str, np.ndarray]:
        """The parameters by name; those of the best measurement, if these are to be kept."""
        best = self._stopping.best_weights if self._stopping is not None else {}
        return dict(best) if best else self.numbers(self.network.kept)

    def kept_to_predict(self) -> dict[str, Any] | None:
        recipe, scenario = self.split.recipe, self.scenario
        finds = None if recipe is None or recipe.kind != "objects" else self._kept_to_find()
        if recipe is None or (recipe.kind == "objects" and finds is None):
            return None
        about = {
            "format": 1,
            "task": scenario.task,
            "step": self._stopping.best_step or self.step if self._stopping is not None else self.step,
            "model": scenario.model,
            "blocks": {name: each.model_dump() for name, each in scenario.blocks.items()},
            "settings": self.settings(),
            "recipe": recipe_to_json(recipe),
        }
        options = task_of(scenario).options(scenario)
        kept = {name: getattr(options, name) for name in ("loss", "threshold") if hasattr(options, name)}
        return about | kept | (finds or {})

    def _kept_to_find(self) -> dict[str, Any] | None:
        """How the network's numbers are read as objects; None if they do not say which objects there are, and where."""
        options = task_of(self.scenario).options(self.scenario)
        if (heads := getattr(options, "heads", None)) is not None:
            return {"heads": heads} if {"class", "box"} <= set(heads) else None
        return {"detection": {name: getattr(options, name) for name in ("detector", "score_threshold", "overlap")}}


def targets_per_example(train: Data) -> int:
    """How many classes are asked of an example: one, or one at each step of a sequence, or of each pixel."""
    return math.prod(train.targets.shape[1:]) if train.kind == "classes" else 1


def require_outputs(output: Tensor, wanted: int, scenario: Scenario, examples: int = 0) -> None:
    """Raises InvalidValue if a network does not give as many numbers per example as the data needs.

    examples: in a batch, where a layer may make several of one; else the output has as many rows
    """
    found = output.size // (examples or output.shape[0])
    if found != wanted:
        raise InvalidValue(
            ("model", len(scenario.model) - 1),
            f"the last layer gives {found} numbers per example, but the data needs {wanted}.",
        )
