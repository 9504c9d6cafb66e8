"""Layer normalisation: every example gets mean 0 and variance 1 over its features, then a learned scale and shift each.

Ba, Kiros and Hinton, "Layer normalization", 2016. Nothing depends on the other examples, so that training and
evaluation are the same.
"""

from __future__ import annotations

from kernels.elementary import square_root
from kernels.language import kernel, one, real, zero
from kernels.threads import sync_threads


@kernel("x[B,H] gamma[H] beta[H] epsilon[1] -> y[B,H] mean[B] scale[B]", operations=lambda B, H: 7 * B * H)
def layer_norm(x, gamma, beta, epsilon, y, mean, scale, thread, threads):
    """y = gamma (x - mean) scale + beta, with each row's mean and scale = 1 / √(variance + epsilon)."""
    B, H = x.shape
    share = one / real(H)
    for r in range(thread, B, threads):
        total = zero
        for c in range(H):
            total += x[r, c]
        middle = total * share
        squares = zero
        for c in range(H):
            deviation = x[r, c] - middle
            squares += deviation * deviation
        factor = one / square_root(squares * share + epsilon[0])
        for c in range(H):
            y[r, c] = gamma[c] * ((x[r, c] - middle) * factor) + beta[c]
        mean[r] = middle
        scale[r] = factor


@kernel("x[B,H] gamma[H] mean[B] scale[B] dy[B,H] -> dx[B,H] d_gamma[H] d_beta[H]", operations=lambda B, H: 14 * B * H)
def layer_norm_gradient(x, gamma, mean, scale, dy, dx, d_gamma, d_beta, thread, threads):
    """dx = scale (g - mean of g - x̂ mean of g x̂) over each row, g = gamma dy; d_gamma = Σ dy x̂, d_beta = Σ dy.

    x̂ = (x - mean) scale; the last two sums are over rows.
    """
    B, H = x.shape
    share = one / real(H)
    for r in range(thread, B, threads):
        middle = mean[r]
        factor = scale[r]
        total = zero
        product = zero
        for c in range(H):
            g = gamma[c] * dy[r, c]
            total += g
            product += g * ((x[r, c] - middle) * factor)
        total *= share
        product *= share
        for c in range(H):
            normal = (x[r, c] - middle) * factor
            dx[r, c] = factor * (gamma[c] * dy[r, c] - total - normal * product)
    sync_threads()
    for c in range(thread, H, threads):
        d_gamma[c] = zero
        d_beta[c] = zero
    for r in range(B):
        for c in range(thread, H, threads):
            d = dy[r, c]
            d_beta[c] += d
            d_gamma[c] += d * ((x[r, c] - mean[r]) * scale[r])
