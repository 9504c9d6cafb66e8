"""Layer normalisation: every example gets mean 0 and variance 1 over its features, then a learned scale and shift each.

Ba, Kiros and Hinton, "Layer normalization", 2016. Nothing depends on the other examples, so that training and
evaluation are the same.
"""

from __future__ import annotations

from typing import Any

from kernels.elementary import square_root
from kernels.lanes import sync
from kernels.language import kernel, one, real, zero


@kernel("x[B,H] gamma[H] beta[H] epsilon[1] -> y[B,H] mean[B] scale[B]", operations=lambda B, H: 7 * B * H)
def layer_norm(
    x: Any, gamma: Any, beta: Any, epsilon: Any, y: Any, mean: Any, scale: Any, lane: Any, lanes: Any
) -> None:
    """y = gamma (x - mean) scale + beta, with each row's mean and scale = 1 / √(variance + epsilon)."""
    B, H = x.shape
    share = one / real(H)
    for r in range(lane, B, lanes):
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
def layer_norm_gradient(
    x: Any,
    gamma: Any,
    mean: Any,
    scale: Any,
    dy: Any,
    dx: Any,
    d_gamma: Any,
    d_beta: Any,
    lane: Any,
    lanes: Any,
) -> None:
    """dx = scale (g - mean of g - x̂ mean of g x̂) over each row, g = gamma dy; d_gamma = Σ dy x̂, d_beta = Σ dy.

    x̂ = (x - mean) scale; the last two sums are over rows.
    """
    B, H = x.shape
    share = one / real(H)
    for r in range(lane, B, lanes):
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
    sync()
    for c in range(lane, H, lanes):
        d_gamma[c] = zero
        d_beta[c] = zero
    for r in range(B):
        for c in range(lane, H, lanes):
            d = dy[r, c]
            d_beta[c] += d
            d_gamma[c] += d * ((x[r, c] - mean[r]) * scale[r])
