"""Programs over one arena: what all experiments have in common that run a graph step by step.

A kind of experiment builds its graph, names its programs and lets `ProgramExperiment` run them; `step` is the one
that is repeated, the others are run beside it, without counting a step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kernels.jobs import DeviceProgram, Job, ReplicaPrograms
from kernels.language import Kernel
from kernels.plan import HALT
from lab.data.limits import size
from lab.errors import InvalidValue
from lab.free_memory import free_memory
from lab.graph import Layout, Tensor
from lab.graph.devices import on_gpu, settle
from lab.graph.running import Program, bind, run_jobs
from lab.graph.tensor import Call
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.host_step import HostStep
from lab.nets.limits import Limits
from lab.nets.network import Network
from lab.nets.training_step import TrainingStep
from lab.tasks.divergence import first_bad_tensor
from lab.tasks.stopwatch import Stopwatch
from lab.tasks.task import Experiment, Measurements

LARGEST_MEMORY = 4 * 1024**3
"""Bytes of arena and data above which an experiment is refused, before memory is taken."""

WORTH_ASKING = 64 * 1024**2
"""Bytes below which nobody asks how much memory is free."""

HOST_STEP = "driver: "
"""Before the names of what a host step adds to a state; the word is that of checkpoints of version 0.1.0."""

KEPT_NAMES = "layout"
"""The name under which a state says what is kept in its arena; states of version 0.1.0 do not."""

Parts = Mapping[str, Sequence[Tensor | Call]]


class ProgramExperiment(Experiment):
    """An experiment that repeats a program: the half that does not depend on what is computed.

    adjustable: the numbers that may be changed while it runs
    host_acts:  whether `advance` does more than run the training step, so that no GPU can do it alone
    host_measurements: methods (not bound, which would be a circle) with what only the host can find out of a
                measurement; where there are none, it is measured on the way
    layout:  where everything stands, once `lay_out` was called
    """

    layout: Layout
    host_acts: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        if "advance" in vars(cls):
            cls.host_acts = True

    def __init__(self, steps: int, seed: int) -> None:
        self.steps, self.step, self.seed = steps, 0, seed
        self.adjustable = AdjustableNumbers()
        self.host_step: HostStep | None = None
        self.host_measurements: list[Callable[[Any], dict[str, float]]] = []
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
        self._refuse_if_not_free(4 * self.layout.arena)

    def _refuse_if_not_free(self, needed: int) -> None:
        """Raises InvalidValue if this replica would need more memory of its own than the machine has left."""
        if needed < WORTH_ASKING or on_gpu():
            return
        free = free_memory()
        if free is not None and needed > free:
            raise InvalidValue(
                (),
                f"one replica would need about {size(needed)} for weights and activations, but only {size(free)} of "
                "memory are free. Smaller batches, layers or images need less.",
            )

    def kernels(self) -> tuple[Kernel, ...]:
        return tuple(dict.fromkeys(kernel for plan in self.layout.plans.values() for kernel in plan.kernels))

    def replica_programs(self) -> tuple[ReplicaPrograms, ...]:
        plans = self.layout.plans
        if "step" not in plans:
            return ()
        measure = plans.get("measure") if self.measures_on_the_way else None
        return (ReplicaPrograms(plans["step"], plans.get("remember"), measure, self.layout.kept),)

    def prepare(self) -> None:
        """Take the memory and fill in the settings."""
        self.memory: Any = self.layout.memory(self.layout.shared_memory(self.real_name), self.seed)
        settle(self.memory, self.layout.plans.get("step"), self.layout.kept)
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

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        """Train; stops at the step whose loss is not finite, and finds out where that began."""
        if self._diverged or steps <= 0:
            return []
        job = self.job(steps, measure_every)
        if job is not None:
            try:
                run_jobs([job])
            except BaseException:
                self.keep_step_of(job)
                raise
            return self.finish(job)
        every = measure_every if self.measures_on_the_way else 0
        first, count = self.measured_stretch()
        numbers, measured = self.memory.arena[first : first + count], Measurements()
        before = ProgramExperiment.state(self)  # without what others remember beside it, which training does not change
        begun, end = self.step, self.step + steps
        while self.step < end and not self.memory.state[HALT]:
            wanted = min(end - self.step, every - self.step % every) if every else steps
            if self._train(wanted) < wanted:
                break
            if every and self.step % every == 0 and not self.memory.state[HALT]:
                self.run_beside("measure")
                measured.append((self.step, self.measured_values(numbers, first, self.step)))
        if self.memory.state[HALT]:
            self._find_divergence(before, self.step - begun)
        return measured

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

    # Measuring: the program `measure` leaves numbers in a stretch of the arena, to which the host may add something.

    def measured_stretch(self) -> tuple[int, int]:
        """The stretch of the arena, (first element, how many), with all that `measured_values` needs once the program
        `measure` has run; (0, 0) if there is none that could be read on the way."""
        return 0, 0

    def measured_values(self, numbers: np.ndarray, first: int, step: int) -> dict[str, float]:
        """The metrics after a step, from the arena or a stretch of it, whose first element is number `first`."""
        raise NotImplementedError

    def measure(self) -> dict[str, float]:
        self.run_beside("measure")
        values = self.measured_values(self.memory.arena, 0, self.step)
        for each in self.host_measurements:
            values |= each(self)
        return values

    @property
    def measures_on_the_way(self) -> bool:
        return not self.host_acts and not self.host_measurements and self.measured_stretch()[1] > 0

    @property
    def on_device(self) -> bool:
        """Whether its steps can be done by a GPU alone."""
        return not self._diverged and isinstance(self._programs["step"], DeviceProgram)

    def job(self, steps: int, every: int = 0) -> Job | None:
        """So many steps as a job for a GPU; None where the host must have a hand in each step, or on the CPU.

        every: where it can be measured on the way, measure after steps whose number is a multiple of this
        """
        if not self.on_device:
            return None
        (programs,) = self.replica_programs()
        first, count = self.measured_stretch() if every and self.measures_on_the_way else (0, 0)
        return Job(
            self.memory,
            programs if count else replace(programs, measure=None),
            steps,
            every=every if count else 0,
            statistics=(first, count, 1),
            state=self.memory.state.copy(),
        )

    def shared_job(self, steps: int, measure_every: int = 0) -> Job | None:
        return None if self.host_acts or steps <= 0 else self.job(steps, measure_every)

    def keep_step_of(self, job: Job) -> None:
        self.step += job.done

    def finish(self, job: Job) -> Measurements:
        self.keep_step_of(job)
        first, _ = self.measured_stretch()
        measured = [(step, self.measured_values(numbers, first, step)) for step, numbers in job.measured]
        if self.memory.state[HALT]:
            before = {
                "arena": self.memory.backed_up(self.layout.kept),
                "state": job.state,
                "step": np.array([self.step - job.done], np.int64),
            }
            self._find_divergence(before, job.done)
        return measured

    def _find_divergence(self, before: dict[str, np.ndarray], done: int) -> None:
        after = ProgramExperiment.state(self)
        try:
            ProgramExperiment.restore(self, before)
            if done > 1:
                self._programs["step"].run(done - 1)
            where = first_bad_tensor(self._programs["step"], self.layout)
        finally:  # whoever saves it afterwards finds weights and step that go together
            ProgramExperiment.restore(self, after)
        self._diverged = f"{where} at step {self.step}."

    def run_beside(self, name: str) -> None:
        """Run another program than the training step, without counting a step; an empty one does nothing."""
        if name not in self._programs:
            return
        state = self.memory.state.copy()
        try:
            self._programs[name].run()
        finally:
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

    def limits(self) -> dict[str, Limits]:
        return {name: self.adjustable.limits[name] for name in self._settings}

    def change(self, name: str, value: float) -> None:
        if name not in self._settings:
            super().change(name, value)
        if refusal := self.adjustable.limits[name].refusal(name, value):
            raise InvalidValue((name,), refusal.removeprefix(f"{name} "))
        self.put(self.adjustable.storage.members[name], value)
        self._note_settings()

    def diverged(self) -> str | None:
        return self._diverged

    def state(self) -> dict[str, np.ndarray]:
        own = {
            "arena": self.memory.arena[: self.layout.kept].copy(),
            "state": self.memory.state.copy(),
            "step": np.array([self.step], np.int64),
            KEPT_NAMES: self._kept_names(),
        }
        hosted = self.host_step.state() if self.host_step else {}
        return own | {f"{HOST_STEP}{name}": array for name, array in hosted.items()}

    def _kept_names(self) -> np.ndarray:
        return np.frombuffer(self.layout.kept_names, np.uint8)

    def require_fit(self, state: dict[str, np.ndarray]) -> None:
        kept, names = state.get("arena"), state.get(KEPT_NAMES)
        same_names = names is None or np.array_equal(names, self._kept_names())
        if kept is None or kept.size != self.layout.kept or not same_names:
            raise ValueError("this state is of another network")

    def restore(self, state: dict[str, np.ndarray]) -> None:
        hosted = {name.removeprefix(HOST_STEP): array for name, array in state.items() if name.startswith(HOST_STEP)}
        own = {name for name in state if not name.startswith(HOST_STEP)}
        if own - {KEPT_NAMES} != {"arena", "state", "step"}:
            raise ValueError("this state is of another network")
        ProgramExperiment.require_fit(self, state)
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
