"""Launches of thread groups on a driver that computes nothing: what they ask for, and what is left when one fails."""

from __future__ import annotations

import ctypes
import gc
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.jobs import Job, ReplicaPrograms
from kernels.matrix import matmul
from kernels.plan import ARENA, HALT, STATE_SIZE, STEP, Plan, Row
from kernels.relu import relu
from kernels.targets.cuda import block_launches, driver, grid_launches, launch_configuration, specialized_kernels
from kernels.targets.cuda.driver_answers import DeviceProblem
from kernels.targets.cuda.memory import Memory
from kernels.targets.cuda.persistent_kernel import MOST_LOADED, LoadedKernels, PersistentKernel
from kernels.targets.cuda.placement import Placement, elements
from kernels.targets.cuda.row_table import width
from lab.tasks.programs import ProgramExperiment
from lab.tasks.side_by_side import advance_together
from tests.cuda.fake_driver import FakeDriver, Status

pytestmark = pytest.mark.cuda

DONE = 5


class Driver(FakeDriver):
    """One whose launches do `DONE` steps, as far as their states say.

    launches: how many may be started before one fails;  asked: bytes of shared memory of each
    lost:     bytes of a copy to the host that fails;  halts: whether replicas halt
    """

    def __init__(self, launches: int = 100, **changed: int) -> None:
        super().__init__(**changed)
        self.launches, self.asked, self.lost = launches, [], 0
        self.halts = False

    def cuLaunchKernel(self, *arguments: Any) -> tuple[Any, ...]:
        if len(self.asked) == self.launches:
            return (Status.CUDA_ERROR_OUT_OF_MEMORY,)
        self.asked.append(arguments[7])
        return super().cuLaunchKernel(*arguments)

    def cuMemcpyDtoHAsync(self, target: int, address: int, size: int, stream: int) -> tuple[Any, ...]:
        if size == self.lost:
            return (Status.CUDA_ERROR_LAUNCH_FAILED,)
        if size == STATE_SIZE * 8:
            state = np.zeros(STATE_SIZE, np.int64)
            state[STEP], state[HALT] = DONE, self.halts
            ctypes.memmove(target, state.ctypes.data, size)
        return super().cuMemcpyDtoHAsync(target, address, size, stream)


class Kernel(PersistentKernel):
    """One that nobody has compiled."""

    def __init__(self, on: Any) -> None:
        super().__init__(on, width(()))
        self.function = driver.Function(None, None)

    def row_range(self, plan: Plan, placement: Placement) -> tuple[int, int]:
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
def test_a_person_who_stops_while_one_launch_is_waited_for_has_the_others_waited_for_too(install, monkeypatch):
    install(Driver())
    stopped, done = jobs_of_two_launches()
    download, asked = driver.Device.download, []

    def stop_at_first(self: Any, array: np.ndarray, address: int) -> None:
        asked.append(address)
        if len(asked) == 1:
            raise KeyboardInterrupt
        download(self, array, address)

    monkeypatch.setattr(driver.Device, "download", stop_at_first)
    with pytest.raises(KeyboardInterrupt):
        block_launches.run([stopped, done])
    assert (done.done, done.memory.state[STEP]) == (DONE, DONE)
    with pytest.raises(DeviceProblem):
        stopped.memory.arena  # noqa: B018


class Experiment(ProgramExperiment):
    """One that does a job, and nothing else."""

    def __init__(self, job: Job) -> None:
        super().__init__(DONE, 0)
        self.memory, self._made = job.memory, job

    def job(self, steps: int, every: int = 0) -> Job:
        return self._made


@pytest.mark.usefixtures("interpreted")
def test_the_step_of_an_experiment_goes_with_its_weights_where_what_was_measured_is_lost(install):
    fake = install(Driver())
    plan = plan_of(relu, 64, n=16)
    experiment = Experiment(Job(memory_for(plan), ReplicaPrograms(plan), DONE, statistics=(0, 16, 1)))
    fake.lost = 16 * 4
    with pytest.raises(DeviceProblem, match="lost to this process"):
        experiment.advance(DONE)
    assert experiment.step == experiment.memory.state[STEP] == DONE


@pytest.mark.usefixtures("interpreted")
def test_nobody_looks_for_where_a_replica_diverged_while_another_launch_fails(install):
    """It would take launches, of which the first to fail would keep the steps of all others from being noted."""

    class Diverged(Experiment):
        def _find_divergence(self, before: Any, done: int) -> None:
            raise AssertionError("it was looked for")

    install(Driver(launches=1)).halts = True
    first, second = jobs_of_two_launches()
    made = [Diverged(first), Experiment(second)]
    with pytest.raises(DeviceProblem, match="memory is full"):
        advance_together([(each, DONE) for each in made], [0, 0])
    assert [each.step for each in made] == [DONE, 0]


@pytest.mark.usefixtures("interpreted")
def test_the_step_of_an_experiment_goes_with_its_weights_where_another_launch_fails(install):
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


def test_a_row_that_is_lost_on_the_whole_gpu_leaves_no_numbers(install, monkeypatch):
    class Captured:
        def __init__(self, *arguments: Any) -> None: ...

        def replay(self) -> None:
            raise DeviceProblem("The GPU stopped in the middle of a launch and was lost to this process.")

    install(Driver())
    monkeypatch.setattr(grid_launches, "CapturedPlan", Captured)
    plan = plan_of(relu, 64, n=16)
    memory = memory_for(plan)
    memory.whole_gpu, memory.state[STEP] = True, 7
    with pytest.raises(DeviceProblem, match="in the middle of a launch"):
        block_launches.Program(plan, memory).run_row(0)
    assert memory.state[STEP] == 7
    with pytest.raises(DeviceProblem, match="What this replica computed last was lost"):
        memory.arena  # noqa: B018


@pytest.mark.usefixtures("interpreted")
def test_what_was_found_out_about_a_plan_goes_with_it(install):
    """A search makes new plans for each trial."""
    install(Driver())
    known = len(launch_configuration._analyses)
    for _ in range(5):
        plan = plan_of(relu, 64, n=16)
        block_launches.run([Job(memory_for(plan), ReplicaPrograms(plan), DONE)])
    del plan
    gc.collect()
    assert len(launch_configuration._analyses) <= known


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
    assert elements(kernel.placement(kinds[0])) < large.arena
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
    assert elements(made[0].placement(kinds[0])) == large.arena  # alone, it has enough


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
