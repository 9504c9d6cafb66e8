"""What is to be compiled before experiments run: kernels, and on a GPU perhaps code made for their networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kernels.jobs import ReplicaPrograms
from kernels.language import Kernel
from lab.graph.devices import CPU, USES, use_of, worth_specializing
from lab.graph.running import prepare, specialize
from lab.tasks.task import Experiment


@dataclass(frozen=True)
class Need:
    """What one experiment needs, and how many steps it will do.

    real_name: the type of number it computes with;  use: how its GPU is used, a word of `lab.graph.devices.USES`
    """

    real_name: str
    use: str
    kernels: tuple[Kernel, ...]
    programs: tuple[ReplicaPrograms, ...]
    steps: int


def need_of(experiment: Experiment, steps: int | None, device: str, mode: str, replicas: int) -> Need:
    """That of an experiment, for so many steps (by default all of its own), where so many replicas share a device."""
    use = "block"
    if device != CPU:
        layout = getattr(experiment, "layout", None)
        step = layout.plans.get("step") if layout is not None else None
        use = use_of(device, step, mode, replicas)
    real_name = getattr(experiment, "real_name", "float32")  # only what computes in float64 says so
    return Need(
        real_name, use, tuple(experiment.kernels()), tuple(experiment.replica_programs()), steps or experiment.steps
    )


class Compilation:
    """What is to be compiled for some needs on some devices, each of which so many replicas share."""

    def __init__(self, needs: Iterable[Need], replicas: dict[str, int], mode: str) -> None:
        self._needs, self._replicas, self._mode = tuple(needs), replicas, mode

    @property
    def uses(self) -> list[str]:
        """How the devices will be used, in words."""
        uses = dict.fromkeys(USES[each.use] for each in self._needs)
        if self.specialized_on:
            uses[USES["specialized"]] = None
        return list(uses)

    @property
    def specialized_on(self) -> frozenset[str]:
        """The devices for which code is made."""
        return frozenset(
            device for device in self._replicas if any(self._specialized(device, each) for each in self._real_names())
        )

    def run(self, progress: Callable[[str, int], None]) -> None:
        """Compile what is not in the cache."""
        kernels: dict[tuple[str, str], dict[Kernel, None]] = {}
        for each in self._needs:
            kernels.setdefault((each.real_name, each.use), {}).update(dict.fromkeys(each.kernels))
        for device, replicas in self._replicas.items():
            for (real_name, use), some in kernels.items():
                prepare(some, progress, real_name, device, use)
            for real_name in self._real_names():
                programs = self._specialized(device, real_name)
                if programs:
                    specialize(programs, replicas, device, real_name, progress)

    def _real_names(self) -> Sequence[str]:
        return tuple(dict.fromkeys(each.real_name for each in self._needs))

    def _specialized(self, device: str, real_name: str) -> list[ReplicaPrograms]:
        """The programs of replicas for which code is to be made."""
        wanted = [each for each in self._needs if each.real_name == real_name and each.use != "grid" and each.programs]
        programs = [each for need in wanted for each in need.programs]
        if device == CPU or not programs:
            return []
        steps = max(each.steps for each in wanted)
        return programs if worth_specializing(device, programs, self._mode, self._replicas[device], steps) else []
