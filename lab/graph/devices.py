"""Where networks are computed: on the CPU, or on one of the GPUs; and whose turn it is in the code that runs now.

Whoever builds an experiment says `with on("cuda:0")`; every replica's memory that is made inside lies there, and
programs run where their memory lies.
"""

from __future__ import annotations

import contextlib
import contextvars
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels.jobs import ReplicaPrograms
from kernels.memory import Memory
from kernels.plan import Plan
from lab.errors import BadInput, DeviceMissing

CPU = "cpu"
MODES = ("auto", "block", "specialized", "grid")
"""How a GPU is used: a thread group for each replica, the same with code that is made for its network, the whole GPU
for one replica, or whichever suits the size and the length of the run."""
FORMER_MODES = {"written": "specialized"}
"""What modes were called in runs that were kept before, and what they are called now."""

_current: contextvars.ContextVar[str] = contextvars.ContextVar("device", default=CPU)
_use: contextvars.ContextVar[tuple[str, int, bool]] = contextvars.ContextVar("use", default=("auto", 1, False))


@dataclass(frozen=True)
class Choice:
    """Where replicas are computed.

    devices: "cpu", or "cuda:0" and so on, on which replicas are spread
    reason: why not a GPU, or not all of them, if they were wished
    """

    devices: tuple[str, ...]
    reason: str = ""

    @property
    def on_gpu(self) -> bool:
        """Whether replicas are computed on GPUs."""
        return self.devices != (CPU,)

    @property
    def name(self) -> str:
        """The name that events and runs have for it: the only device, or how many GPUs there are."""
        return self.devices[0] if len(self.devices) == 1 else f"{len(self.devices)} GPUs"


def choose(asked: str) -> Choice:
    """What `--device` means: cpu, cuda (all GPUs that can be used), cuda:1, or auto (the same, if there are any).

    Raises BadInput for another word, DeviceMissing if there is no such device.
    """
    if asked == CPU:
        return Choice((CPU,))
    match = re.fullmatch(r"(auto|cuda)|cuda:(\d+)", asked)
    if not match:
        raise BadInput(f"There is no device {asked!r}; allowed: cpu, cuda, cuda:0, cuda:1, …, auto.")
    from kernels.targets.cuda.driver import count
    from kernels.targets.cuda.driver_answers import DeviceProblem

    try:
        return _usable(range(count()) if match[1] else [int(match[2])])
    except DeviceProblem as problem:
        if asked == "auto":
            return Choice((CPU,), str(problem))
        raise DeviceMissing(str(problem)) from None


def _usable(numbers: Sequence[int]) -> Choice:
    """The choice of those GPUs that can be used: there may be one for the screen beside them. Raises DeviceProblem."""
    from kernels.targets.cuda.driver import device
    from kernels.targets.cuda.driver_answers import DeviceProblem

    found, problems = [], []
    for each in numbers:
        try:
            device(each)
            found.append(f"cuda:{each}")
        except DeviceProblem as problem:
            problems.append(problem)
    if not found:
        raise problems[0]
    return Choice(tuple(found), " ".join(map(str, problems)))


@contextlib.contextmanager
def on(device: str, mode: str = "auto", replicas: int = 1, specialized: bool = False) -> Iterator[None]:
    """Memory that is made inside lies on this device, which is used as `mode` says and shared by so many replicas.

    specialized: whether code that was made for a replica's network is used
    """
    tokens = _current.set(device), _use.set((mode, replicas, specialized))
    try:
        yield
    finally:
        _current.reset(tokens[0])
        _use.reset(tokens[1])


def on_gpu() -> bool:
    """Whether memory that is made now lies on a GPU."""
    return _current.get() != CPU


def has_room() -> bool:
    """Whether more than a quarter of the memory is free of the GPU on which memory is made now."""
    from kernels.targets.cuda.driver import device as gpu

    on = gpu(number_of(_current.get()))
    return on.free_memory() > on.properties.memory / 4


def settle(memory: Any, plan: Plan | None, kept: int = 0) -> None:
    """Decide how a replica whose training step this is will be computed, where there is a choice, and take all memory
    that it will need: before each launch its state, the first `kept` elements, is set aside."""
    if plan is not None and not isinstance(memory, Memory):
        mode, replicas, specialized = _use.get()
        memory.settle(plan, replicas, mode, specialized)
        if kept:
            memory.backup(kept)


USES = {
    "block": "a thread group for each replica",
    "tiles": "a large thread group for each replica",
    "specialized": "with code made for its network",
    "grid": "the whole GPU for one replica after the other",
}


def use_of(device: str, plan: Plan | None, mode: str, replicas: int) -> str:
    """How a GPU is used for so many replicas with such a training step: block, tiles, or grid."""
    from kernels.targets.cuda.driver import device as gpu
    from kernels.targets.cuda.launch_configuration import analysis_of, mode_for, tiled

    if plan is None:
        return "block"
    chosen = mode_for(plan, replicas, mode, gpu(number_of(device)))
    return "tiles" if chosen == "block" and tiled(analysis_of(plan).threads) else chosen


def worth_specializing(device: str, programs: Sequence[ReplicaPrograms], mode: str, replicas: int, steps: int) -> bool:
    """Whether code is to be made for replicas with these programs, of which so many do so many steps on a device."""
    from kernels.targets.cuda import launch_configuration
    from kernels.targets.cuda.driver import device as gpu

    return launch_configuration.worth_specializing(
        programs, steps * launch_configuration.waves(replicas, gpu(number_of(device))), mode
    )


def new_memory(arena: int, shared: np.ndarray, seed: int) -> Any:
    """The memory of one replica, where `on` says."""
    device = _current.get()
    if device == CPU:
        return Memory(arena, shared, seed)
    from kernels.targets.cuda.memory import Memory as MemoryOnGPU

    return MemoryOnGPU(arena, shared, seed, number_of(device))


def number_of(device: str) -> int:
    """Which GPU "cuda:1" is."""
    return int(device.partition(":")[2] or 0)


def summary(device: str) -> str:
    """A device in words."""
    if device == CPU:
        return "the CPU"
    from kernels.targets.cuda.driver import device as gpu

    return f"{device}, {gpu(number_of(device)).properties.name}"
