"""A sweep on a real Dask cluster gives what it gives here, also when a worker dies in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import BadInput
from lab.search import Sweep, parse_axis
from lab.search.cluster import run_on
from lab.search.progress import Progress

from ..session.scenarios import small

distributed = pytest.importorskip("dask.distributed")


def sweep(**options) -> Sweep:
    axes = [parse_axis("optimizer.rate=log(1e-4, 1)")]
    return Sweep(small(overrides=options.pop("overrides", None)), axes, **{"trials": 12, "objective": "loss"} | options)


def test_a_killed_worker_loses_nothing():
    here = sweep(overrides={"train.steps": 4000}).run()
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        victim = next(iter(cluster.workers.values()))

        seen = []

        def progress(now: Progress) -> bool:
            if now.done and not seen:  # the other groups are with the workers or wait for them
                os.kill(victim.pid, signal.SIGKILL)
            if now.done:
                seen.append(now.done)
            return True

        there = run_on(cluster.scheduler_address, sweep(overrides={"train.steps": 4000}), progress=progress)
    assert there == here
    assert 0 < seen[0] < 12
    assert seen[-1] == 12


def test_a_cluster_that_is_not_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr("lab.search.cluster.SECONDS_TO_ANSWER", 1)
    with pytest.raises(BadInput, match="scheduler"):
        run_on("tcp://127.0.0.1:9", sweep())
    with pytest.raises(BadInput, match="number of processes"):
        run_on("local:many", sweep())


def test_ctrl_c_on_a_terminal_is_for_the_sweep_and_not_for_its_workers():
    lab = Path(sys.executable).parent / "lab"
    arguments = [
        lab,
        "sweep",
        "dead-relu",
        "--over",
        "optimizer.rate=log(1e-4,1)",
        "--steps",
        "100000",
        "--dask",
        "local:1",
    ]
    program = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert program.stdout.readline().startswith("Sweep of Dead ReLUs")
    assert program.stdout.readline().startswith("0 of 50 trainings")
    os.killpg(program.pid, signal.SIGINT)
    out = program.stdout.read()
    assert program.wait(timeout=60) == 130
    assert "0 of 50 trials" in out
    assert "KeyboardInterrupt" not in out
