"""Batch normalisation with ReLU behind it as one kernel, and their way back as another.

They stand for the two where nobody else looks at what is between (`lab.graph.fusion`). Memory is what limits both, and
a pass over it less is a pass less. Where ReLU was active is found out once more on the way back, from x, which is read
anyway.
"""

from __future__ import annotations

from kernels.batch_norm import batch_statistics, normalise, normalise_back, sum_gradients
from kernels.language import kernel


@kernel("x[B,H] gamma[H] beta[H] epsilon[1] -> y[B,H] mean[H] variance[H] scale[H]", operations=lambda B, H: 8 * B * H)
def batch_norm_relu(x, gamma, beta, epsilon, y, mean, variance, scale, thread, threads):
    """y = max(gamma (x - mean) scale + beta, 0), with each column's mean, variance and scale = 1 / √(variance +
    epsilon)."""
    batch_statistics(x, epsilon, mean, variance, scale, thread, threads)
    normalise(x, gamma, beta, mean, scale, y, True, thread, threads)


@kernel(
    "x[B,H] gamma[H] beta[H] mean[H] scale[H] dy[B,H] -> dx[B,H] d_gamma[H] d_beta[H]",
    operations=lambda B, H: 15 * B * H,
)
def batch_norm_relu_gradient(x, gamma, beta, mean, scale, dy, dx, d_gamma, d_beta, thread, threads):
    """d_beta = Σ d, d_gamma = Σ d x̂, dx = gamma scale (d - d_beta / B - x̂ d_gamma / B), where d is dy if gamma x̂ + beta
    is above 0, else 0.

    The sums are over the batch, x̂ = (x - mean) scale.
    """
    sum_gradients(x, gamma, beta, mean, scale, dy, d_gamma, d_beta, True, thread, threads)
    normalise_back(x, gamma, beta, mean, scale, dy, d_gamma, d_beta, dx, True, thread, threads)
