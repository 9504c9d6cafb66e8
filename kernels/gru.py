"""Gated recurrent units over whole sequences: gates r and z, a candidate n, and h between n and the state before.

Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014, with the reset gate behind the recurrent
product, as in PyTorch and cuDNN, so that one product per step serves all three:

    r, z = σ(x + h W + bias)        n = tanh(x + bias + r (h W + candidate_bias))        h = (1 - z) n + z h

`kernels.recurrence` says what `rows`, `symbols` and `mask` are.
"""

from __future__ import annotations

from kernels.elementary import sigmoid, tanh
from kernels.language import FAST, device, kernel, one, zero
from kernels.recurrence import step_product, step_product_back, transpose_for_steps
from kernels.threads import sync_threads


@device(fastmath=FAST, inlined=True)
def gru_step(
    t, rows, symbols, mask, bias, candidate_bias, sums, states, h, before, gates, candidates, looked_up, thread, threads
):  # fmt: skip
    """What follows the product of step t: the gates and states of it; where masked, the state before it."""
    B, T = mask.shape
    H = h.shape[1]
    for b in range(B):
        r = int(symbols[b, t]) if looked_up else b * T + t
        for j in range(thread, H, threads):
            before[b, t, j] = h[b, j]
        # The same thread has the three gates of a unit: nobody need wait for another.
        for q in range(2):
            gate, s, x, a = (
                gates[b, t, q * H : (q + 1) * H],
                sums[b, q * H : (q + 1) * H],
                rows[r, q * H : (q + 1) * H],
                bias[q * H : (q + 1) * H],
            )
            for j in range(thread, H, threads):
                gate[j] = sigmoid(s[j] + x[j] + a[j])
        reset, z, n = gates[b, t, 0:H], gates[b, t, H : 2 * H], gates[b, t, 2 * H : 3 * H]
        s, x, a = sums[b, 2 * H : 3 * H], rows[r, 2 * H : 3 * H], bias[2 * H : 3 * H]
        for j in range(thread, H, threads):
            candidates[b, t, j] = s[j] + candidate_bias[j]
        for j in range(thread, H, threads):
            n[j] = x[j] + a[j] + reset[j] * candidates[b, t, j]
        for j in range(thread, H, threads):
            n[j] = tanh(n[j])
        if mask[b, t] != zero:
            for j in range(thread, H, threads):
                h[b, j] = n[j] + z[j] * (h[b, j] - n[j])
        for j in range(thread, H, threads):
            states[b, t, j] = h[b, j]


@device(fastmath=FAST, inlined=True)
def gru_step_back(
    t, gates, candidates, before, mask, d_states, d_h, back, d_rows, d_products, d_candidate_bias, d_sums, to_states,
    thread, threads,
):  # fmt: skip
    """The gradient of what step t added up, from d_h + back + d_states[b,t]; then d_h = the part that passed by."""
    B = mask.shape[0]
    H = d_h.shape[1]
    for b in range(B):
        for j in range(thread, H, threads):
            d_h[b, j] += back[b, j]
        if to_states:
            for j in range(thread, H, threads):
                d_h[b, j] += d_states[b, t, j]
        reset, z, n = gates[b, t, 0:H], gates[b, t, H : 2 * H], gates[b, t, 2 * H : 3 * H]
        d_r, d_z, d_n = d_rows[b, t, 0:H], d_rows[b, t, H : 2 * H], d_rows[b, t, 2 * H : 3 * H]
        inner = d_sums[b, 2 * H : 3 * H]
        if mask[b, t] == zero:
            for j in range(thread, H, threads):
                d_r[j] = zero
                d_z[j] = zero
                d_n[j] = zero
                inner[j] = zero
        else:
            for j in range(thread, H, threads):
                d_z[j] = d_h[b, j] * (before[b, t, j] - n[j]) * z[j] * (one - z[j])
            for j in range(thread, H, threads):
                d_n[j] = d_h[b, j] * (one - z[j]) * (one - n[j] * n[j])
            for j in range(thread, H, threads):
                d_h[b, j] *= z[j]
            for j in range(thread, H, threads):
                d_r[j] = d_n[j] * candidates[b, t, j] * reset[j] * (one - reset[j])
            for j in range(thread, H, threads):
                inner[j] = d_n[j] * reset[j]
            for j in range(thread, H, threads):
                d_candidate_bias[j] += inner[j]
        for q in range(2):
            target, source = d_sums[b, q * H : (q + 1) * H], d_rows[b, t, q * H : (q + 1) * H]
            for j in range(thread, H, threads):
                target[j] = source[j]
        for q in range(3):
            target, source = d_products[b, t, q * H : (q + 1) * H], d_sums[b, q * H : (q + 1) * H]
            for j in range(thread, H, threads):
                target[j] = source[j]


@device(inlined=True)
def gru_product(t, h, weight, sums, rows, states, before, gates, candidates, looked_up, thread, threads):
    """sums = h weight, the product of step t; the step will then walk through the other arrays."""
    step_product(h, weight, sums, thread, threads)


@device(inlined=True)
def gru_product_back(
    t, d_sums, weight, transposed, back, gates, candidates, before, d_states, d_rows, d_products, to_states,
    thread, threads,
):  # fmt: skip
    """back = d_sums weightᵀ, the product of step t; the step before it will then walk through the other arrays."""
    step_product_back(d_sums, weight, transposed, back, thread, threads)


@kernel(
    "rows[R,G] symbols[B,T] mask[B,T] weight[H,G] bias[G] candidate_bias[H] h_first[B,H] "
    "-> states[B,T,H] h[B,H] before[B,T,H] gates[B,T,G] candidates[B,T,H] sums[B,G] G=3*H looked_up",
    operations=lambda B, T, H: 6 * B * T * H * H,
    typical={"R": 64, "B": 8, "T": 8, "H": 16, "looked_up": 1},
    indices={"symbols": "R"},
)
def gru(
    rows, symbols, mask, weight, bias, candidate_bias, h_first,
    states, h, before, gates, candidates, sums, looked_up, thread, threads,
):  # fmt: skip
    """states[b,t] = (1 - z) n + z states[b,t-1], from the gates of the row of b and t and of states[b,t-1] weight.

    h = the last states. before = the states before each step; gates = r, z, n; candidates = the recurrent part of n
    before r: states[b,t-1] weight + candidate_bias. `sums` is a workplace. `looked_up`: whether `rows` is a table.
    """
    B, T = mask.shape
    H = weight.shape[0]
    for b in range(B):
        for j in range(thread, H, threads):
            h[b, j] = h_first[b, j]
    for t in range(T):
        sync_threads()
        gru_product(t, h, weight, sums, rows, states, before, gates, candidates, looked_up, thread, threads)
        sync_threads()
        gru_step(
            t, rows, symbols, mask, bias, candidate_bias, sums, states, h, before, gates, candidates, looked_up,
            thread, threads,
        )  # fmt: skip


@kernel(
    "gates[B,T,G] candidates[B,T,H] before[B,T,H] mask[B,T] weight[H,G] d_states[B,T,H] d_last[B,H] "
    "-> d_rows[B,T,G] d_products[B,T,G] d_candidate_bias[H] d_h[B,H] d_sums[B,G] back[B,H] transposed[G,H] G=3*H "
    "to_states to_last",
    operations=lambda B, T, H: 6 * B * T * H * H,
    typical={"B": 8, "T": 8, "H": 16, "to_states": 1, "to_last": 1},
)
def gru_gradient(
    gates, candidates, before, mask, weight, d_states, d_last,
    d_rows, d_products, d_candidate_bias, d_h, d_sums, back, transposed, to_states, to_last, thread, threads,
):  # fmt: skip
    """d_rows[b,t] = the gradient of what the input of b and t added, d_products[b,t] that of the product of that step;
    d_candidate_bias, d_h = those of the bias within the candidate and of the first state.

    to_states, to_last: whether `d_states`, `d_last` are gradients (1), or nothing depends on these results (0).
    `d_sums`, `back` and `transposed` are workplaces.
    """
    B, T = mask.shape
    H = weight.shape[0]
    transpose_for_steps(weight, transposed, thread, threads)
    for j in range(thread, H, threads):
        d_candidate_bias[j] = zero
    for b in range(B):
        for j in range(thread, H, threads):
            d_h[b, j] = d_last[b, j] if to_last else zero
            back[b, j] = zero
    for t in range(T - 1, -1, -1):
        gru_step_back(
            t, gates, candidates, before, mask, d_states, d_h, back, d_rows, d_products, d_candidate_bias, d_sums,
            to_states, thread, threads,
        )  # fmt: skip
        sync_threads()
        gru_product_back(
            t, d_sums, weight, transposed, back, gates, candidates, before, d_states, d_rows, d_products, to_states,
            thread, threads,
        )  # fmt: skip
        sync_threads()
    for b in range(B):
        for j in range(thread, H, threads):
            d_h[b, j] += back[b, j]
