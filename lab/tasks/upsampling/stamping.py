"""Experiments whose steps show one part after the other of what a fixed program computes: what they have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.scenario import Scenario
from lab.tasks.known_by_step import KnownByStep
from lab.tasks.programs import ProgramExperiment
from lab.tasks.task import Measurements


class Stamping(KnownByStep, ProgramExperiment):
    """A `ProgramExperiment` without weights and training, whose state follows from seed and step alone.

    A subclass computes what it shows from `step`, when it is asked.
    """

    def __init__(self, scenario: Scenario, seed: int, known: Sequence[str]) -> None:
        super().__init__(scenario.train.steps, seed)
        self.metrics = tuple(name for name in scenario.watch if name in known)

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        self.step += max(steps, 0)
        return Measurements()

    def weights(self) -> dict[str, np.ndarray]:
        return {}
