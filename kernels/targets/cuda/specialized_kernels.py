"""The plans that are specialized and compiled: what was prepared before a run is used by every launch that can."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from kernels.jobs import Job, ReplicaPrograms
from kernels.plan import Plan
from kernels.targets.cuda import persistent_kernel_source as text
from kernels.targets.cuda.driver import SimulatedDevice, device
from kernels.targets.cuda.launch_configuration import (
    MOST_REGISTERS,
    analysis_of,
    bytes_for_arena,
    groups_per_block,
    threads_for,
)
from kernels.targets.cuda.persistent_kernel import PersistentKernel
from kernels.targets.cuda.specialized_source import SpecializedPlan


class SpecializedKernel(PersistentKernel):
    """Plans that are specialized for thread groups of so many threads, compiled for one device."""

    def __init__(self, number: int, plans: Sequence[SpecializedPlan], real_name: str, threads: int) -> None:
        super().__init__(device(number), 1)
        key = _key(plans, real_name, threads, self.device.capability)
        self._load(lambda: text.specialized_kernel(plans, real_name, threads), key, small=False)
        self._numbers = {(each.signature, each.in_shared_memory): index for index, each in enumerate(plans)}
        self._append_rows(np.arange(len(plans), dtype=np.int32)[:, None])

    def _number(self, plan: Plan | None, in_shared_memory: bool) -> int | None:
        return self._numbers.get((analysis_of(plan).signature, in_shared_memory)) if plan is not None else 0

    def uses_shared_memory(self, plan: Plan) -> bool:
        return self._number(plan, True) is not None

    def row_range(self, plan: Plan, in_shared_memory: bool) -> tuple[int, int]:
        number = self._numbers[analysis_of(plan).signature, in_shared_memory]
        return number, number + 1

    def has(self, plans: Sequence[SpecializedPlan]) -> bool:
        return all((each.signature, each.in_shared_memory) in self._numbers for each in plans)

    def knows(self, job: Job) -> bool:
        """Whether all programs of a job are among its plans."""
        in_shared_memory = self.uses_shared_memory(job.plan)
        needed = ((job.plan, in_shared_memory), (job.remember, in_shared_memory), (job.measure, False))
        return all(self._number(plan, where) is not None for plan, where in needed)


def _key(plans: Sequence[SpecializedPlan], real_name: str, threads: int, capability: tuple[int, int]) -> list[str]:
    texts = [repr((each.signature, each.in_shared_memory)) for each in plans]
    return ["specialized", real_name, f"{threads} {capability} {MOST_REGISTERS}", *texts]


_kernels: dict[tuple[int, str, int], list[SpecializedKernel]] = {}
_lock = threading.RLock()


def prepared_kernel(number: int, real_name: str, threads: int, job: Job) -> SpecializedKernel | None:
    """What was prepared for the programs of a job, if anything was."""
    known = tuple(_kernels.get((number, real_name, threads), ()))
    return next((each for each in known if each.knows(job)), None)


def prepare(
    number: int,
    kinds: Iterable[ReplicaPrograms],
    real_name: str,
    replicas: int,
    progress: Callable[[str, int], None] | None = None,
) -> None:
    """Specialize the programs of kinds of replicas, of which so many share a device, and compile them, or load them.

    `progress` is told when something has to be compiled.
    """
    on = device(number)
    by_threads: dict[int, dict[SpecializedPlan, None]] = {}
    for each in kinds:
        threads = threads_for(each.plan, on)
        by_threads.setdefault(threads, {}).update(
            dict.fromkeys(_specialized_plans(each, real_name, replicas, threads, on))
        )
    for threads, plans in by_threads.items():
        _compile(number, tuple(plans), real_name, threads, progress)


def _specialized_plans(
    each: ReplicaPrograms, real_name: str, replicas: int, threads: int, on: Any
) -> list[SpecializedPlan]:
    """The plans of a replica as they are specialized: training in shared memory where there is enough for as many
    thread groups as will share it, measuring in the device's memory, since it may need far more."""
    item = np.dtype(real_name).itemsize
    shared_bytes = max(analysis_of(plan).shared_bytes(threads, item) for plan in each.plans)
    training = [plan for plan in (each.plan, each.remember) if plan is not None]
    arena_end = max(each.kept, *(analysis_of(plan).arena_end for plan in training))
    in_shared_memory = arena_end * item <= bytes_for_arena(on, groups_per_block(on, replicas, threads), shared_bytes)
    made = [SpecializedPlan(analysis_of(plan).rows, in_shared_memory) for plan in training]
    return made if each.measure is None else [*made, SpecializedPlan(analysis_of(each.measure).rows, False)]


def _compile(
    number: int,
    plans: tuple[SpecializedPlan, ...],
    real_name: str,
    threads: int,
    progress: Callable[[str, int], None] | None,
) -> None:
    from kernels.targets.cuda import machine_code_cache

    with _lock:
        known = _kernels.setdefault((number, real_name, threads), [])
        if any(each.has(plans) for each in known):
            return
        on = device(number)
        key = _key(plans, real_name, threads, on.capability)
        ready = isinstance(on, SimulatedDevice) or machine_code_cache.has(key)
        if progress and not ready:
            progress(f"{sum(len(each.rows) for each in plans)} rows for {on.properties.name}", 1)
        known.insert(0, SpecializedKernel(number, plans, real_name, threads))
        if progress and not ready:
            progress("", 0)
