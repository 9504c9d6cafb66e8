"""Random numbers as the input of a network."""

from __future__ import annotations

from kernels.language import kernel
from kernels.random import normal


@kernel("-> x[n] stream", operations=lambda n: 40 * n)
def draw_normal(x, stream, thread, threads, step, seed):
    """x = standard normal numbers, new ones in each step."""
    for i in range(thread, x.size, threads):
        x[i] = normal(seed, stream, step, i)
