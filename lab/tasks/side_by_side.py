"""Advancing experiments, and measuring them on the way: those on a GPU share a launch, others go by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from kernels.jobs import Job
from lab.graph.devices import has_room, on_gpu
from lab.graph.running import run_jobs
from lab.tasks.task import Experiment, Measurements

MOST = 1024
"""Networks of one replica that share a launch; more would take memory without making it faster."""

E = TypeVar("E", bound=Experiment)


def advance_together(asked: Sequence[tuple[Experiment, int]], every: Sequence[int]) -> list[Measurements]:
    """Train each experiment so many steps; what each has measured on the way.

    every: for each, measure after steps whose number is a multiple of this, where it can do so on the way, and not at
           all if it is 0
    """
    jobs: list[tuple[int, Experiment, Job]] = []
    measured: list[Measurements] = []
    for number, ((experiment, steps), each) in enumerate(zip(asked, every, strict=True)):
        job = experiment.shared_job(steps, each)
        if job is not None:
            jobs.append((number, experiment, job))
        measured.append([] if job is not None else experiment.advance(steps, each))
    try:
        if jobs:
            run_jobs([job for _, _, job in jobs])
    except BaseException:
        # Where one launch fails others may have been done: an experiment's step goes with its weights.
        for _, experiment, job in jobs:
            experiment.keep_step_of(job)
        raise
    for number, experiment, job in jobs:
        measured[number] = experiment.finish(job)
    return measured


def side_by_side(networks: Iterator[E]) -> list[E]:
    """Take as many of these networks as are worth holding at the same time, and prepare them; none if none are left.

    A GPU trains them in one launch, as far as its memory goes; the CPU one after the other in any case.
    """
    held: list[E] = []
    for each in networks:
        each.prepare()
        held.append(each)
        if not on_gpu() or len(held) == MOST or not has_room():
            break
    return held
