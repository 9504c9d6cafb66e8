"""What one replica is to do on a GPU, and what came of it; and what all replicas of a kind do there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kernels.plan import STEP, Plan


@dataclass(frozen=True)
class ReplicaPrograms:
    """A kind of replica: the programs that a GPU runs for it by itself.

    plan:     the training step;  remember, measure: the programs before and after a step that is measured
    kept:     elements at the beginning of the arena that are the replica's state
    """

    plan: Plan
    remember: Plan | None
    measure: Plan | None
    kept: int

    @property
    def plans(self) -> list[Plan]:
        return [each for each in (self.plan, self.remember, self.measure) if each is not None]


@dataclass
class Job:
    """So many steps of one replica, measured on the way.

    memory:   the replica's, on a GPU
    plan:     the training step;  remember, measure: the programs before and after a step that is measured
    steps:    how many;  every: measure after steps whose number is a multiple of this, and after the last one
    statistics: (first element in the arena, how many, how far apart) of what is measured; none: nothing is
    kept:     elements at the beginning of the arena that are kept as they were before; 0: none
    state:    the replica's integers as they were before
    done:     after the launch, how many steps were done
    measured: after the launch, (step number, statistics) of each measurement
    """

    memory: Any
    plan: Plan
    steps: int
    remember: Plan | None = None
    measure: Plan | None = None
    every: int = 0
    statistics: tuple[int, int, int] = (0, 0, 1)
    kept: int = 0
    state: np.ndarray | None = None
    done: int = 0
    measured: list[tuple[int, np.ndarray]] = field(default_factory=list)

    @property
    def plans(self) -> list[Plan]:
        return [each for each in (self.plan, self.remember, self.measure) if each is not None]

    @property
    def times(self) -> int:
        """How often it may be measured."""
        if not self.statistics[1]:
            return 0
        begun = int(self.memory.state[STEP])
        end = begun + self.steps
        regular = end // self.every - begun // self.every if self.every else 0
        return regular + (0 if self.every and end % self.every == 0 else 1)
