"""Experiments whose steps show one part after the other of what a fixed program computes: what they have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.scenario import Scenario
from lab.tasks.programs import ProgramExperiment
from lab.tasks.task import Measurements


class Stamping(ProgramExperiment):
    """A `ProgramExperiment` without weights and training, whose state follows from seed and step alone.

    A subclass computes what it shows from `step`, when it is asked.
    """

    def __init__(self, scenario: Scenario, seed: int, known: Sequence[str]) -> None:
        super().__init__(scenario.train.steps, seed)
        self.metrics = tuple(name for name in scenario.watch if name in known)

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        self.step += max(steps, 0)
        return Measurements()

    def state(self) -> dict[str, np.ndarray]:
        return {"step": np.array([self.step], np.int64)}

    def require_fit(self, state: dict[str, np.ndarray]) -> None:
        if set(state) != {"step"}:
            raise ValueError("this state is of another experiment")

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.require_fit(state)
        self.step = int(state["step"][0])

    def weights(self) -> dict[str, np.ndarray]:
        return {}
