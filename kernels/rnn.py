"""The simple recurrent network over whole sequences: h = φ(x + h W + bias), with φ = tanh or ReLU.

Elman, "Finding structure in time", 1990. `kernels.recurrence` says what `rows`, `symbols` and `mask` are.
"""

from __future__ import annotations

from kernels.elementary import positive_part, tanh
from kernels.language import FAST, FAST_WITH_NANS, device, kernel, one, zero
from kernels.recurrence import step_product, step_product_back, transpose_for_steps
from kernels.threads import sync_threads


@device(fastmath=FAST_WITH_NANS, inlined=True)
def rnn_step(
    t, rows, symbols, mask, bias, sums, states, h, before, looked_up, rectified, thread, threads
):  # fmt: skip
    """What follows the product of step t: states[b,t] = φ(sums + row + bias), or the state before it where masked."""
    for b in range(mask.shape[0]):
        r = int(symbols[b, t]) if looked_up else b * mask.shape[1] + t
        for j in range(thread, h.shape[1], threads):
            before[b, t, j] = h[b, j]
        if mask[b, t] == zero:
            for j in range(thread, h.shape[1], threads):
                states[b, t, j] = h[b, j]
        elif rectified:
            for j in range(thread, h.shape[1], threads):
                value = positive_part(sums[b, j] + rows[r, j] + bias[j])
                states[b, t, j] = value
                h[b, j] = value
        else:
            for j in range(thread, h.shape[1], threads):
                value = tanh(sums[b, j] + rows[r, j] + bias[j])
                states[b, t, j] = value
                h[b, j] = value


@device(fastmath=FAST, inlined=True)
def rnn_step_back(
    t, states, mask, d_states, d_h, back, d_rows, d_sums, rectified, to_states, thread, threads
):  # fmt: skip
    """The gradient of what step t added up: d_rows[b,t] = d_sums = φ' (d_h + back + d_states[b,t]), then d_h = 0."""
    for b in range(mask.shape[0]):
        for j in range(thread, d_h.shape[1], threads):
            d_h[b, j] += back[b, j]
        if to_states:
            for j in range(thread, d_h.shape[1], threads):
                d_h[b, j] += d_states[b, t, j]
        if mask[b, t] == zero:
            for j in range(thread, d_h.shape[1], threads):
                d_sums[b, j] = zero
                d_rows[b, t, j] = zero
        elif rectified:
            for j in range(thread, d_h.shape[1], threads):
                d = d_h[b, j]
                d = d if states[b, t, j] > zero else zero
                d_sums[b, j] = d
                d_rows[b, t, j] = d
                d_h[b, j] = zero
        else:
            for j in range(thread, d_h.shape[1], threads):
                s = states[b, t, j]
                d = d_h[b, j] * (one - s * s)
                d_sums[b, j] = d
                d_rows[b, t, j] = d
                d_h[b, j] = zero


@device(inlined=True)
def rnn_product(t, h, weight, sums, rows, states, before, looked_up, thread, threads):
    """sums = h weight, the product of step t; the step will then walk through the other arrays."""
    step_product(h, weight, sums, thread, threads)


@device(inlined=True)
def rnn_product_back(t, d_sums, weight, transposed, back, states, d_states, d_rows, to_states, thread, threads):
    """back = d_sums weightᵀ, the product of step t; the step before it will then walk through the other arrays."""
    step_product_back(d_sums, weight, transposed, back, thread, threads)


_TYPICAL = {"R": 64, "B": 8, "T": 8, "H": 16, "looked_up": 1}


@kernel(
    "rows[R,H] symbols[B,T] mask[B,T] weight[H,H] bias[H] h_first[B,H] "
    "-> states[B,T,H] h[B,H] before[B,T,H] sums[B,H] looked_up rectified",
    operations=lambda B, T, H: 2 * B * T * H * H,
    typical={**_TYPICAL, "rectified": 0},
    indices={"symbols": "R"},
)
def rnn(
    rows, symbols, mask, weight, bias, h_first, states, h, before, sums, looked_up, rectified, thread, threads
):  # fmt: skip
    """states[b,t] = φ(row of b and t + states[b,t-1] weight + bias), begun with h_first; before[b,t] = states[b,t-1].

    h = the last states. φ is tanh, or ReLU if `rectified` is 1. `sums` is a workplace. `looked_up`: whether `rows` is a
    table.
    """
    B, T = mask.shape
    H = weight.shape[0]
    for b in range(B):
        for j in range(thread, H, threads):
            h[b, j] = h_first[b, j]
    for t in range(T):
        sync_threads()
        rnn_product(t, h, weight, sums, rows, states, before, looked_up, thread, threads)
        sync_threads()
        rnn_step(t, rows, symbols, mask, bias, sums, states, h, before, looked_up, rectified, thread, threads)


@kernel(
    "states[B,T,H] mask[B,T] weight[H,H] d_states[B,T,H] d_last[B,H] "
    "-> d_rows[B,T,H] d_h[B,H] d_sums[B,H] back[B,H] transposed[H,H] rectified to_states to_last",
    operations=lambda B, T, H: 2 * B * T * H * H,
    typical={"B": 8, "T": 8, "H": 16, "rectified": 0, "to_states": 1, "to_last": 1},
)
def rnn_gradient(
    states, mask, weight, d_states, d_last, d_rows, d_h, d_sums, back, transposed, rectified, to_states, to_last,
    thread, threads,
):  # fmt: skip
    """d_rows[b,t] = the gradient of what the input of b and t added; d_h = that of the first state.

    to_states, to_last: whether `d_states`, `d_last` are gradients (1), or nothing depends on these results (0).
    `d_sums`, `back` and `transposed` are workplaces.
    """
    B, T = mask.shape
    H = weight.shape[0]
    transpose_for_steps(weight, transposed, thread, threads)
    for b in range(B):
        for j in range(thread, H, threads):
            d_h[b, j] = d_last[b, j] if to_last else zero
            back[b, j] = zero
    for t in range(T - 1, -1, -1):
        rnn_step_back(t, states, mask, d_states, d_h, back, d_rows, d_sums, rectified, to_states, thread, threads)
        sync_threads()
        rnn_product_back(t, d_sums, weight, transposed, back, states, d_states, d_rows, to_states, thread, threads)
        sync_threads()
    for b in range(B):
        for j in range(thread, H, threads):
            d_h[b, j] += back[b, j]
