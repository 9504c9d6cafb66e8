"""The plans that are specialized and compiled: what was prepared before a run is used by every launch that can."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kernels.jobs import Job, ReplicaPrograms
from kernels.plan import Plan
from kernels.targets.cuda import machine_code_cache
from kernels.targets.cuda import persistent_kernel_source as text
from kernels.targets.cuda.driver import device
from kernels.targets.cuda.joined_updates import FAR, KEPT, NEAR, reads_gradients
from kernels.targets.cuda.launch_configuration import (
    MOST_REGISTERS,
    analysis_of,
    bytes_for_arena,
    groups_per_block,
    threads_for,
    waves,
)
from kernels.targets.cuda.persistent_kernel import LoadedKernels, PersistentKernel, Progress, announced
from kernels.targets.cuda.placement import Accessed, Placement, accessed, chosen, share, while_measuring, whole
from kernels.targets.cuda.row_table import Signature, width
from kernels.targets.cuda.specialized_source import SpecializedPlan
from kernels.targets.cuda.tabled_rows import TabledRows, tabled


class SpecializedKernel(PersistentKernel):
    """Plans that are specialized for thread groups of so many threads, compiled for one device."""

    def __init__(self, number: int, made: Made) -> None:
        """`made` is what it is compiled from."""
        super().__init__(device(number), width(()) if made.tabled is None else made.tabled.width)
        self.table_bytes = made.table_bytes
        if made.tabled is not None:
            self.row_bytes = text.bytes_of_row(self.width)
        on = self.device.capability
        self._load(made.kernel, lambda: machine_code_cache.ptx_of(made.kernel, on, small=False), made.key(on))
        self._plans = made.plans
        self._ranges_of: dict[tuple[Signature, Placement], tuple[int, int]] = {}
        self._measuring: dict[tuple[Signature, Placement], tuple[tuple[int, int], Placement]] = {}
        for index, plan in enumerate(made.plans):
            lines = self._append_rows(made.lines(index, self.width))
            if plan.training is None:
                self._ranges_of[plan.signature, plan.placement] = lines
            else:
                self._measuring[plan.signature, plan.training] = lines, plan.placement

    def placement(self, programs: ReplicaPrograms) -> Placement:
        found = self._placement(programs)
        if found is None:
            raise KeyError("no code was made for this replica")
        return found

    def _placement(self, programs: ReplicaPrograms) -> Placement | None:
        """The one with which all programs of a replica are among the plans."""
        for placement in dict.fromkeys(placement for _, placement in self._ranges_of):
            trains = all((analysis_of(plan).signature, placement) in self._ranges_of for plan in programs.training)
            measure = programs.measure
            if trains and (measure is None or (analysis_of(measure).signature, placement) in self._measuring):
                return placement
        return None

    def row_range(self, plan: Plan, placement: Placement) -> tuple[int, int]:
        return self._ranges_of[analysis_of(plan).signature, placement]

    def measuring(self, plan: Plan, placement: Placement) -> tuple[tuple[int, int], Placement | None]:
        lines, where = self._measuring[analysis_of(plan).signature, placement]
        return lines, where or None

    def has(self, plans: Sequence[SpecializedPlan]) -> bool:
        """Whether it has code for all of these plans."""
        known = {(each.signature, each.placement, each.training) for each in self._plans}
        return all((each.signature, each.placement, each.training) in known for each in plans)

    def knows(self, programs: ReplicaPrograms) -> bool:
        """Whether all programs of a replica are among its plans."""
        return self._placement(programs) is not None


@dataclass(frozen=True)
class Made:
    """Plans as code is made for them: one row after the other, or by kinds of rows and a table.

    walks: how often a multiprocessor walks a training step in the whole run
    """

    plans: tuple[SpecializedPlan, ...]
    real_name: str
    threads: int
    walks: float = math.inf

    @cached_property
    def tabled(self) -> TabledRows | None:
        """Their rows by kinds; None where they are written one after the other."""
        return tabled(self.plans, self.real_name, self.threads, self.walks)

    @cached_property
    def table_bytes(self) -> int:
        """Of shared memory in front of an arena, for what is done for several steps at once."""
        return max(each.table_size for each in self.plans) * np.dtype(self.real_name).itemsize

    @property
    def rows(self) -> int:
        """How many rows are written."""
        return sum(len(each.rows) for each in self.plans) if self.tabled is None else len(self.tabled.kinds)

    def kernel(self) -> Callable:
        """What is compiled."""
        if self.tabled is None:
            return text.specialized_kernel(self.plans, self.real_name, self.threads)
        return text.tabled_kernel(self.tabled, self.real_name, self.threads, self.table_bytes)

    def key(self, capability: tuple[int, int]) -> list[str]:
        """What the code depends on: of rows that stand in a table, not on where their operands are."""
        common = [self.real_name, f"{self.threads} {capability} {MOST_REGISTERS}"]
        if self.tabled is None:
            given = [(each.placement, each.stored, each.gradients, each.training) for each in self.plans]
            each = [repr((plan.signature, *some)) for plan, some in zip(self.plans, given, strict=True)]
            return ["specialized", *common, *each]
        lines = ["\n".join(each) for each in self.tabled.kinds]
        return ["tabled", *common, f"{self.tabled.width} {self.table_bytes}", *lines]

    def lines(self, number: int, width: int) -> np.ndarray:
        """Those of a table that walk a plan."""
        if self.tabled is not None:
            return self.tabled.table(number, width)
        return np.array([[number, *[0] * (width - 1)]], np.int32)


_kernels: dict[tuple[int, str, int], LoadedKernels[SpecializedKernel]] = {}
_lock = threading.RLock()


def kernel_of(job: Job) -> SpecializedKernel | None:
    """The kernel that was prepared for the programs of a job, if any was; a replica keeps to its own."""
    memory = job.memory
    if memory.kernel is None or not memory.kernel.knows(job.programs):
        known = _kernels.get((memory.device.number, memory.real_name, memory.threads_of(job.programs.plan)), ())
        memory.kernel = next((each for each in known if each.knows(job.programs)), None)
    return memory.kernel


def prepare(
    number: int,
    programs: Iterable[ReplicaPrograms],
    real_name: str,
    replicas: int,
    steps: float = math.inf,
    progress: Progress | None = None,
) -> None:
    """Make code for the programs of replicas, of which so many share a device, and compile it, or load it.

    steps: how many each of them does, about, on which it hangs how the code is written; `progress` is told when
        something has to be compiled.
    """
    on = device(number)
    walks = steps * waves(replicas, on)
    by_threads: dict[int, list[ReplicaPrograms]] = {}
    for each in programs:
        by_threads.setdefault(threads_for(each.plan, on), []).append(each)
    for threads, together in by_threads.items():
        room = _room_for_arena(together, real_name, replicas, threads, on)
        plans = dict.fromkeys(plan for each in together for plan in _specialized_plans(each, real_name, room, threads))
        _compile(number, Made(tuple(plans), real_name, threads, walks), progress)


def _room_for_arena(together: Sequence[ReplicaPrograms], real_name: str, replicas: int, threads: int, on: Any) -> int:
    """Bytes of shared memory that each thread group has for an arena. Replicas of one kernel share launches, in which
    each thread group gets as much beside its arena as the one that needs most."""
    item = np.dtype(real_name).itemsize
    beside = max(analysis_of(plan).shared_bytes(threads, item) for each in together for plan in each.plans)
    table = max(_training_step(each, (), KEPT).table_size for each in together) * item
    return bytes_for_arena(on, groups_per_block(on, replicas, threads), -(-beside // 16) * 16 + table)


def _specialized_plans(each: ReplicaPrograms, real_name: str, room: int, threads: int) -> list[SpecializedPlan]:
    """The plans of a replica as they are specialized: training and measuring with as much in shared memory as there is
    room for. room: bytes of shared memory for an arena"""
    room //= np.dtype(real_name).itemsize
    placement = placement_for(each, room, threads)
    made = [_training_step(each, placement, _gradients(each, room))]
    if each.remember is not None:
        made.append(SpecializedPlan(analysis_of(each.remember).specialized, placement))
    if each.measure is not None:
        rows = analysis_of(each.measure).specialized
        stored = each.plan.stored
        measured = None if stored is None else while_measuring(placement, stored, accessed(rows, threads), room)
        made.append(SpecializedPlan(rows, measured or (), training=placement))
    return made


def _training_step(each: ReplicaPrograms, placement: Placement, gradients: str) -> SpecializedPlan:
    return SpecializedPlan(analysis_of(each.plan).specialized, placement, each.plan.stored, gradients)


def _arena_end(programs: ReplicaPrograms) -> int:
    return max(programs.kept, *(analysis_of(plan).arena_end for plan in programs.training))


def _gradients(programs: ReplicaPrograms, room: int) -> str:
    """What becomes of gradients that nobody looks at, where there is room for so many elements of an arena. Whoever
    looks before a step sees what the one before has left, whether or not that was measured."""
    looks = [] if programs.remember is None else analysis_of(programs.remember).specialized
    if programs.plan.stored is None or any(
        reads_gradients(row, analysis_of(programs.plan).specialized) for row in looks
    ):
        return KEPT
    return NEAR if _arena_end(programs) <= room else FAR


def placement_for(programs: ReplicaPrograms, room: int, threads: int) -> Placement:
    """What of a replica's arena stands in shared memory, where there is room for so many elements, while it trains."""
    if _arena_end(programs) <= room:
        return whole(_arena_end(programs))
    return chosen(_accessed(programs, room, threads), room)


def _accessed(programs: ReplicaPrograms, room: int, threads: int) -> list[Accessed]:
    """What the programs access that run while a replica trains, where there is room for so many elements."""
    plans = [_training_step(programs, (), _gradients(programs, room))]
    if programs.remember is not None:
        plans.append(SpecializedPlan(analysis_of(programs.remember).specialized, ()))
    return accessed([row for each in plans for row in each.pieces(threads)[1]], threads)


def shared_memory_share(number: int, programs: Iterable[ReplicaPrograms], real_name: str, replicas: int) -> float:
    """Which part of what a training step accesses of a replica's numbers stands in shared memory, about, in code made
    for these replicas, of which so many share a device; the smallest part, if they differ."""
    on = device(number)
    shares = [1.0]
    for each in programs:
        threads = threads_for(each.plan, on)
        room = _room_for_arena([each], real_name, replicas, threads, on) // np.dtype(real_name).itemsize
        step = _training_step(each, (), _gradients(each, room))
        found = accessed(step.pieces(threads)[1], threads)
        shares.append(share(found, placement_for(each, room, threads)))
    return min(shares)


def _compile(number: int, made: Made, progress: Progress | None) -> None:
    with _lock:
        known = _kernels.setdefault((number, made.real_name, made.threads), LoadedKernels())
        if any(each.has(made.plans) for each in known):
            return
        on = device(number)
        with announced(progress, f"{made.rows} rows", on, made.key(on.capability)):
            known.add(SpecializedKernel(number, made))
