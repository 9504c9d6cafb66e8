"""Switching numbers off at random, and the gate that opens or shuts a whole block of a network.

Masks are never stored: the number at place i of a mask is a function of (seed, stream, step, i), so that the backward
pass makes the same mask again. One call of the generator serves four places, a quarter of the array apart, so that
loads and stores stay contiguous.
"""

from __future__ import annotations

import numpy as np

from kernels.language import kernel, one, real, zero
from kernels.plan import SKIP
from kernels.random import philox, uniform

WORDS = 4294967296.0


@kernel("x[n] rate[1] -> y[n] stream inverted", operations=lambda n: 15 * n)
def dropout(x, rate, y, stream, inverted, thread, threads, step, seed):
    """y = 0 with probability `rate`, else x, or x / (1 - rate) if `inverted` is 1; another mask in each step.

    Linear in x, so that it is its own gradient: dx is this kernel on dy. Srivastava, Hinton, Krizhevsky, Sutskever and
    Salakhutdinov, "Dropout: a simple way to prevent neural networks from overfitting", 2014.
    """
    limit = np.uint64(np.float64(rate[0]) * WORDS)
    scale = one / (one - rate[0]) if inverted != 0 else one
    quarter = x.size // 4
    second, third, fourth, rest = quarter, 2 * quarter, 3 * quarter, 4 * quarter
    for i in range(thread, quarter, threads):
        a, b, c, d = philox(seed, stream, step, i)
        v, w = x[i] * scale, x[second + i] * scale
        y[i] = v if a >= limit else zero
        y[second + i] = w if b >= limit else zero
        v, w = x[third + i] * scale, x[fourth + i] * scale
        y[third + i] = v if c >= limit else zero
        y[fourth + i] = w if d >= limit else zero
    for i in range(rest + thread, x.size, threads):
        a, _, _, _ = philox(seed, stream, step, i)
        v = x[i] * scale
        y[i] = v if a >= limit else zero


@kernel("chance[1] -> gate[1] stream")
def open_gate(chance, gate, stream, thread, threads, step, seed):
    """gate = 1 with probability `chance`, else 0; another draw in each step."""
    if thread == 0:
        gate[0] = one if uniform(seed, stream, step, 0) < chance[0] else zero


@kernel("x[n] gate[1] -> y[n] rows")
def enter_block(x, gate, y, rows, thread, threads, state):
    """y = x if the gate is open; if it is shut, the next `rows` rows of the plan are not executed.

    Used forward on the input of a block, and backward on the gradient of its output. Huang, Sun, Liu, Sedra and
    Weinberger, "Deep networks with stochastic depth", 2016.
    """
    if gate[0] > real(0.5):
        for i in range(thread, x.size, threads):
            y[i] = x[i]
    elif thread == 0:
        state[SKIP] = rows


@kernel("x[n] inner[n] gate[1] -> y[n]")
def leave_block(x, inner, gate, y, thread, threads):
    """y = x + inner if the gate is open, else x; `inner` is not read if it is shut."""
    if gate[0] > real(0.5):
        for i in range(thread, x.size, threads):
            y[i] = x[i] + inner[i]
    else:
        for i in range(thread, x.size, threads):
            y[i] = x[i]


@kernel("d_inner[n] gate[1] -> dx[n]")
def enter_block_gradient(d_inner, gate, dx, thread, threads):
    """dx = d_inner if the gate is open, else 0; `d_inner` is not read if it is shut."""
    if gate[0] > real(0.5):
        for i in range(thread, dx.size, threads):
            dx[i] = d_inner[i]
    else:
        for i in range(thread, dx.size, threads):
            dx[i] = zero


@kernel("gate[1] -> gradient[n]!")
def clear_if_shut(gate, gradient, thread, threads):
    """gradient = 0 if the gate is shut: that of the parameters of a block whose backward pass is skipped."""
    if gate[0] < real(0.5):
        for i in range(thread, gradient.size, threads):
            gradient[i] = zero
