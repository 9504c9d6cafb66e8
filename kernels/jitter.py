"""Images shifted round by a few pixels at random, anew in each step, and back again."""

from __future__ import annotations

from kernels.language import kernel, real
from kernels.random import uniform


@kernel("x[B,H,W,C] -> rolled[B,H,W,C] most stream")
def roll_at_random(x, rolled, most, stream, thread, threads, step, seed):
    """rolled[r, i, j] = x[r, i - down, j - along], with what leaves at one side coming in at the other; down and along
    are whole numbers from -most to most, drawn for each image and step."""
    B, H, W, C = x.shape
    for place in range(thread, B * H, threads):
        r = place // H
        i = place - r * H
        down = int(uniform(seed, stream, step, 2 * r) * real(2 * most + 1)) - most
        along = int(uniform(seed, stream, step, 2 * r + 1) * real(2 * most + 1)) - most
        source = (i - down) % H
        for j in range(W):
            left = (j - along) % W
            for c in range(C):
                rolled[r, i, j, c] = x[r, source, left, c]


@kernel("rolled[B,H,W,C] -> x[B,H,W,C] most stream")
def roll_back(rolled, x, most, stream, thread, threads, step, seed):
    """The images that `roll_at_random` has shifted, back where they were; so also its gradient."""
    B, H, W, C = rolled.shape
    for place in range(thread, B * H, threads):
        r = place // H
        i = place - r * H
        down = int(uniform(seed, stream, step, 2 * r) * real(2 * most + 1)) - most
        along = int(uniform(seed, stream, step, 2 * r + 1) * real(2 * most + 1)) - most
        source = (i + down) % H
        for j in range(W):
            left = (j + along) % W
            for c in range(C):
                x[r, i, j, c] = rolled[r, source, left, c]
