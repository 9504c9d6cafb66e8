"""The time a program takes, measured in the thread that runs it, and how a metric says that it is such a time."""

from __future__ import annotations

import statistics
import time

from kernels.memory import Memory
from kernels.plan import Plan
from lab.graph.running import Program
from lab.metrics.meaning import Meaning, Unit


class Timed(Meaning):
    """What a metric means that is read off the clock.

    Whatever else the machine does (it shares caches, memory and often a core's arithmetic units) can change such a
    number, so whoever checks a claim about it lets nothing else run meanwhile.
    """

    def __new__(cls, text: str, unit: Unit, higher_is_better: bool | None = False) -> Timed:
        made = super().__new__(cls, text, unit, higher_is_better)
        assert isinstance(made, cls)
        return made


class Stopwatch:
    """Processor seconds per step, one sample for each run of a program.

    The time of the thread, not of the wall clock: what else the machine does meanwhile does not count.
    """

    def __init__(self) -> None:
        self.samples: list[float] = []

    @property
    def median(self) -> float:
        """The median of the samples; the first ones, while memory is cold, weigh no more than others."""
        return statistics.median(self.samples)

    def around(self, program: Program) -> Program:
        """The same program, timed."""
        return _Timed(program, self.samples)


class _Timed:
    def __init__(self, program: Program, samples: list[float]) -> None:
        self._program, self._samples = program, samples
        self.plan: Plan = program.plan
        self.memory: Memory = program.memory

    def run(self, steps: int = 1) -> int:
        begun = time.thread_time()
        done = self._program.run(steps)
        if done:
            self._samples.append((time.thread_time() - begun) / done)
        return done

    def run_row(self, index: int) -> None:
        self._program.run_row(index)
