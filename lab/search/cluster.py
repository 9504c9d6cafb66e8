"""The same sweep on a Dask cluster: trials in small groups, each a task without side effects.

A group that a lost worker had is run again by another; its results are what they would have been anywhere.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lab.errors import BadInput, LabError, MissingExtra
from lab.events import Measured, from_json, to_json
from lab.scenario.loading import load_text
from lab.search.progress import OnProgress, Progress
from lab.search.sweep import PATIENCE, MeasurementSink, Result, Sweep
from lab.spaces import Axis

SECONDS_TO_ANSWER = 10
"""So long a scheduler at an address is waited for."""
GROUPS_PER_WORKER = 4
"""Groups are small enough that a lost one costs little, and large enough that sending them costs nothing."""

Description = dict[str, Any]
Answer = tuple[list[tuple[str, int, int, float]], list[dict[str, Any]]]


def describe(sweep: Sweep) -> Description:
    """All that a worker needs to know to run any trial of a sweep."""
    return {
        "text": sweep.loaded.text,
        "path": str(sweep.loaded.path),
        "overrides": sweep.loaded.overrides,
        "axes": [(axis.path, axis.kind, axis.low, axis.high, axis.choices) for axis in sweep.axes],
        "settings": {
            "method": "grid" if sweep.method == "grid" else "random",
            "trials": len(sweep.trials),
            "variant": sweep.base,
            "objective": sweep.objective,
            "direction": sweep.direction,
            "folds": sweep.folds,
            "seeds": sweep.seeds,
            "steps": sweep.steps,
        },
    }


def run_group(description: Description, numbers: Sequence[int]) -> Answer:
    """Train the trials with these numbers, on a worker: (variant, seed, steps, objective) of each, and all events."""
    loaded = load_text(description["text"], Path(description["path"]), description["overrides"])
    axes = [Axis(*each) for each in description["axes"]]
    sweep = Sweep(loaded, axes, **description["settings"])
    wanted = set(numbers)
    sweep.trials = [trial for trial in sweep.trials if trial.number in wanted]
    events: list[dict[str, Any]] = []

    class Collector:
        def write(self, event: Any) -> None:
            events.append(to_json(event))

    results = sweep.run(threads=1, sink=Collector())
    found = []
    for result in results:
        keys = [(name, seed) for name, _, _ in sweep.jobs_of(result.trial) for seed in sweep.seeds]
        found += [(*key, result.steps, score) for key, score in zip(keys, result.scores, strict=True)]
    return found, events


def run_on(
    address: str,
    sweep: Sweep,
    *,
    sink: MeasurementSink | None = None,
    known: Mapping[tuple[str, int], tuple[int, float]] | None = None,
    progress: OnProgress = lambda progress: True,
    notice: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """`Sweep.run` on the cluster at `address` (tcp://host:port, or `local:N` for N processes here).

    Raises MissingExtra without Dask, and BadInput if the cluster does not answer.
    """
    try:
        from dask.distributed import Client, LocalCluster, as_completed
    except ImportError:
        raise MissingExtra("A sweep on a Dask cluster", "dask") from None
    if sweep.method == "halving":
        raise BadInput("Successive halving goes on from states in memory; on a cluster use random or grid.")
    found = dict(known or {})
    waiting = [
        trial.number
        for trial in sweep.trials
        if any((name, seed) not in found for name, _, _ in sweep.jobs_of(trial) for seed in sweep.seeds)
    ]
    with ExitStack() as stack:
        if address.startswith("local:"):
            count = _count(address)
            cluster = LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.ERROR,  # that busy workers had to be ended is no news after an interrupt
                preload=["lab.search.local_worker"],
            )
            stack.enter_context(cluster)
            client = stack.enter_context(Client(cluster))
        else:
            try:
                client = stack.enter_context(Client(address, timeout=SECONDS_TO_ANSWER))
            except (OSError, ValueError) as error:
                raise BadInput(f"No Dask scheduler answers at {address} ({error}).") from None
        workers = max(1, len(client.scheduler_info()["workers"]))
        size = max(1, min(16, len(waiting) // (GROUPS_PER_WORKER * workers)))
        groups = [waiting[first : first + size] for first in range(0, len(waiting), size)]
        description = client.scatter(describe(sweep), broadcast=True)
        futures = client.map(run_group, [description] * len(groups), groups, pure=False)
        group_of = {future.key: group for future, group in zip(futures, groups, strict=True)}
        trials = {trial.number: trial for trial in sweep.trials}
        total = len(sweep.jobs)
        done = total - len(waiting) * max(sweep.folds, 1)
        for result in sweep.results(found):
            notice(result)
        finished = as_completed(futures, with_results=True)
        while not finished.is_empty():
            if not progress(Progress(done, total, done / total)):
                client.cancel(futures)
                break
            if not finished.has_ready():
                time.sleep(PATIENCE)
                continue
            future, outcome = next(finished)
            if isinstance(outcome, BaseException):  # this is how a cluster that shuts down answers
                raise LabError(f"The Dask cluster has given up ({type(outcome).__name__}: {outcome}).")
            answer, events = outcome
            for variant, seed, steps, score in answer:
                found[variant, seed] = (steps, score)
            if sink is not None:
                for content in events:
                    event = from_json(content)
                    assert isinstance(event, Measured)
                    sink.write(event)
            for number in group_of[future.key]:
                if (made := sweep.result(trials[number], found)) is not None:
                    notice(made)
            done += len({variant for variant, _, _, _ in answer})
            future.release()
        else:
            progress(Progress(done, total, done / total))
    return sweep.results(found)


def _count(address: str) -> int:
    text = address.removeprefix("local:")
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise BadInput(f"--dask local:N takes a number of processes from 1 to 256, not {text!r}.")
    return int(text)
