"""Long short-term memory over whole sequences: gates i, f, o and g, a cell c that is added to, and h = o tanh(c).

Hochreiter and Schmidhuber, "Long short-term memory", 1997, with the forget gate of Gers, Schmidhuber and Cummins, 2000:

    i, f, o = σ(…), g = tanh(…) of x + h W + bias        c = f c + i g        h = o tanh(c)

`kernels.recurrence` says what `rows`, `symbols` and `mask` are.
"""

from __future__ import annotations

from kernels.elementary import sigmoid, tanh
from kernels.language import FAST, device, kernel, one, zero
from kernels.recurrence import step_product, step_product_back, transpose_for_steps
from kernels.threads import sync_threads


@device(fastmath=FAST, inlined=True)
def lstm_step(
    t, rows, symbols, mask, bias, sums, states, h, c, before, cells, squashed, gates, looked_up, thread, threads
):  # fmt: skip
    """What follows the product of step t: the gates, cells and states of it; where masked, the state before it."""
    B, T = mask.shape
    H = h.shape[1]
    for b in range(B):
        r = int(symbols[b, t]) if looked_up else b * T + t
        for j in range(thread, H, threads):
            before[b, t, j] = h[b, j]
        for j in range(thread, H, threads):
            cells[b, t, j] = c[b, j]
        # The same thread has the four gates of a unit: nobody need wait for another.
        for q in range(3):
            gate, s, x, a = (
                gates[b, t, q * H : (q + 1) * H],
                sums[b, q * H : (q + 1) * H],
                rows[r, q * H : (q + 1) * H],
                bias[q * H : (q + 1) * H],
            )
            for j in range(thread, H, threads):
                gate[j] = sigmoid(s[j] + x[j] + a[j])
        i, f, o, g = (
            gates[b, t, 0:H],
            gates[b, t, H : 2 * H],
            gates[b, t, 2 * H : 3 * H],
            gates[b, t, 3 * H : 4 * H],
        )
        s, x, a = sums[b, 3 * H : 4 * H], rows[r, 3 * H : 4 * H], bias[3 * H : 4 * H]
        for j in range(thread, H, threads):
            g[j] = tanh(s[j] + x[j] + a[j])
        if mask[b, t] != zero:
            for j in range(thread, H, threads):
                c[b, j] = f[j] * c[b, j] + i[j] * g[j]
            for j in range(thread, H, threads):
                squashed[b, t, j] = tanh(c[b, j])
            for j in range(thread, H, threads):
                h[b, j] = o[j] * squashed[b, t, j]
        else:
            for j in range(thread, H, threads):
                squashed[b, t, j] = zero
        for j in range(thread, H, threads):
            states[b, t, j] = h[b, j]


@device(fastmath=FAST, inlined=True)
def lstm_step_back(
    t, gates, cells, squashed, mask, d_states, d_h, back, d_c, d_rows, d_sums, to_states, thread, threads
):  # fmt: skip
    """The gradient of what step t added up, from d_h + back + d_states[b,t] and d_c; then d_h = 0."""
    B = mask.shape[0]
    H = d_h.shape[1]
    for b in range(B):
        for j in range(thread, H, threads):
            d_h[b, j] += back[b, j]
        if to_states:
            for j in range(thread, H, threads):
                d_h[b, j] += d_states[b, t, j]
        i, f, o, g = (
            gates[b, t, 0:H],
            gates[b, t, H : 2 * H],
            gates[b, t, 2 * H : 3 * H],
            gates[b, t, 3 * H : 4 * H],
        )
        d_i, d_f, d_o, d_g = (
            d_sums[b, 0:H],
            d_sums[b, H : 2 * H],
            d_sums[b, 2 * H : 3 * H],
            d_sums[b, 3 * H : 4 * H],
        )
        if mask[b, t] == zero:
            for j in range(thread, H, threads):
                d_i[j] = zero
                d_f[j] = zero
                d_o[j] = zero
                d_g[j] = zero
        else:
            for j in range(thread, H, threads):
                d_c[b, j] += d_h[b, j] * o[j] * (one - squashed[b, t, j] * squashed[b, t, j])
            for j in range(thread, H, threads):
                d_o[j] = d_h[b, j] * squashed[b, t, j] * o[j] * (one - o[j])
            for j in range(thread, H, threads):
                d_h[b, j] = zero
            for j in range(thread, H, threads):
                d_i[j] = d_c[b, j] * g[j] * i[j] * (one - i[j])
            for j in range(thread, H, threads):
                d_g[j] = d_c[b, j] * i[j] * (one - g[j] * g[j])
            for j in range(thread, H, threads):
                d_f[j] = d_c[b, j] * cells[b, t, j] * f[j] * (one - f[j])
            for j in range(thread, H, threads):
                d_c[b, j] *= f[j]
        for q in range(4):
            target, source = d_rows[b, t, q * H : (q + 1) * H], d_sums[b, q * H : (q + 1) * H]
            for j in range(thread, H, threads):
                target[j] = source[j]


@device(inlined=True)
def lstm_product(t, h, weight, sums, rows, states, before, cells, squashed, gates, looked_up, thread, threads):
    """sums = h weight, the product of step t; the step will then walk through the other arrays."""
    step_product(h, weight, sums, thread, threads)


@device(inlined=True)
def lstm_product_back(
    t, d_sums, weight, transposed, back, gates, cells, squashed, d_states, d_rows, to_states, thread, threads
):  # fmt: skip
    """back = d_sums weightᵀ, the product of step t; the step before it will then walk through the other arrays."""
    step_product_back(d_sums, weight, transposed, back, thread, threads)


@kernel(
    "rows[R,G] symbols[B,T] mask[B,T] weight[H,G] bias[G] h_first[B,H] c_first[B,H] "
    "-> states[B,T,H] h[B,H] c[B,H] before[B,T,H] cells[B,T,H] squashed[B,T,H] gates[B,T,G] sums[B,G] G=4*H looked_up",
    operations=lambda B, T, H: 8 * B * T * H * H,
    typical={"R": 64, "B": 8, "T": 8, "H": 16, "looked_up": 1},
    indices={"symbols": "R"},
)
def lstm(
    rows, symbols, mask, weight, bias, h_first, c_first,
    states, h, c, before, cells, squashed, gates, sums, looked_up, thread, threads,
):  # fmt: skip
    """states[b,t] = o tanh(c), from the gates of (row of b and t + states[b,t-1] weight + bias).

    h, c = the last states and cells. before, cells = states and cells before each step; squashed = tanh of the cells
    after it; gates = i, f, o, g. `sums` is a workplace. `looked_up`: whether `rows` is a table.
    """
    B, T = mask.shape
    H = weight.shape[0]
    for b in range(B):
        for j in range(thread, H, threads):
            h[b, j] = h_first[b, j]
            c[b, j] = c_first[b, j]
    for t in range(T):
        sync_threads()
        lstm_product(t, h, weight, sums, rows, states, before, cells, squashed, gates, looked_up, thread, threads)
        sync_threads()
        lstm_step(
            t, rows, symbols, mask, bias, sums, states, h, c, before, cells, squashed, gates, looked_up, thread, threads
        )


@kernel(
    "gates[B,T,G] cells[B,T,H] squashed[B,T,H] mask[B,T] weight[H,G] d_states[B,T,H] d_last[B,H] d_last_cell[B,H] "
    "-> d_rows[B,T,G] d_h[B,H] d_c[B,H] d_sums[B,G] back[B,H] transposed[G,H] G=4*H to_states to_last to_cell",
    operations=lambda B, T, H: 8 * B * T * H * H,
    typical={"B": 8, "T": 8, "H": 16, "to_states": 1, "to_last": 1, "to_cell": 1},
)
def lstm_gradient(
    gates, cells, squashed, mask, weight, d_states, d_last, d_last_cell,
    d_rows, d_h, d_c, d_sums, back, transposed, to_states, to_last, to_cell, thread, threads,
):  # fmt: skip
    """d_rows[b,t] = the gradient of what the input of b and t added; d_h, d_c = those of the first state and cell.

    to_states, to_last, to_cell: whether `d_states`, `d_last`, `d_last_cell` are gradients (1), or nothing depends on
    these results (0). `d_sums`, `back` and `transposed` are workplaces.
    """
    B, T = mask.shape
    H = weight.shape[0]
    transpose_for_steps(weight, transposed, thread, threads)
    for b in range(B):
        for j in range(thread, H, threads):
            d_h[b, j] = d_last[b, j] if to_last else zero
            back[b, j] = zero
            d_c[b, j] = d_last_cell[b, j] if to_cell else zero
    for t in range(T - 1, -1, -1):
        lstm_step_back(
            t, gates, cells, squashed, mask, d_states, d_h, back, d_c, d_rows, d_sums, to_states, thread, threads
        )
        sync_threads()
        lstm_product_back(
            t, d_sums, weight, transposed, back, gates, cells, squashed, d_states, d_rows, to_states, thread, threads
        )
        sync_threads()
    for b in range(B):
        for j in range(thread, H, threads):
            d_h[b, j] += back[b, j]
