"""Local response normalisation: a channel is damped where its neighbours in the order of channels are strong.

    y[c] = x[c] / s[c]^beta,    s[c] = k + alpha Σ x[j]² over the `size` channels j around c

Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 3.3.
The sum ends at the first and the last channel; of an even number of neighbours one more lies before c.
"""

from __future__ import annotations

from kernels.elementary import exp, log
from kernels.language import kernel, one, real, zero

_TYPICAL = {"B": 256, "C": 32, "size": 5}


@kernel(
    "x[B,C] alpha[1] beta[1] k[1] -> y[B,C] s[B,C] size",
    operations=lambda B, C, size: (2 * size + 20) * B * C,
    typical=_TYPICAL,
)
def local_response_norm(x, alpha, beta, k, y, s, size, thread, threads):
    """y = x / s^beta; see the file's text."""
    C = x.shape[1]
    for place in range(thread, x.size, threads):
        b = place // C
        c = place - b * C
        total = zero
        for j in range(max(c - size // 2, 0), min(c + (size - 1) // 2 + 1, C)):
            total += x[b, j] * x[b, j]
        strength = k[0] + alpha[0] * total
        s[b, c] = strength
        y[b, c] = x[b, c] * exp(-beta[0] * log(strength))


@kernel(
    "x[B,C] y[B,C] s[B,C] alpha[1] beta[1] dy[B,C] -> dx[B,C] size",
    operations=lambda B, C, size: (3 * size + 20) * B * C,
    typical=_TYPICAL,
)
def local_response_norm_gradient(x, y, s, alpha, beta, dy, dx, size, thread, threads):
    """dx[c] = dy[c] / s[c]^beta - 2 alpha beta x[c] Σ dy[j] y[j] / s[j] over the channels j that c damps."""
    C = x.shape[1]
    factor = real(2) * alpha[0] * beta[0]
    for place in range(thread, x.size, threads):
        b = place // C
        c = place - b * C
        total = zero
        for j in range(max(c - (size - 1) // 2, 0), min(c + size // 2 + 1, C)):
            total += dy[b, j] * y[b, j] * (one / s[b, j])
        dx[b, c] = dy[b, c] * exp(-beta[0] * log(s[b, c])) - factor * x[b, c] * total
