"""What acts on the host between training steps: a line search, an environment, a memory of what was seen.

An experiment with a host step lets it run the program of the training step. What a host step writes for that program to
read belongs into a storage of kind `inputs`, which checkpoints leave out; what it remembers belongs into its state.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from kernels.memory import Memory
from kernels.plan import HALT, Plan
from lab.graph.running import Program

State = dict[str, np.ndarray]


class HostStep(Protocol):
    """Runs training steps, and does what it has to between them; to others it is like the program that it runs.

    plan, memory: those of the program
    evaluations:  how often the program ran so far
    """

    plan: Plan
    memory: Memory

    @property
    def evaluations(self) -> int: ...

    def run(self, steps: int = 1) -> int:
        """Do so many steps; fewer only if something stopped being finite. Returns how many were done."""

    def run_row(self, index: int) -> None:
        """Run one row of the program, to find out where something stopped being finite."""

    def state(self) -> State:
        """Copies of all that is needed to go on to bit-identical results."""

    def restore(self, state: State) -> None:
        """Go on from a state."""


class ActsBeforeSteps:
    """Base of host steps that act before each run of the program, such as an environment: `act` says how."""

    def __init__(self, program: Program) -> None:
        self.program, self.plan, self.memory = program, program.plan, program.memory
        self.evaluations = 0

    def act(self) -> None:
        """Do what is to be done before the next step."""
        raise NotImplementedError

    def run(self, steps: int = 1) -> int:
        for done in range(steps):
            self.act()
            self.program.run()
            self.evaluations += 1
            if self.memory.state[HALT]:
                return done + 1
        return steps

    def run_row(self, index: int) -> None:
        self.program.run_row(index)

    def state(self) -> State:
        return {"evaluations": np.array([self.evaluations], np.int64)}

    def restore(self, state: State) -> None:
        self.evaluations = int(state["evaluations"][0])
