"""What is compiled before experiments run: kernels, and on a GPU perhaps code made for their networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from kernels.jobs import ReplicaPrograms
from kernels.language import Kernel
from kernels.plan import Row
from lab.events import Compiling
from lab.graph.devices import CPU, USES, use_of, worth_specializing
from lab.graph.running import prepare, shared_memory_share, specialize
from lab.session.recorder import Recorder
from lab.session.replica import Replica
from lab.session.roster import Roster
from lab.session.scheduler import Scheduler
from lab.session.side_by_side import Work, side_by_side
from lab.tasks.task import Experiment


@dataclass(frozen=True)
class Requirements:
    """What one experiment needs, and how many steps it will do.

    real_name: the type of number it computes with;  use: how its GPU is used, a word of `lab.graph.devices.USES`
    rows: those in which the kernels are called
    """

    real_name: str
    use: str
    kernels: tuple[Kernel, ...]
    rows: tuple[Row, ...]
    programs: tuple[ReplicaPrograms, ...]
    steps: int


def requirements_of(experiment: Experiment, steps: int | None, device: str, mode: str, replicas: int) -> Requirements:
    """What an experiment needs that shares its device with so many replicas. steps: instead of all of its own"""
    use = "block"
    if device != CPU:
        step = experiment.layout.plans.get("step") if experiment.layout is not None else None
        use = use_of(device, step, mode, replicas)
    kernels, programs = tuple(experiment.kernels()), tuple(experiment.replica_programs())
    return Requirements(
        experiment.real_name, use, kernels, tuple(experiment.rows()), programs, steps or experiment.steps
    )


class Compilation:
    """What is to be compiled that some experiments need, on some devices, each of which so many replicas share."""

    def __init__(self, requirements: Iterable[Requirements], replicas: dict[str, int], mode: str) -> None:
        self._requirements, self._replicas, self._mode = tuple(requirements), replicas, mode

    @property
    def uses(self) -> list[str]:
        """How the devices will be used, in words."""
        uses = dict.fromkeys(USES[each.use] for each in self._requirements)
        if self.specialized_on:
            uses[f"{USES['specialized']}{self._outside_shared_memory()}"] = None
        return list(uses)

    def _outside_shared_memory(self) -> str:
        """In words, if not all that a step accesses has room in the shared memory of a GPU."""
        shares = [
            shared_memory_share(programs, self._replicas[device], device, real_name)
            for device in self.specialized_on
            for real_name in self._real_names()
            if (programs := self._specialized(device, real_name))
        ]
        least = min(shares, default=1.0)
        return f" ({least:.0%} of what a step accesses in shared memory)" if least < 0.995 else ""

    @property
    def specialized_on(self) -> frozenset[str]:
        """The devices for which code is made."""
        return frozenset(
            device for device in self._replicas if any(self._specialized(device, each) for each in self._real_names())
        )

    def run(self, progress: Callable[..., None]) -> None:
        """Compile what is not in the cache."""
        kernels: dict[tuple[str, str], dict[Kernel, None]] = {}
        rows: dict[tuple[str, str], list[Row]] = {}
        for each in self._requirements:
            kernels.setdefault((each.real_name, each.use), {}).update(dict.fromkeys(each.kernels))
            rows.setdefault((each.real_name, each.use), []).extend(each.rows)
        works: list[Work] = []
        for device, replicas in self._replicas.items():
            for real_name in self._real_names():
                programs = self._specialized(device, real_name)
                if programs:  # takes longest, and so begins first
                    steps = self._steps(real_name)
                    works.append(partial(specialize, programs, replicas, device, real_name, steps))
            for (real_name, use), some in kernels.items():
                works.append(
                    partial(prepare, some, real_name=real_name, device=device, use=use, rows=rows[real_name, use])
                )
        if all(device == CPU for device in self._replicas):  # where processes compile side by side
            for work in works:
                work(progress=progress)
        else:
            side_by_side(works, progress)

    def _real_names(self) -> Sequence[str]:
        return tuple(dict.fromkeys(each.real_name for each in self._requirements))

    def _specialized(self, device: str, real_name: str) -> list[ReplicaPrograms]:
        """The programs of replicas for which code is to be made."""
        programs = [each for some in self._in_groups(real_name) for each in some.programs]
        if device == CPU or not programs:
            return []
        steps = self._steps(real_name)
        return programs if worth_specializing(device, programs, self._mode, self._replicas[device], steps) else []

    def _in_groups(self, real_name: str) -> list[Requirements]:
        """Those whose replicas may have a thread group each."""
        alike = [each for each in self._requirements if each.real_name == real_name]
        return [each for each in alike if each.use != "grid" and each.programs]

    def _steps(self, real_name: str) -> int:
        """How many steps the longest of these replicas does."""
        return max(each.steps for each in self._in_groups(real_name))


class Compiler:
    """Compiles what the variants of a session need, and says which kernel is next and how many are left."""

    def __init__(self, roster: Roster, recorder: Recorder, scheduler: Scheduler, mode: str) -> None:
        self._roster, self._recorder, self._scheduler, self._mode = roster, recorder, scheduler, mode

    def requirements(self, replica: Replica) -> Requirements:
        """Build a replica's experiment, to be used when its turn comes; what it needs. Raises BadInput."""
        replica.built = self._roster.build(replica)
        sharing = self._roster.sharing(replica.device)
        return requirements_of(replica.built, self._roster.steps, replica.device, self._mode, sharing)

    def compilation(self, requirements: Iterable[Requirements]) -> Compilation:
        """What is to be compiled on all devices."""
        sharing = {each: self._roster.sharing(each) for each in self._roster.devices}
        return Compilation(requirements, sharing, self._mode)

    def run(self, compilation: Compilation) -> None:
        """Compile. Raises StoppedEarly if the session is stopped meanwhile."""
        compilation.run(self._tell)
        self._scheduler.specialized |= compilation.specialized_on

    def _tell(self, kernel: str, left: int, seconds: float | None = None) -> None:
        if self._scheduler.stopping:
            raise StoppedEarly
        self._recorder.publish(Compiling(kernel, left, seconds))


class StoppedEarly(Exception):
    """Somebody stopped the session while kernels were compiled."""
