"""What walking down a function needs beside the optimizer: noise in the gradient, and a record of the way."""

from __future__ import annotations

from kernels.language import kernel
from kernels.random import normal


@kernel("deviation[1] -> gradient[n]! stream", operations=lambda n: 40 * n)
def add_noise(deviation, gradient, stream, thread, threads, step, seed):
    """g += deviation times standard normal numbers, new ones in each step: what a small batch does to a gradient."""
    strength = deviation[0]
    for i in range(thread, gradient.size, threads):
        gradient[i] += strength * normal(seed, stream, step, i)


@kernel("point[n] -> path[T,n]! stride", operations=lambda n: 0)
def record_point(point, path, stride, thread, threads, step):
    """path[step / stride] = point in every step that is a multiple of `stride` and has a row."""
    row = step // stride
    if row * stride == step and row < path.shape[0]:
        for i in range(thread, point.size, threads):
            path[row, i] = point[i]
