"""What recurrent kernels have in common: one product per step, with all gates of all examples at once.

A layer that is called step by step is a product of the state [B,H] and the recurrent weights [H,G] per step, and a few
elementary functions. All else is outside of the loop over time, as products over all steps at once: what the inputs
add to the gates before it, the gradients of all weights behind it.

`rows` is what the inputs add. Where the inputs are symbols it is a table of rows, [symbols, G], which is read at
`symbols[b,t]`, so that the product of weights with a one-hot vector costs nothing; else it has a row for each example
and time, [B·T, G].

`mask[b,t]` is 1 where a sequence goes on and 0 where it has ended: there the state stays as it is, so that the last
state of each sequence is that at its own end.
"""

from __future__ import annotations

from kernels.language import FAST, device, zero
from kernels.matrix import product_by_rows


@device(fastmath=FAST)
def step_product(state, weight, sums, thread, threads):
    """sums = state weight: [B,H] by [H,G], whose elements are divided among threads."""
    B, H = state.shape
    G = weight.shape[1]
    for i in range(thread, B * G, threads):
        r = i // G
        c = i - r * G
        total = zero
        for k in range(H):
            total += state[r, k] * weight[k, c]
        sums[r, c] = total


@step_product.on("cpu")
def _step_product_cpu(state, weight, sums, thread, threads):
    if state.shape[0] > 1:
        product_by_rows(state, weight, sums)
        return
    # One example: a library would take longer to be called than to multiply.
    H, G = weight.shape
    for c in range(G):
        sums[0, c] = zero
    quarters = H // 4 * 4
    for k in range(0, quarters, 4):
        s0, s1, s2, s3 = state[0, k], state[0, k + 1], state[0, k + 2], state[0, k + 3]
        for c in range(G):
            sums[0, c] += s0 * weight[k, c] + s1 * weight[k + 1, c] + s2 * weight[k + 2, c] + s3 * weight[k + 3, c]
    for k in range(quarters, H):
        s0 = state[0, k]
        for c in range(G):
            sums[0, c] += s0 * weight[k, c]


@step_product.on("python")
def _step_product_python(state, weight, sums, thread, threads):
    product_by_rows(state, weight, sums)


@device(fastmath=FAST)
def transpose_for_steps(weight, transposed, thread, threads):
    """transposed = weightᵀ, as `step_product_back` wants it."""
    for k in range(weight.shape[0]):
        for c in range(thread, weight.shape[1], threads):
            transposed[c, k] = weight[k, c]


@transpose_for_steps.on("cpu")
def _transpose_for_steps_cpu(weight, transposed, thread, threads):
    # In squares, of which the lines stay in the nearest cache.
    H, G = weight.shape
    for first in range(0, G, 16):
        for k in range(H):
            for c in range(first, min(first + 16, G)):
                transposed[c, k] = weight[k, c]


@device(fastmath=FAST)
def step_product_back(d_sums, weight, transposed, d_state, thread, threads):
    """d_state = d_sums weightᵀ: [B,G] by [G,H], with the weights and their transpose at hand."""
    step_product(d_sums, transposed, d_state, thread, threads)


@step_product_back.on("cpu")
def _step_product_back_cpu(d_sums, weight, transposed, d_state, thread, threads):
    if d_sums.shape[0] > 1:
        product_by_rows(d_sums, transposed, d_state)
        return
    H, G = weight.shape
    for k in range(H):
        total = zero
        for c in range(G):
            total += d_sums[0, c] * weight[k, c]
        d_state[0, k] = total
