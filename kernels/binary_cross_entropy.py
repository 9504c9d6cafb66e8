"""Binary cross-entropy on logits: one independent yes-or-no question for each label."""

from __future__ import annotations

from kernels.elementary import sigmoid
from kernels.language import kernel, real, zero
from kernels.softplus import log_one_plus_exp
from kernels.threads import sum_over_threads


@kernel("logits[n] targets[n] -> loss[1]", operations=lambda n: 34 * n)
def binary_cross_entropy(logits, targets, loss, thread, threads):
    """loss = mean over batch and labels of -t log σ(x) - (1 - t) log(1 - σ(x)) = log(1 + e^x) - t x.

    In this form nothing overflows, and no digits are lost for logits of any size. Targets lie in [0, 1].
    """
    total = zero
    for i in range(thread, logits.size, threads):
        total += log_one_plus_exp(logits[i]) - targets[i] * logits[i]
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(logits.size)


@kernel("logits[n] targets[n] d_loss[1] -> d_logits[n]", operations=lambda n: 18 * n)
def binary_cross_entropy_gradient(logits, targets, d_loss, d_logits, thread, threads):
    """d_logits = (σ(x) - t) d_loss / n."""
    scale = d_loss[0] / real(logits.size)
    for i in range(thread, logits.size, threads):
        d_logits[i] = (sigmoid(logits[i]) - targets[i]) * scale
