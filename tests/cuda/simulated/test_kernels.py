"""Every kernel by several simulated threads, as part of the interpreter and of the entries for a whole GPU."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numba import cuda

from kernels.targets.cuda import matmul
from tests.kernels.cases import all_cases
from tests.kernels.inputs import compare, drawn
from tests.kernels.running import Run, all_kernels
from tests.kernels.test_batches import gathered

TILED = sorted(each.name for each in matmul.LOWERED)


@cuda.jit
def turned_round(x, rounds):
    place = cuda.threadIdx.x
    for _ in range(rounds):
        other = x[x.size - 1 - place]
        cuda.syncthreads()
        x[place] = other
        cuda.syncthreads()


@cuda.jit
def ended_early(x, last):
    if cuda.threadIdx.x == last:
        x[0] += 1
        return
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        x[0] *= 2


@cuda.jit
def failing(x):
    if cuda.threadIdx.x == 2:
        raise ValueError("of this one")
    cuda.syncthreads()
    x[cuda.threadIdx.x] = 1


def test_simulated_threads_wait_for_each_other():
    x = np.arange(16.0)
    turned_round[1, 16](x, 25)
    assert x.tolist() == list(range(15, -1, -1))


def test_a_simulated_thread_that_has_ended_is_not_waited_for():
    x = np.ones(1)
    ended_early[1, 4](x, 3)
    assert x[0] == 4


def test_where_a_simulated_thread_fails_all_end_and_it_is_said():
    before, x = threading.active_count(), np.zeros(8)
    with pytest.raises(ValueError, match="of this one"):
        failing[1, 8](x)
    for each in threading.enumerate():
        if type(each).__name__ == "WakingThread":
            each.join(30)
    assert threading.active_count() == before
    assert not x.any()


def case_of(name: str, which: int) -> tuple:
    """A kernel, its case, sizes, inputs and what must come out; sizes that threads do not divide, and sizes of 1."""
    kernel, case = all_kernels()[name], all_cases()[name]
    pool = ([3, 5, 2, 4, 3], [1] * 5)[which] if len(kernel.extents) > 1 else ([11], [1])[which]
    sizes = case.fix(dict(zip(kernel.extents, pool, strict=False)))
    inputs = drawn(kernel, case, sizes, 4)
    return kernel, case, sizes, inputs, case.expected(inputs, sizes)


@pytest.mark.parametrize("name", sorted(all_cases()))
def test_by_a_team(name):
    for which in (0, 1):
        compare(*case_of(name, which), "cuda", "float64", 1e-10)


def test_bytes_become_what_their_levels_stand_for():
    gathered((6, 3, 5, 3), 4, "cuda", "float32")


@pytest.mark.parametrize("name", sorted(set(all_cases()) - set(TILED)))
def test_by_the_whole_gpu(name):
    by_whole_gpu(name, *case_of(name, 0))


@pytest.mark.parametrize("name", TILED)
def test_tiles_by_the_whole_gpu(name):
    by_whole_gpu(name, *case_of(name, 0))


def by_whole_gpu(name, kernel, case, sizes, inputs, expected) -> None:
    run = Run(kernel, inputs, sizes, case.integers(sizes), target="cuda", dtype="float64").at_step(case.step)
    run.memory.whole_gpu = True
    run()
    for output, right in expected.items():
        right = np.asarray(right, np.float64)
        np.testing.assert_allclose(run[output].reshape(right.shape), right, rtol=1e-10, atol=1e-10, err_msg=name)
