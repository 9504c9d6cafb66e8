"""Binary cross-entropy on logits: one independent yes-or-no question for each label."""

from __future__ import annotations

from kernels.elementary import exp
from kernels.language import device, kernel, one, real, zero
from kernels.softplus import rounding_of_the_corner
from kernels.threads import sum_over_threads


@device
def surprise(x, t):
    """-t log σ(x) - (1 - t) log(1 - σ(x)), the loss of one logit x with the target t.

    It is log(1 + e^-|x|) + x ([x > 0] - t): for a confident and right answer the second term is exactly 0, and the
    small first one keeps its digits, which log(1 + e^x) - t x would lose. Nothing overflows.
    """
    likelier = one if x > zero else zero
    return rounding_of_the_corner(x) + x * (likelier - t)


@device
def error_of_chance(x, t):
    """σ(x) - t, with all digits where the two are nearly equal: both chances are measured from the likelier answer."""
    e = exp(-abs(x))
    other = e / (one + e)
    return (one - t) - other if x > zero else other - t


@kernel("logits[n] targets[n] -> loss[1]", operations=lambda n: 34 * n)
def binary_cross_entropy(logits, targets, loss, thread, threads):
    """loss = mean over batch and labels of -t log σ(x) - (1 - t) log(1 - σ(x)). Targets lie in [0, 1]."""
    total = zero
    for i in range(thread, logits.size, threads):
        total += surprise(logits[i], targets[i])
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(logits.size)


@kernel("logits[n] targets[n] d_loss[1] -> d_logits[n]", operations=lambda n: 18 * n)
def binary_cross_entropy_gradient(logits, targets, d_loss, d_logits, thread, threads):
    """d_logits = (σ(x) - t) d_loss / n."""
    scale = d_loss[0] / real(logits.size)
    for i in range(thread, logits.size, threads):
        d_logits[i] = error_of_chance(logits[i], targets[i]) * scale
