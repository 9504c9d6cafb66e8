"""Group normalisation: each group of an image's channels gets mean 0 and variance 1, then a learned scale and shift.

Wu and He, "Group normalization", 2018. One group is layer normalisation of the whole image, as many groups as channels
are instance normalisation. Nothing depends on the other examples. Images are seen as [batch, pixels, channels].
"""

from __future__ import annotations

from kernels.elementary import square_root
from kernels.language import kernel, one, real, zero

_TYPICAL = {"B": 16, "S": 16, "C": 32, "groups": 8}


@kernel(
    "x[B,S,C] gamma[C] beta[C] epsilon[1] -> y[B,S,C] mean[B,K] scale[B,K] groups K=groups",
    operations=lambda B, S, C: 7 * B * S * C,
    typical=_TYPICAL,
)
def group_norm(x, gamma, beta, epsilon, y, mean, scale, groups, thread, threads):
    """y = gamma (x - mean) scale + beta, with each group's mean and scale = 1 / √(variance + epsilon)."""
    B, S, C = x.shape
    size = C // groups
    share = one / real(S * size)
    for part in range(thread, B * groups, threads):
        b = part // groups
        k = part % groups
        total = zero
        for s in range(S):
            for c in range(k * size, (k + 1) * size):
                total += x[b, s, c]
        middle = total * share
        squares = zero
        for s in range(S):
            for c in range(k * size, (k + 1) * size):
                deviation = x[b, s, c] - middle
                squares += deviation * deviation
        factor = one / square_root(squares * share + epsilon[0])
        for s in range(S):
            for c in range(k * size, (k + 1) * size):
                y[b, s, c] = gamma[c] * ((x[b, s, c] - middle) * factor) + beta[c]
        mean[b, k] = middle
        scale[b, k] = factor


@kernel(
    "x[B,S,C] gamma[C] mean[B,K] scale[B,K] dy[B,S,C] -> dx[B,S,C] d_gamma[C] d_beta[C] groups K=groups",
    operations=lambda B, S, C: 14 * B * S * C,
    typical=_TYPICAL,
)
def group_norm_gradient(x, gamma, mean, scale, dy, dx, d_gamma, d_beta, groups, thread, threads):
    """dx = scale (g - mean of g - x̂ mean of g x̂) over each group, g = gamma dy; d_gamma = Σ dy x̂, d_beta = Σ dy.

    x̂ = (x - mean) scale; the last two sums are over images and pixels.
    """
    B, S, C = x.shape
    size = C // groups
    share = one / real(S * size)
    for part in range(thread, B * groups, threads):
        b = part // groups
        k = part % groups
        middle = mean[b, k]
        factor = scale[b, k]
        total = zero
        product = zero
        for s in range(S):
            for c in range(k * size, (k + 1) * size):
                g = gamma[c] * dy[b, s, c]
                total += g
                product += g * (x[b, s, c] - middle) * factor
        total *= share
        product *= share
        for s in range(S):
            for c in range(k * size, (k + 1) * size):
                normal = (x[b, s, c] - middle) * factor
                dx[b, s, c] = factor * (gamma[c] * dy[b, s, c] - total - normal * product)
    for c in range(thread, C, threads):
        k = c // size
        to_gamma = zero
        to_beta = zero
        for b in range(B):
            for s in range(S):
                d = dy[b, s, c]
                to_beta += d
                to_gamma += d * ((x[b, s, c] - mean[b, k]) * scale[b, k])
        d_gamma[c] = to_gamma
        d_beta[c] = to_beta
