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


@kernel("point[W,n] -> path[T,W,3]! first stride", operations=lambda n: 0)
def record_path(point, path, first, stride, thread, threads, step):
    """Keep the way of each point's first and last coordinate, as (first, last, step).

    Steps 1 to `first` have a row each. Of every `stride` steps after them four rows are kept: where the first
    coordinate was lowest and highest, and where the last was, so that no period of the way can hide in the record.
    """
    last, late = point.shape[1] - 1, step - first - 1
    row = step if late < 0 else first + 1 + 4 * (late // stride)
    if row + (0 if late < 0 else 3) < path.shape[0]:
        begins = late >= 0 and late % stride == 0
        for w in range(thread, point.shape[0], threads):
            x, y = point[w, 0], point[w, last]
            for k in range(1 if late < 0 else 4):
                lower = (k == 0 and x < path[row, w, 0]) or (k == 2 and y < path[row + 2, w, 1])
                higher = (k == 1 and x > path[row + 1, w, 0]) or (k == 3 and y > path[row + 3, w, 1])
                if late < 0 or begins or lower or higher:
                    path[row + k, w, 0] = x
                    path[row + k, w, 1] = y
                    path[row + k, w, 2] = step
