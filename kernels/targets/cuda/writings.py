"""The plans that are written out and compiled: what was prepared before a run is used by every launch that can."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from kernels.jobs import Job, Kind
from kernels.plan import Plan
from kernels.targets.cuda import interpreter as text
from kernels.targets.cuda.choices import MOST_REGISTERS, facts, lanes_for, room, teams_of
from kernels.targets.cuda.code import Code
from kernels.targets.cuda.driver import SimulatedDevice, device
from kernels.targets.cuda.written import Written


class Writing(Code):
    """Plans that are written out for teams of so many lanes, compiled for one device."""

    def __init__(self, number: int, plans: Sequence[Written], real_name: str, lanes: int) -> None:
        super().__init__(device(number), 1)
        key = _key(plans, real_name, lanes, self.device.capability)
        self._load(lambda: text.writer(plans, real_name, lanes), key, small=False)
        self._numbers = {(each.signature, each.inside): index for index, each in enumerate(plans)}
        self._placed(np.arange(len(plans), dtype=np.int32)[:, None])

    def _number(self, plan: Plan | None, inside: bool) -> int | None:
        return self._numbers.get((facts(plan).signature, inside)) if plan is not None else 0

    def works_inside(self, plan: Plan) -> bool:
        return self._number(plan, True) is not None

    def stretch(self, plan: Plan, inside: bool) -> tuple[int, int]:
        number = self._numbers[facts(plan).signature, inside]
        return number, number + 1

    def has(self, plans: Sequence[Written]) -> bool:
        return all((each.signature, each.inside) in self._numbers for each in plans)

    def knows(self, job: Job) -> bool:
        """Whether all programs of a job are among its plans."""
        inside = self.works_inside(job.plan)
        needed = ((job.plan, inside), (job.remember, inside), (job.measure, False))
        return all(self._number(plan, where) is not None for plan, where in needed)


def _key(plans: Sequence[Written], real_name: str, lanes: int, capability: tuple[int, int]) -> list[str]:
    texts = [repr((each.signature, each.inside)) for each in plans]
    return ["written", real_name, f"{lanes} {capability} {MOST_REGISTERS}", *texts]


_writings: dict[tuple[int, str, int], list[Writing]] = {}
_lock = threading.RLock()


def writing(number: int, real_name: str, lanes: int, job: Job) -> Writing | None:
    """What was prepared for the programs of a job, if anything was."""
    known = tuple(_writings.get((number, real_name, lanes), ()))
    return next((each for each in known if each.knows(job)), None)


def prepare(
    number: int,
    kinds: Iterable[Kind],
    real_name: str,
    replicas: int,
    progress: Callable[[str, int], None] | None = None,
) -> None:
    """Write out the programs of kinds of replicas, of which so many share a device, and compile them, or load them.

    `progress` is told when something has to be compiled.
    """
    on = device(number)
    by_lanes: dict[int, dict[Written, None]] = {}
    for each in kinds:
        lanes = lanes_for(each.plan, on)
        by_lanes.setdefault(lanes, {}).update(dict.fromkeys(_written(each, real_name, replicas, lanes, on)))
    for lanes, plans in by_lanes.items():
        _compile(number, tuple(plans), real_name, lanes, progress)


def _written(each: Kind, real_name: str, replicas: int, lanes: int, on: Any) -> list[Written]:
    """The plans of a replica as they are written out: training in scratch memory where there is enough for as many
    teams as will share it, measuring in the device's memory, since it may need far more."""
    item = np.dtype(real_name).itemsize
    scratch = max(facts(plan).scratch(lanes, item) for plan in each.plans)
    training = [plan for plan in (each.plan, each.remember) if plan is not None]
    reach = max(each.kept, *(facts(plan).reach for plan in training))
    inside = reach * item <= room(on, teams_of(on, replicas, lanes), scratch)
    made = [Written(facts(plan).rows, inside) for plan in training]
    return made if each.measure is None else [*made, Written(facts(each.measure).rows, False)]


def _compile(
    number: int,
    plans: tuple[Written, ...],
    real_name: str,
    lanes: int,
    progress: Callable[[str, int], None] | None,
) -> None:
    from kernels.targets.cuda import store

    with _lock:
        known = _writings.setdefault((number, real_name, lanes), [])
        if any(each.has(plans) for each in known):
            return
        on = device(number)
        key = _key(plans, real_name, lanes, on.capability)
        ready = isinstance(on, SimulatedDevice) or store.has(key)
        if progress and not ready:
            progress(f"{sum(len(each.rows) for each in plans)} rows for {on.properties.name}", 1)
        known.insert(0, Writing(number, plans, real_name, lanes))
        if progress and not ready:
            progress("", 0)
