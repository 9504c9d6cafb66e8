"""Batch normalisation: every feature gets mean 0 and variance 1 over the batch, then a learned scale and shift.

Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift", 2015.

    training:    x̂ = (x - mean) scale with scale = 1 / √(variance + epsilon), of the batch;  y = gamma x̂ + beta
    evaluation:  the same with running means of mean and variance, so that an example's answer does not depend on others

The variance is that of these B numbers (divided by B); the running one is multiplied by B / (B - 1), as in the paper,
since it stands for that of the whole data. Images with channels last are normalised per channel, over all their pixels:
the kernels see them as [B·height·width, channels].
"""

from __future__ import annotations

from kernels.elementary import positive_part, square_root
from kernels.language import PRECISE, device, kernel, one, real, zero

BLOCK = 4096
"""Numbers that are summed up before their sum joins the others: one long chain would lose digits."""


@device(inlined=True)
def rows_of_block(H):
    """How many rows are summed up at a time."""
    return max(BLOCK // H, 8)


@device(inlined=True)
def sum_columns(x, totals, thread, threads):
    """totals[c] = the sum of column c."""
    B, H = x.shape
    rows = rows_of_block(H)
    for c in range(thread, H, threads):
        total = zero
        for first in range(0, B, rows):
            part = zero
            for r in range(first, min(first + rows, B)):
                part += x[r, c]
            total += part
        totals[c] = total


@device(inlined=True)
def sum_deviations(x, mean, totals, thread, threads):
    """totals[c] = the sum of (x - mean)² in column c."""
    B, H = x.shape
    rows = rows_of_block(H)
    for c in range(thread, H, threads):
        total = zero
        for first in range(0, B, rows):
            part = zero
            for r in range(first, min(first + rows, B)):
                deviation = x[r, c] - mean[c]
                part += deviation * deviation
            total += part
        totals[c] = total


@device(inlined=True)
def sum_gradients(x, gamma, beta, mean, scale, dy, d_gamma, d_beta, rectified, thread, threads):
    """d_beta[c] = the sum of dy in column c, d_gamma[c] = that of dy (x - mean) scale; if `rectified`, of dy where
    what came out is above 0."""
    B, H = x.shape
    rows = rows_of_block(H)
    for c in range(thread, H, threads):
        to_gamma = zero
        to_beta = zero
        for first in range(0, B, rows):
            gamma_part = zero
            beta_part = zero
            for r in range(first, min(first + rows, B)):
                d = dy[r, c]
                if rectified:
                    y = gamma[c] * ((x[r, c] - mean[c]) * scale[c]) + beta[c]
                    d = d if y > zero else zero
                beta_part += d
                gamma_part += d * (x[r, c] - mean[c])
            to_gamma += gamma_part
            to_beta += beta_part
        d_gamma[c] = to_gamma * scale[c]
        d_beta[c] = to_beta


@device(fastmath=PRECISE - {"nnan"}, inlined=True)
def normalise(x, gamma, beta, mean, scale, y, rectified, thread, threads):
    """y = gamma (x - mean) scale + beta; if `rectified`, 0 where that is negative."""
    for r in range(x.shape[0]):
        for c in range(thread, x.shape[1], threads):
            value = gamma[c] * ((x[r, c] - mean[c]) * scale[c]) + beta[c]
            y[r, c] = positive_part(value) if rectified else value


@device(inlined=True)
def normalise_back(x, gamma, beta, mean, scale, dy, d_gamma, d_beta, dx, rectified, thread, threads):
    """dx = gamma scale (dy - (d_beta + (x - mean) scale d_gamma) / B); if `rectified`, dy counts where what came out
    is above 0."""
    B, H = x.shape
    share = one / real(B)
    for r in range(B):
        for c in range(thread, H, threads):
            normal = (x[r, c] - mean[c]) * scale[c]
            d = dy[r, c]
            if rectified:
                y = gamma[c] * normal + beta[c]
                d = d if y > zero else zero
            dx[r, c] = gamma[c] * scale[c] * (d - share * (d_beta[c] + normal * d_gamma[c]))


@device(inlined=True)
def batch_statistics(x, epsilon, mean, variance, scale, thread, threads):
    """Each column's mean, variance and scale = 1 / √(variance + epsilon)."""
    B, H = x.shape
    share = one / real(B)
    sum_columns(x, mean, thread, threads)
    for c in range(thread, H, threads):
        mean[c] *= share
    # The deviations in a pass of their own: the mean of squares less the square of the mean would lose all digits.
    sum_deviations(x, mean, variance, thread, threads)
    for c in range(thread, H, threads):
        variance[c] *= share
        scale[c] = one / square_root(variance[c] + epsilon[0])


@kernel("x[B,H] gamma[H] beta[H] epsilon[1] -> y[B,H] mean[H] variance[H] scale[H]", operations=lambda B, H: 7 * B * H)
def batch_norm(x, gamma, beta, epsilon, y, mean, variance, scale, thread, threads):
    """y = gamma (x - mean) scale + beta, with each column's mean, variance and scale = 1 / √(variance + epsilon)."""
    batch_statistics(x, epsilon, mean, variance, scale, thread, threads)
    normalise(x, gamma, beta, mean, scale, y, False, thread, threads)


@kernel("x[B,H] gamma[H] mean[H] scale[H] dy[B,H] -> dx[B,H] d_gamma[H] d_beta[H]", operations=lambda B, H: 11 * B * H)
def batch_norm_gradient(x, gamma, mean, scale, dy, dx, d_gamma, d_beta, thread, threads):
    """d_beta = Σ dy, d_gamma = Σ dy x̂, dx = gamma scale (dy - d_beta / B - x̂ d_gamma / B): the mean depends on x.

    The sums are over the batch, x̂ = (x - mean) scale.
    """
    sum_gradients(x, gamma, gamma, mean, scale, dy, d_gamma, d_beta, False, thread, threads)
    normalise_back(x, gamma, gamma, mean, scale, dy, d_gamma, d_beta, dx, False, thread, threads)


@kernel(
    "mean[H] variance[H] momentum[1] -> running_mean[H]! running_variance[H]! examples",
    operations=lambda H: 6 * H,
    typical={"examples": 64},
)
def batch_norm_running(mean, variance, momentum, running_mean, running_variance, examples, thread, threads):
    """running = momentum running + (1 - momentum) of the batch; the variance without the bias of so many examples."""
    kept = momentum[0]
    added = one - kept
    unbiased = added * (real(examples) / real(max(examples - 1, 1)))
    for c in range(thread, mean.size, threads):
        running_mean[c] = kept * running_mean[c] + added * mean[c]
        running_variance[c] = kept * running_variance[c] + unbiased * variance[c]


@kernel("x[B,H] gamma[H] beta[H] mean[H] variance[H] epsilon[1] -> y[B,H]", operations=lambda B, H: 4 * B * H)
def batch_norm_evaluate(x, gamma, beta, mean, variance, epsilon, y, thread, threads):
    """y = gamma (x - mean) / √(variance + epsilon) + beta, with given mean and variance of each column."""
    for r in range(x.shape[0]):
        for c in range(thread, x.shape[1], threads):
            y[r, c] = gamma[c] * ((x[r, c] - mean[c]) / square_root(variance[c] + epsilon[0])) + beta[c]


@kernel(
    "x[B,H] gamma[H] mean[H] variance[H] epsilon[1] dy[B,H] -> dx[B,H] d_gamma[H] d_beta[H]",
    operations=lambda B, H: 7 * B * H,
)
def batch_norm_evaluate_gradient(x, gamma, mean, variance, epsilon, dy, dx, d_gamma, d_beta, thread, threads):
    """d_beta = Σ dy, d_gamma = Σ dy x̂, dx = gamma dy / √(variance + epsilon): mean and variance do not depend on x."""
    for c in range(thread, x.shape[1], threads):
        d_gamma[c] = zero
        d_beta[c] = zero
    for r in range(x.shape[0]):
        for c in range(thread, x.shape[1], threads):
            scale = one / square_root(variance[c] + epsilon[0])
            d = dy[r, c]
            dx[r, c] = gamma[c] * scale * d
            d_beta[c] += d
            d_gamma[c] += d * ((x[r, c] - mean[c]) * scale)
