"""What one replica is to do on a GPU, and what came of it; and the programs that replicas run there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kernels.plan import STEP, Plan


class DeviceProgram:
    """A plan bound to a replica's memory on a GPU, which runs it by itself: several can be run in one launch."""


@dataclass(frozen=True)
class ReplicaPrograms:
    """The programs that a GPU runs for a replica by itself, without the host between two steps.

    plan:     the training step
    remember, measure: the programs that run before and after a step that is measured
    kept:     how many elements at the beginning of the arena are the replica's state; before a launch a copy of them is
              made, unless this is 0
    """

    plan: Plan
    remember: Plan | None = None
    measure: Plan | None = None
    kept: int = 0

    @property
    def plans(self) -> list[Plan]:
        """All of these programs."""
        return [each for each in (self.plan, self.remember, self.measure) if each is not None]

    @property
    def training(self) -> list[Plan]:
        """Those that run before a step's measurement."""
        return [each for each in (self.plan, self.remember) if each is not None]


@dataclass
class Job:
    """So many steps of one replica, measured on the way.

    memory:   the replica's memory, on a GPU
    programs: what it runs
    steps:    how many steps to do
    every:    measure after steps whose number is a multiple of this, and after the last one
    statistics: (first element in the arena, how many, how far apart) of what is measured; if there are none, nothing is
    state:    the replica's integers as they were before
    done:     after the launch, how many steps were done
    measured: after the launch, (step number, statistics) of each measurement
    """

    memory: Any
    programs: ReplicaPrograms
    steps: int
    every: int = 0
    statistics: tuple[int, int, int] = (0, 0, 1)
    state: np.ndarray | None = None
    done: int = 0
    measured: list[tuple[int, np.ndarray]] = field(default_factory=list)

    @property
    def times(self) -> int:
        """How often it may be measured."""
        if not self.statistics[1]:
            return 0
        begun = int(self.memory.state[STEP])
        end = begun + self.steps
        regular = end // self.every - begun // self.every if self.every else 0
        return regular + (0 if self.every and end % self.every == 0 else 1)
