"""A device whose launches run on the CPU's kernels: everything around the kernels is as on a GPU, and the numbers are
exactly those of the CPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

from kernels.jobs import Job
from kernels.memory import Memory
from kernels.plan import HALT, STEP, Plan
from kernels.targets import cpu
from kernels.targets.cuda import block_launches, interpreter_kernels, row_kernels, specialized_kernels
from kernels.targets.cuda import memory as on_gpu
from kernels.targets.cuda.simulated_device import SimulatedDevice


class _Image(Memory):
    """The device's own copy of a replica, as the CPU target takes it."""

    def __init__(self, memory: on_gpu.Memory) -> None:
        super().__init__(memory.size, memory.shared)
        memory.device.download(self.arena, memory.addresses[0])
        memory.device.download(self.state, memory.addresses[2])


def run(jobs: Sequence[Job]) -> None:
    """As `block_launches.run`."""
    for job in jobs:
        memory = job.memory
        memory.update_device()
        image = _Image(memory)
        if job.programs.kept:
            memory.device.upload(memory.backup(job.programs.kept), image.arena[: job.programs.kept].copy())
        first, count, stride = job.statistics
        begun, job.measured, job.done = int(image.state[STEP]), [], 0
        while job.done < job.steps and not (job.done and image.state[HALT]):
            number = begun + job.done + 1
            due = job.done + 1 == job.steps or bool(job.every and number % job.every == 0)
            if due and job.programs.remember is not None:
                _beside(job.programs.remember, image)
            job.done += cpu.Program(job.programs.plan, image).run(1)
            if due and count:
                if job.programs.measure is not None:
                    _beside(job.programs.measure, image)
                job.measured.append((number, image.arena[first : first + count * stride : stride].copy()))
        _hand_back(memory, image)


def _beside(plan: Plan, image: Memory) -> None:
    before = image.state.copy()
    cpu.Program(plan, image).run(1)
    image.state[:] = before


def _hand_back(memory: on_gpu.Memory, image: Memory) -> None:
    memory.device.upload(memory.addresses[0], image.arena)
    memory.device.upload(memory.addresses[2], image.state)
    memory.adopt_state(image.state)


def _run_row(self: block_launches.Program, index: int) -> None:
    self.memory.update_device()
    image = _Image(self.memory)
    cpu.Program(self.plan, image).run_row(index)
    _hand_back(self.memory, image)


@contextmanager
def host_device(gpus: int = 1) -> Iterator[None]:
    """Inside, so many GPUs exist, and are this."""
    devices = [SimulatedDevice(number) for number in range(gpus)]
    with (
        mock.patch("kernels.targets.cuda.driver.device", lambda number=0: devices[number]),
        mock.patch("kernels.targets.cuda.driver.count", return_value=gpus),
        mock.patch.object(on_gpu, "device", lambda number=0: devices[number]),
        mock.patch.object(block_launches, "run", run),
        mock.patch.object(interpreter_kernels, "prepare"),
        mock.patch.object(specialized_kernels, "prepare"),
        mock.patch.object(block_launches.Program, "run_row", _run_row),
        mock.patch.object(row_kernels, "prepare"),
    ):
        yield
