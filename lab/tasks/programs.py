"""Programs over one arena: what all experiments have in common that run a graph step by step.

A kind of experiment builds its graph, names its programs and lets `ProgramExperiment` run them; `step` is the one
that is repeated, the others are run beside it, without counting a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kernels.jobs import DeviceProgram, Job, ReplicaPrograms
from kernels.language import Kernel
from kernels.plan import HALT
from lab.errors import InvalidValue, nearest
from lab.graph import Layout, Tensor
from lab.graph.devices import settle
from lab.graph.running import Program, bind, run_jobs
from lab.graph.tensor import Call
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.host_step import HostStep
from lab.nets.network import Network
from lab.nets.training_step import TrainingStep
from lab.tasks.divergence import first_bad_tensor
from lab.tasks.stopwatch import Stopwatch

LARGEST_MEMORY = 4 * 1024**3
"""Bytes of arena and data above which an experiment is refused, before memory is taken."""

HOST_STEP = "driver: "
"""Before the names of what a host step adds to a state; the word is that of checkpoints of version 0.1.0."""

Parts = Mapping[str, Sequence[Tensor | Call]]


class ProgramExperiment:
    """The half of `lab.tasks.task.Experiment` that does not depend on what is computed.

    adjustable: the numbers that may be changed while it runs
    measurements: (step, values) of what was measured on the way by the last call that was to
    layout:  where everything stands, once `lay_out` was called
    real_name: the type of real number that is computed with
    """

    real_name: ClassVar[str] = "float32"

    def __init__(self, steps: int, seed: int) -> None:
        self.steps, self.step, self.seed = steps, 0, seed
        self.adjustable = AdjustableNumbers()
        self.host_step: HostStep | None = None
        self.measurements: list[tuple[int, dict[str, float]]] = []
        self._diverged: str | None = None
        self._programs: dict[str, Program] = {}
        self._settings: dict[str, float] = {}

    def lay_out(self, programs: Parts) -> None:
        """Give every tensor its place. `step` is the training step; one that is called `remember` runs before the last
        step of each chunk; the others wait for `run_beside`."""
        self.layout = Layout({name: program for name, program in programs.items() if program})
        needed = 4 * (self.layout.arena + self.layout.shared)
        if needed > LARGEST_MEMORY:
            raise InvalidValue(
                (),
                f"one replica would need about {needed / 1024**3:,.1f} GiB for data, weights and activations; the "
                f"limit is {LARGEST_MEMORY / 1024**3:.0f} GiB. Smaller batches, layers or data need less.",
            )

    def kernels(self) -> tuple[Kernel, ...]:
        return tuple(dict.fromkeys(kernel for plan in self.layout.plans.values() for kernel in plan.kernels))

    def replica_programs(self) -> tuple[ReplicaPrograms, ...]:
        plans = self.layout.plans
        if "step" not in plans:
            return ()
        measure = plans.get("measure") if self.streamed()[1] else None
        return (ReplicaPrograms(plans["step"], plans.get("remember"), measure, self.layout.kept),)

    def prepare(self) -> None:
        """Take the memory and fill in the settings."""
        self.memory: Any = self.layout.memory(self.layout.shared_memory(self.real_name), self.seed)
        settle(self.memory, self.layout.plans.get("step"))
        self._programs = {name: bind(plan, self.memory) for name, plan in self.layout.plans.items()}
        for name, value in self.adjustable.first.items():
            self.put(self.adjustable.storage.members[name], value)
        self._note_settings()

    def program(self, name: str) -> Program:
        """One of the programs, bound to this replica's memory."""
        return self._programs[name]

    def run_through(self, host_step: HostStep) -> None:
        """Let something on the host run the program `step` from now on, to act between steps."""
        self.host_step = host_step
        self._programs["step"] = host_step

    def search_steps(self, step: TrainingStep) -> None:
        """Let an optimizer that decides on the host run the program `step`; others need nobody to."""
        program = self._programs["step"]
        found = step.optimizer.host_step(step.context, program, self.layout, self.memory)
        if found is not None:
            self.run_through(found)

    def put(self, tensor: Tensor, value: Any) -> None:
        """Write a stored tensor; one that no program uses is left out."""
        if self.layout.knows(tensor):
            self.layout.view(self.memory, tensor)[...] = value

    def read(self, tensor: Tensor) -> np.ndarray:
        """A copy of a stored tensor's numbers."""
        return self.layout.view(self.memory, tensor).copy()

    def begin(self, network: Network, folder: Path | None = None) -> None:
        """Give a network its first weights: drawn from its seed, or from a file, relative paths from `folder`."""
        for name, value in network.first_values(folder).items():
            self.put(network.kept[name], value)

    def numbers(self, tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
        """Copies of stored tensors' numbers by name; those that no program uses are left out."""
        return {name: self.read(tensor) for name, tensor in tensors.items() if self.layout.knows(tensor)}

    @property
    def evaluations(self) -> int:
        """How often loss and gradient were computed so far: once per step, but for optimizers with a line search."""
        return self.host_step.evaluations if self.host_step else self.step

    def time_steps(self, watch: Stopwatch) -> None:
        """Have each stretch of steps timed from now on."""
        self._programs["step"] = watch.around(self._programs["step"])

    def advance(self, steps: int) -> None:
        """Train; stops at the step whose loss is not finite, and finds out where that began."""
        if self._diverged or steps <= 0:
            return
        job = self.job(steps)
        if job is not None:
            run_jobs([job])
            self.finish(job)
            return
        before = ProgramExperiment.state(self)  # without what others remember beside it, which training does not change
        done = self._train(steps)
        if self.memory.state[HALT]:
            self._find_divergence(before, done)

    def advance_measured(self, steps: int, every: int) -> None:
        """As `advance`, and measure after steps whose number is a multiple of `every`, if all that a measurement
        consists of is in the arena (`streamed`); what was measured stands in `measurements`."""
        self.measurements = []
        if self._diverged or steps <= 0:
            return
        before, begun, end = ProgramExperiment.state(self), self.step, self.step + steps
        first, count = self.streamed()
        numbers = self.memory.arena[first : first + count]
        while self.step < end and not self.memory.state[HALT]:
            wanted = min(end - self.step, every - self.step % every)
            if self._train(wanted) < wanted:
                break
            if self.step % every == 0 and not self.memory.state[HALT]:
                self.run_beside("measure")
                self.measurements.append((self.step, self.take_measurement(numbers, self.step)))
        if self.memory.state[HALT]:
            self._find_divergence(before, self.step - begun)

    def _train(self, steps: int) -> int:
        """Run the training step so often; how often it was."""
        step, remembers = self._programs["step"], "remember" in self._programs
        # The last step is done apart, so that what it changes can be measured, whatever the size of the chunks.
        done = step.run(steps - 1) if remembers and steps > 1 else 0
        if remembers and not self.memory.state[HALT]:
            self.run_beside("remember")
        if not self.memory.state[HALT]:
            done += step.run(steps - done)
        self.step += done
        return done

    def streamed(self) -> tuple[int, int]:
        """The stretch of the arena, (first element, how many), with all that a measurement consists of once the
        program `measure` has run; (0, 0) if there is no such stretch, and only `measure` can tell."""
        return 0, 0

    def take_measurement(self, numbers: np.ndarray, step: int) -> dict[str, float]:
        """What `measure` would have given after a step, from that stretch as it was then."""
        raise NotImplementedError

    @property
    def on_device(self) -> bool:
        """Whether its steps can be done by a GPU alone."""
        return not self._diverged and isinstance(self._programs["step"], DeviceProgram)

    def job(self, steps: int, every: int = 0) -> Job | None:
        """So many steps as a job for a GPU; None where the host must have a hand in each step, or on the CPU.

        every: where measurements can be streamed, measure after steps whose number is a multiple of this
        """
        if not self.on_device:
            return None
        (programs,) = self.replica_programs()
        first, count = self.streamed() if every else (0, 0)
        return Job(
            self.memory,
            programs if count else replace(programs, measure=None),
            steps,
            every=every if count else 0,
            statistics=(first, count, 1),
            state=self.memory.state.copy(),
        )

    def finish(self, job: Job) -> None:
        """Take in what a job has done."""
        self.step += job.done
        self.measurements = [(step, self.take_measurement(numbers, step)) for step, numbers in job.measured]
        if self.memory.state[HALT]:
            before = {
                "arena": self.memory.backed_up(self.layout.kept),
                "state": job.state,
                "step": np.array([self.step - job.done], np.int64),
            }
            self._find_divergence(before, job.done)

    def _find_divergence(self, before: dict[str, np.ndarray], done: int) -> None:
        after = ProgramExperiment.state(self)
        ProgramExperiment.restore(self, before)
        if done > 1:
            self._programs["step"].run(done - 1)
        where = first_bad_tensor(self._programs["step"], self.layout)
        ProgramExperiment.restore(self, after)
        self._diverged = f"{where} at step {self.step}."

    def run_beside(self, name: str) -> None:
        """Run another program than the training step, without counting a step; an empty one does nothing."""
        if name not in self._programs:
            return
        state = self.memory.state.copy()
        self._programs[name].run()
        self.memory.state[:] = state

    # Steering and saving

    def settings(self) -> dict[str, float]:
        return dict(self._settings)

    def _note_settings(self) -> None:
        # Whoever shows them asks from another thread, and memory on a GPU must not be looked at while it trains.
        self._settings = {
            name: float(self.layout.view(self.memory, tensor)[0])
            for name, tensor in self.adjustable.storage.members.items()
            if self.layout.knows(tensor)
        }

    def change(self, name: str, value: float) -> None:
        known = self.settings()
        if name not in known:
            raise InvalidValue((name,), f"cannot be changed while this runs; {nearest(name, known)}.")
        if not np.isfinite(value) or (value < 0):
            raise InvalidValue((name,), f"cannot become {value}.")
        self.put(self.adjustable.storage.members[name], value)
        self._note_settings()

    def diverged(self) -> str | None:
        return self._diverged

    def state(self) -> dict[str, np.ndarray]:
        own = {
            "arena": self.memory.arena[: self.layout.kept].copy(),
            "state": self.memory.state.copy(),
            "step": np.array([self.step], np.int64),
        }
        hosted = self.host_step.state() if self.host_step else {}
        return own | {f"{HOST_STEP}{name}": array for name, array in hosted.items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        hosted = {name.removeprefix(HOST_STEP): array for name, array in state.items() if name.startswith(HOST_STEP)}
        own = {name for name in state if not name.startswith(HOST_STEP)}
        if own != {"arena", "state", "step"} or state["arena"].size != self.layout.kept:
            raise ValueError("this state is of another network")
        if bool(hosted) != (self.host_step is not None):
            raise ValueError("this state is of another optimizer")
        if self.host_step is not None:
            self.host_step.restore(hosted)
        self.memory.arena[: self.layout.kept] = state["arena"]
        self._note_settings()
        self.memory.state[:] = state["state"]
        self.step = int(state["step"][0])
        self._diverged = None
        self.memory.state[HALT] = 0
