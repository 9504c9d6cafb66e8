"""What walking down a function needs beside the optimizer: noise in the gradient, and a record of the way."""

from __future__ import annotations

from typing import Any

from kernels.language import kernel
from kernels.random import normal


@kernel("deviation[1] -> gradient[n]! stream", operations=lambda n: 40 * n)
def add_noise(deviation: Any, gradient: Any, stream: Any, lane: Any, lanes: Any, step: Any, seed: Any) -> None:
    """g += deviation times standard normal numbers, new ones in each step: what a small batch does to a gradient."""
    strength = deviation[0]
    for i in range(lane, gradient.size, lanes):
        gradient[i] += strength * normal(seed, stream, step, i)


@kernel("point[n] -> path[T,n]! stride", operations=lambda n: 0)
def record_point(point: Any, path: Any, stride: Any, lane: Any, lanes: Any, step: Any) -> None:
    """path[step / stride] = point in every step that is a multiple of `stride` and has a row."""
    row = step // stride
    if row * stride == step and row < path.shape[0]:
        for i in range(lane, point.size, lanes):
            path[row, i] = point[i]
