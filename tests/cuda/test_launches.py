"""Launches of thread groups on a driver that computes nothing: what they ask for, and what is left when one fails."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.jobs import Job, ReplicaPrograms
from kernels.matrix import matmul
from kernels.plan import ARENA, HALT, STATE_SIZE, STEP, Plan, Row
from kernels.relu import relu
from kernels.targets.cuda import block_launches, driver, grid_launches, specialized_kernels
from kernels.targets.cuda.driver import DeviceProblem
from kernels.targets.cuda.memory import Memory
from kernels.targets.cuda.persistent_kernel import MOST_LOADED, LoadedKernels, PersistentKernel
from lab.tasks.programs import ProgramExperiment
from lab.tasks.side_by_side import advance_together
from tests.cuda.fake_driver import FakeDriver, Status

pytestmark = pytest.mark.cuda

DONE = 5


class Driver(FakeDriver):
    """One whose launches do `DONE` steps, as far as their states say.

    launches: how many may be started before one fails;  asked: bytes of shared memory of each
    """

    def __init__(self, launches: int = 100, **changed: int) -> None:
        super().__init__(**changed)
        self.launches, self.asked = launches, []

    def cuLaunchKernel(self, *arguments: Any) -> tuple[Any, ...]:
        if len(self.asked) == self.launches:
            return (Status.CUDA_ERROR_OUT_OF_MEMORY,)
        self.asked.append(arguments[7])
        return super().cuLaunchKernel(*arguments)

    def cuMemcpyDtoHAsync(self, target: int, address: int, size: int, stream: int) -> tuple[Any, ...]:
        if size == STATE_SIZE * 8:
            state = np.zeros(STATE_SIZE, np.int64)
            state[STEP] = DONE
            ctypes.memmove(target, state.ctypes.data, size)
        return super().cuMemcpyDtoHAsync(target, address, size, stream)


class Kernel(PersistentKernel):
    """One that nobody has compiled."""

    def __init__(self, on: Any) -> None:
        super().__init__(on, 1)
        self.function = driver.Function(None, None)

    def row_range(self, plan: Plan, in_shared_memory: bool) -> tuple[int, int]:
        return 0, 1


@pytest.fixture
def interpreted(monkeypatch):
    monkeypatch.setattr(block_launches, "interpreter", lambda number, *others: Kernel(driver.device(number)))


def plan_of(kernel: Any, arena: int, **sizes: int) -> Plan:
    """A plan of one row, with its operands one after the other at the end of the arena."""
    places, end = [], arena
    for operand in reversed(kernel.operands):
        end -= int(np.prod([sizes[each] for each in operand.extents]))
        places.insert(0, (ARENA, end // 4 * 4))
    return Plan((Row(kernel, tuple(places), tuple(sizes[each] for each in kernel.extents), ()),), arena, 1)


def memory_for(plan: Plan, real_name: str = "float32") -> Memory:
    return Memory(plan.arena, np.zeros(1, real_name))


def jobs_of_two_launches() -> list[Job]:
    plan = plan_of(relu, 64, n=16)
    return [Job(memory_for(plan, real_name), ReplicaPrograms(plan), DONE) for real_name in ("float32", "float64")]


@pytest.mark.usefixtures("interpreted")
def test_where_a_later_launch_fails_the_jobs_of_earlier_ones_know_what_was_done(install):
    fake = install(Driver(launches=1))
    done, failed = jobs_of_two_launches()
    with pytest.raises(DeviceProblem, match="memory is full"):
        block_launches.run([done, failed])
    assert (done.done, done.memory.state[STEP]) == (DONE, DONE)
    assert (failed.done, failed.memory.state[STEP]) == (0, 0)
    assert driver.device(0).stream == 1
    assert len(fake.asked) == 1


@pytest.mark.usefixtures("interpreted")
def test_a_replica_whose_launch_was_lost_has_no_numbers(install):
    """They would be those of another step than the host's state."""
    fake = install(Driver())
    jobs = jobs_of_two_launches()
    for job in jobs:
        job.memory.adopt_state(job.memory.state.copy())
    fake.fails["cuMemcpyDtoHAsync"] = Status.CUDA_ERROR_LAUNCH_FAILED
    with pytest.raises(DeviceProblem, match="lost to this process"):
        block_launches.run(jobs)
    fake.fails.clear()
    for job in jobs:
        with pytest.raises(DeviceProblem, match="was lost when the GPU failed"):
            job.memory.arena  # noqa: B018


@pytest.mark.usefixtures("interpreted")
def test_the_step_of_an_experiment_goes_with_its_weights_where_another_launch_fails(install):
    class Experiment(ProgramExperiment):
        def __init__(self, job: Job) -> None:
            super().__init__(DONE, 0)
            self.memory, self._made = job.memory, job

        def job(self, steps: int, every: int = 0) -> Job:
            return self._made

    install(Driver(launches=1))
    first, second = map(Experiment, jobs_of_two_launches())
    with pytest.raises(DeviceProblem, match="memory is full"):
        advance_together([(first, DONE), (second, DONE)], [0, 0])  # type: ignore[list-item]  # less than a whole one
    assert (first.step, second.step) == (DONE, 0)


def test_what_a_launch_computed_is_not_overwritten_by_older_numbers(install):
    """The host may have looked at its image, as if to change it, while the launch ran."""
    fake = install(Driver())
    memory = memory_for(plan_of(relu, 64, n=16))
    memory.update_device()
    memory.arena  # noqa: B018
    memory.adopt_state(memory.state.copy())
    fake.calls.clear()
    memory.update_device()
    assert "cuMemcpyHtoDAsync" not in [name for name, _, _ in fake.calls]
    memory.arena[0] = 1.0
    memory.update_device()
    assert [name for name, _, _ in fake.calls][0::2] == ["cuMemcpyDtoHAsync", "cuMemcpyHtoDAsync"]


@pytest.mark.parametrize("whole_gpu", [False, True])
@pytest.mark.usefixtures("interpreted")
def test_a_row_that_fails_leaves_the_state_as_it_was(install, monkeypatch, whole_gpu):
    def full(*arguments: Any) -> None:
        raise DeviceProblem("The GPU's memory is full.")

    install(Driver(launches=0))
    monkeypatch.setattr(grid_launches, "CapturedPlan", full)
    plan = plan_of(relu, 64, n=16)
    memory = memory_for(plan)
    memory.whole_gpu, memory.state[STEP], memory.state[HALT] = whole_gpu, 7, 1
    with pytest.raises(DeviceProblem, match="memory is full"):
        block_launches.Program(plan, memory).run_row(0)
    assert (memory.state[STEP], memory.state[HALT]) == (7, 1)


def test_replicas_of_two_kinds_fit_into_shared_memory_together(install, monkeypatch):
    """One needs much beside its arena, for tiles of a product, the other has a large arena."""
    room = 48 * 1024
    fake = install(Driver(MAX_SHARED_MEMORY_PER_BLOCK_OPTIN=room))
    on, made = driver.device(0), []
    tiles = plan_of(matmul, 3 * 64 * 64, B=64, H=64, D=64)
    large = plan_of(relu, (room - 1024) // 4, n=4096)
    kinds = [ReplicaPrograms(each) for each in (large, tiles)]
    monkeypatch.setattr(PersistentKernel, "_load", lambda self, *arguments, **named: made.append(self))
    monkeypatch.setattr(specialized_kernels, "_kernels", {})
    specialized_kernels.prepare(0, kinds, "float32", 2)
    (kernel,) = made
    kernel.function = driver.Function(None, None)
    assert not kernel.uses_shared_memory(large)
    jobs = []
    for each in kinds:
        memory = memory_for(each.plan)
        memory.settle(each.plan, 2, "block", specialized=True)
        jobs.append(Job(memory, each, DONE))
    block_launches.run(jobs[:1])
    block_launches.Launch(jobs, 256, code=kernel)
    assert max(fake.asked) <= on.properties.shared_memory_per_block
    made.clear()
    specialized_kernels.prepare(0, kinds[:1], "float32", 2)
    assert made[0].uses_shared_memory(large)  # alone, it has enough


def test_kernels_that_nobody_holds_do_not_stay(install):
    install(FakeDriver())
    on = driver.device(0)
    known: LoadedKernels[Kernel] = LoadedKernels()
    held = Kernel(on)
    known.add(held)
    for _ in range(2 * MOST_LOADED):
        known.add(Kernel(on))
    found = list(known)
    assert len(found) == MOST_LOADED + 1
    assert found[-1] is held
