"""The count of a GPU's instructions is that of the steps it says."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.plan import STEP
from tests.benchmarks import gpu_instructions
from tests.cuda.needs import needs_compiler

pytestmark = [needs_compiler, pytest.mark.cuda]


@pytest.mark.parametrize("begun", gpu_instructions.BEGUN)
def test_late_steps_are_counted_as_such(begun, monkeypatch):
    first: list[int] = []

    def run_jobs(jobs):
        (job,) = jobs
        first.append(int(job.memory.state[STEP]))
        job.memory.device.counts = {"instructions": np.full(64, 10 * job.steps)}
        job.memory.state[STEP] += job.steps

    monkeypatch.setattr(gpu_instructions, "run_jobs", run_jobs)
    found = gpu_instructions.counted("small", False, begun)
    assert first == [begun, begun]
    assert (found["instructions"] == 10).all()


def test_a_late_step_of_adam_takes_as_many_instructions_as_an_early_one():
    early, late = (gpu_instructions.counted("small", True, begun) for begun in gpu_instructions.BEGUN)
    assert late["instructions"].max() <= 1.01 * early["instructions"].max()
