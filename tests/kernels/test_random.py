"""Philox against published vectors, its distributions, permutations and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kernels.batches import choose_batch
from kernels.language import kernel, specialise
from kernels.random import normal, philox, shuffled, uniform
from tests.kernels.running import Run


@kernel("-> words[4] key stream counter_high counter_low")
def apply_philox(words, key, stream, counter_high, counter_low, thread, threads):
    """words = philox(key, stream, counter_high, counter_low)."""
    words[0], words[1], words[2], words[3] = philox(key, stream, counter_high, counter_low)


@kernel("-> y[n] stream")
def apply_uniform(y, stream, thread, threads, step, seed):
    """y = uniform numbers."""
    for i in range(thread, y.size, threads):
        y[i] = uniform(seed, stream, step, i)


@kernel("-> y[n] stream")
def apply_normal(y, stream, thread, threads, step, seed):
    """y = normal numbers."""
    for i in range(thread, y.size, threads):
        y[i] = normal(seed, stream, step, i)


@kernel("-> y[n] bits key_0 key_1")
def apply_shuffled(y, bits, key_0, key_1, thread, threads):
    """y[i] = the place of i in a permutation."""
    for i in range(thread, y.size, threads):
        y[i] = shuffled(i, y.size, bits, key_0, key_1)


def in_python(kernel_function, real_name: str = "float64"):
    return specialise(kernel_function.function, "python", real_name, lambda body, device: body)


def compiled(kernel_function, real_name: str = "float64"):
    from kernels.targets.compiler import inner_of

    return inner_of(kernel_function.name, real_name)


BOTH = pytest.mark.parametrize("target", [in_python, compiled])


def words(run, key: int, stream: int, high: int, low: int) -> list[int]:
    out = np.zeros(4)
    run(out, *(np.int64(np.uint64(each).astype(np.int64)) for each in (key, stream, high, low)), 0, 1)
    return [int(each) for each in out]


@BOTH
@pytest.mark.parametrize(
    ("key", "counter", "answer"),
    [
        (0, (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (0xFFFFFFFF_FFFFFFFF, (0xFFFFFFFF_FFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (0x299F31D0_A4093822, (0x03707344_13198A2E, 0x85A308D3_243F6A88), "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_known_answers_of_random123(target, key, counter, answer):
    assert [f"{each:08x}" for each in words(target(apply_philox), key, 0, *counter)] == answer.split()


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    stream=st.integers(0, 2**31 - 1),
    step=st.integers(0, 2**63 - 1),
    index=st.integers(0, 2**63 - 1),
)
def test_python_and_cpu_agree_bit_for_bit(seed, stream, step, index):
    arguments = (seed, stream, step, index)
    assert words(in_python(apply_philox), *arguments) == words(compiled_philox(), *arguments)


_compiled: list[Any] = []


def compiled_philox():
    if not _compiled:
        _compiled.append(compiled(apply_philox))
    return _compiled[0]


def test_seeds_streams_and_steps_differ():
    seen = {
        tuple(words(in_python(apply_philox), seed, stream, step, index))
        for seed in range(3)
        for stream in range(3)
        for step in range(3)
        for index in range(3)
    }
    assert len(seen) == 81


def draw(kernel_function, n: int, real_name: str = "float32", seed: int = 3, step: int = 5) -> np.ndarray:
    y = np.zeros(n, real_name)
    compiled(kernel_function, real_name)(y, 1, 0, 1, step, seed)
    return y


def test_uniform_numbers():
    y = draw(apply_uniform, 1 << 18)
    assert y.min() >= 0
    assert y.max() < 1
    np.testing.assert_array_equal(y * 2.0**24, np.round(y * 2.0**24))
    counts, _ = np.histogram(y, 256, (0, 1))
    assert stats.chisquare(counts).pvalue > 1e-3
    assert abs(np.corrcoef(y[:-1], y[1:])[0, 1]) < 0.01
    z = np.zeros(50, np.float32)
    in_python(apply_uniform, "float32")(z, 1, 0, 1, 5, 3)
    np.testing.assert_array_equal(z, y[:50])


def test_normal_numbers():
    y = draw(apply_normal, 1 << 18)
    assert np.isfinite(y).all()
    assert stats.kstest(y, "norm").pvalue > 1e-3
    z = np.zeros(50, np.float32)
    in_python(apply_normal, "float32")(z, 1, 0, 1, 5, 3)
    np.testing.assert_allclose(z, y[:50], rtol=1e-6)


def half_width(size: int) -> int:
    bits = 0
    while 4**bits < size:
        bits += 1
    return bits


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(size=st.integers(1, 5000), key_0=st.integers(0, 2**32 - 1), key_1=st.integers(0, 2**32 - 1))
def test_shuffled_is_a_permutation(size, key_0, key_1):
    y = np.zeros(size)
    shuffle(y, half_width(size), key_0, key_1, 0, 1)
    np.testing.assert_array_equal(np.sort(y), np.arange(size))


def shuffle(*arguments: Any) -> None:
    if len(_compiled) < 2:
        compiled_philox()
        _compiled.append(compiled(apply_shuffled))
    _compiled[1](*arguments)


def test_shuffles_reach_every_place_equally_often():
    size, times = 7, 4200
    counts = np.zeros((size, size))
    rng = np.random.default_rng(0)
    for key_0, key_1 in rng.integers(0, 2**32, (times, 2)):
        y = np.zeros(size)
        shuffle(y, half_width(size), key_0, key_1, 0, 1)
        counts[np.arange(size), y.astype(int)] += 1
    assert stats.chisquare(counts.ravel(), ddof=2 * size - 2).pvalue > 1e-3


@pytest.mark.parametrize(("examples", "batch"), [(1, 1), (10, 3), (20, 20), (7, 16), (150, 32)])
def test_each_example_comes_once_per_epoch(examples, batch):
    epochs = 4
    steps = -(-epochs * examples // batch)
    sizes, integers = {"B": batch}, {"N": examples, "bits": half_width(examples), "stream": 2}
    on_cpu = Run(choose_batch, {}, sizes, integers, seed=11)
    in_plain_python = Run(choose_batch, {}, sizes, integers, target="python", seed=11)
    seen: list[float] = []
    for _ in range(steps):
        seen.extend(on_cpu()["chosen"])
        np.testing.assert_array_equal(in_plain_python()["chosen"], on_cpu["chosen"])
    orders = np.array(seen[: epochs * examples]).reshape(epochs, examples)
    np.testing.assert_array_equal(np.sort(orders, 1), np.tile(np.arange(examples), (epochs, 1)))
    if examples >= 10:
        assert len({tuple(order) for order in orders}) == epochs


def test_batches_depend_on_the_seed_and_can_be_recomputed():
    sizes, integers = {"B": 16}, {"N": 100, "bits": 4, "stream": 0}
    first = Run(choose_batch, {}, sizes, integers, seed=1).at_step(9)()["chosen"].copy()
    again = Run(choose_batch, {}, sizes, integers, seed=1)(9)["chosen"]
    np.testing.assert_array_equal(first, again)
    other = Run(choose_batch, {}, sizes, integers, seed=2).at_step(9)()["chosen"]
    assert (first != other).any()


def test_noise_is_new_in_each_step_and_the_same_for_the_same_seed():
    from kernels.descent import add_noise
    from tests.kernels.running import Run

    inputs = {"gradient": 1.0, "deviation": 0.5}
    first, again, other = (Run(add_noise, inputs, {"n": 4096}, {"stream": 9}, seed=seed)() for seed in (3, 3, 4))
    np.testing.assert_array_equal(first["gradient"], again["gradient"])
    assert first["gradient"].mean() == pytest.approx(1, abs=0.05)
    assert first["gradient"].std() == pytest.approx(0.5, abs=0.03)
    more = again()["gradient"] - first["gradient"]
    for added in (other["gradient"] - 1, more):
        assert abs(np.corrcoef(first["gradient"] - 1, added)[0, 1]) < 0.06


def test_changes_of_images_are_new_in_each_step_and_within_their_spread():
    from kernels.augmentation import draw_changes

    spread = np.array([1.0, 0.0, 3.0, 0.5])
    sizes, integers = {"K": 4, "B": 4000}, {"first_normal": 3, "stream": 5}
    run = Run(draw_changes, {"spread": spread}, sizes, integers, seed=2)
    first = run()["changes"].copy()
    assert (run()["changes"] != first).mean() > 0.7
    assert (np.abs(first[:, :3]) <= spread[:3]).all()
    assert first[:, 1].tolist() == [0.0] * 4000
    assert stats.kstest(first[:, 2] / 3, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert stats.kstest(first[:, 3] / 0.5, stats.norm.cdf).pvalue > 1e-3
    assert abs(np.corrcoef(first[:, 0], first[:, 2])[0, 1]) < 0.06
    again = Run(draw_changes, {"spread": spread}, sizes, integers, seed=2, target="python").at_step(1)()["changes"]
    np.testing.assert_allclose(again, first, rtol=1e-5, atol=1e-6)
