"""What only a real driver shows: memory that comes back, the whole GPU for a replica, several GPUs, short chunks."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import lab
from kernels.targets.cuda import driver
from kernels.targets.cuda.memory import Segment
from lab.graph.devices import choose
from lab.session import Session
from lab.session.scheduler import Scheduler

pytestmark = pytest.mark.gpu


def free(on: driver.Device) -> int:
    """Bytes, once what nobody has any more was given back."""
    gc.collect()
    kept = Segment(on, 16)
    assert kept.address
    status, found, _ = on._driver.cuMemGetInfo()
    assert int(status) == 0
    return found


def test_memory_comes_back():
    on = driver.device(0)
    before = free(on)
    taken = [Segment(on, 1 << 24) for _ in range(16)]
    assert free(on) <= before - 15 * (1 << 24)
    taken.clear()
    assert free(on) >= before - (1 << 24)


@pytest.mark.parametrize("mode", ["block", "grid"])
def test_memory_of_sessions_comes_back(mode):
    """That of their graphs, too. The first session loads kernels, which stay."""
    on = driver.device(0)
    left = []
    for _ in range(4):
        finished("dead-relu", mode, steps=20, seeds=range(4))
        left.append(free(on))
    assert left[-1] >= left[1] - (1 << 24)


def finished(name: str, mode: str, device: str = "cuda:0", **options) -> Session:
    session = Session(lab.load(name), device=choose(device), mode=mode, **options)
    session.start()
    session.wait()
    return session


@pytest.mark.parametrize("name", ["dead-relu", "dropout", "adam"])
def test_by_the_whole_gpu_as_on_the_cpu(name):
    there, here = finished(name, "grid", steps=10), finished(name, "auto", "cpu", steps=10)
    compared = 0
    for key in here.history:
        if key[2] != "loss":
            continue
        (steps, values), (at, right) = there.history.curve(*key), here.history.curve(*key)
        np.testing.assert_array_equal(steps, at)
        np.testing.assert_allclose(values, right, rtol=2e-3, atol=1e-5)
        compared += 1
    assert compared


def test_all_gpus_give_what_one_does():
    count = driver.count()
    if count < 2 or len({driver.device(each).properties.name for each in range(count)}) > 1:
        pytest.skip("needs several GPUs of one kind")
    one, all_of_them = (
        finished("dead-relu", "block", device, steps=100, seeds=range(2 * count)) for device in ("cuda:0", "cuda")
    )
    assert {each.device for each in all_of_them.replicas} == {f"cuda:{each}" for each in range(count)}
    for key in one.history:
        if not key[2].startswith("step_time"):
            np.testing.assert_array_equal(all_of_them.history.curve(*key)[1], one.history.curve(*key)[1])


@pytest.mark.parametrize("seeds", [1, 100])
def test_chunks_are_short(seeds, monkeypatch):
    """So that a pause, a change or an interrupt is answered soon."""
    spent_on: list[float] = []
    advanced = Scheduler._advanced

    def note(self, replica, done, begun, spent, measured):
        spent_on.append(spent)
        advanced(self, replica, done, begun, spent, measured)

    monkeypatch.setattr(Scheduler, "_advanced", note)
    finished("dead-relu", "block", seeds=range(seeds))
    assert max(spent_on[2 * seeds :]) < 0.1
