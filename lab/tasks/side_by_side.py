"""Advancing experiments, and measuring them on the way: those on a GPU share a launch, others go by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from kernels.jobs import Job
from lab.graph.devices import on_gpu
from lab.graph.running import run_jobs
from lab.tasks.programs import ProgramExperiment
from lab.tasks.task import Experiment

MOST = 256
"""Networks of one replica that share a launch; more would take memory without making it faster."""


def advance_together(asked: Sequence[tuple[Experiment, int]], every: Sequence[int]) -> None:
    """Train each experiment so many steps.

    every: for each, measure after steps whose number is a multiple of this, where it can do so on the way, and not at
           all if it is 0; what it has measured stands in its `measurements`
    """
    jobs: list[tuple[ProgramExperiment, Job]] = []
    for (experiment, steps), each in zip(asked, every, strict=True):
        plain = _plain(experiment)
        job = plain.job(steps, each) if plain is not None and steps > 0 else None
        if plain is not None and job is None and each and streams(experiment):
            plain.advance_measured(steps, each)
        elif plain is None or job is None:
            experiment.advance(steps)
        else:
            jobs.append((plain, job))
    try:
        if jobs:
            run_jobs([job for _, job in jobs])
    except Exception:
        # Where one launch fails others may have been done: an experiment's step goes with its weights.
        for programs, job in jobs:
            if job.done:
                programs.finish(job)
        raise
    for programs, job in jobs:
        programs.finish(job)


def side_by_side(networks: int) -> int:
    """How many of so many networks that train in the same way are worth holding at the same time: a GPU trains them
    in one launch, the CPU one after the other in any case."""
    return min(networks, MOST) if on_gpu() else 1


def streams(experiment: Experiment) -> bool:
    """Whether an experiment can be measured while it trains, without a stop at every measurement."""
    plain = _plain(experiment)
    return plain is not None and plain.streamed()[1] > 0


def taken_measurements(experiment: Experiment) -> list[tuple[int, dict[str, float]]]:
    """What an experiment has measured on the way, which is then forgotten: (step, values)."""
    plain = _plain(experiment)
    if plain is None:
        return []
    taken, plain.measurements = plain.measurements, []
    return taken


def _plain(experiment: Experiment) -> ProgramExperiment | None:
    """An experiment whose steps are those of its program and nothing else."""
    if isinstance(experiment, ProgramExperiment) and type(experiment).advance is ProgramExperiment.advance:
        return experiment
    return None
