"""An experiment whose batch, output and loss can be read beside its steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.errors import BadInput
from lab.graph import Storage, assign, constant
from lab.graph import functions as f
from lab.graph.running import prepare
from lab.scenario.model import Scenario
from lab.tasks import task_of
from lab.tasks.epochs import in_steps
from lab.tasks.programs import ProgramExperiment
from lab.tasks.sequences import language_training
from lab.tasks.task import Experiment
from lab.tasks.training import training
from lab.tasks.training.data import TrainingData

PARTS = ("inputs", "targets", "output", "loss")


def accepted(content: dict[str, Any], folder: Path) -> Scenario | None:
    """The scenario, lengths counted in steps; None if the lab refuses it, as it does where a batch is larger than the
    data."""
    try:
        scenario = Scenario.model_validate(content)
        task = task_of(scenario)
        counted = in_steps(task, scenario, folder)
        task.check(counted, folder)
    except BadInput:
        return None
    return counted


def experiment(scenario: Scenario, folder: Path) -> Any:
    """One that can be advanced."""
    made = task_of(scenario).build(scenario, scenario.train.seed, folder)
    prepare(made.kernels(), real_name=made.real_name)
    made.prepare()
    return made


class Probed:
    """An experiment in float64 with a program beside it that keeps what a step computes on its way.

    made: the experiment
    """

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._tensors: dict[str, Any] = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Experiment, "real_name", "float64")
            for module in (training, language_training):
                self._see(patch, module, "training_step", lambda arguments, result: {"loss": arguments[0]})
            self._see(patch, TrainingData, "batch", lambda _, result: dict(zip(PARTS, result, strict=False)))
            self._see(patch, training.Network, "apply", self._output)
            self._see(patch, language_training, "call", self._windows)
            lay_out = ProgramExperiment.lay_out
            patch.setattr(ProgramExperiment, "lay_out", lambda made, programs: lay_out(made, programs | self._probe()))
            self.made: Any = task_of(scenario).build(scenario, scenario.train.seed, folder)
        self.made.real_name = "float64"
        prepare(self.made.kernels(), real_name="float64")
        self.made.prepare()

    def _see(self, patch: pytest.MonkeyPatch, owner: Any, name: str, found: Any) -> None:
        original = getattr(owner, name)

        def seen(*arguments: Any, **options: Any) -> Any:
            result = original(*arguments, **options)
            for part, tensor in found((*arguments, options), result).items():
                self._tensors.setdefault(part, tensor)
            return result

        patch.setattr(owner, name, seen)

    @staticmethod
    def _output(arguments: Any, result: Any) -> dict[str, Any]:
        return {"output": result[0]} if arguments[-1].get("training") else {}

    @staticmethod
    def _windows(arguments: Any, result: Any) -> dict[str, Any]:
        kernel = arguments[0]
        return dict(zip(PARTS, result.results, strict=False)) if kernel is language_training.read_windows else {}

    def _probe(self) -> dict[str, Any]:
        kept = Storage("statistics")
        self._places = {name: kept.member(f"probe {name}", self._tensors[name].shape) for name in PARTS}
        copies = [assign(f.multiply(self._tensors[name], constant(1.0)), place) for name, place in self._places.items()]
        return {"probe": copies}

    def look(self) -> dict[str, np.ndarray]:
        """Inputs, targets, output and loss of the step that comes next, with the parameters that there are now."""
        self.made.run_beside("probe")
        return {name: np.array(self.made.read(place)) for name, place in self._places.items()}

    def loss(self) -> float:
        """The loss of the step that comes next."""
        return float(self.look()["loss"][0])

    def parameters(self) -> dict[str, np.ndarray]:
        """All of them by name."""
        return {name: np.array(self.made.read(t)) for name, t in self.made.network.parameters.members.items()}

    def put(self, name: str, values: np.ndarray) -> None:
        """Give a parameter other values."""
        self.made.put(self.made.network.parameters.members[name], values)

    def gradients(self, anew: bool = False) -> dict[str, np.ndarray]:
        """The gradient of each parameter as the last step used it. anew: that of the step that comes next"""
        if anew:
            self.made.run_beside("gradient")
        return {name: np.array(self.made.read(t)) for name, t in self.made.gradients.members.items()}
