"""Binary cross-entropy on logits: one independent yes-or-no question for each label."""

from __future__ import annotations

from typing import Any

from kernels.elementary import sigmoid
from kernels.lanes import lane_sum
from kernels.language import kernel, real, zero
from kernels.softplus import log_one_plus_exp


@kernel("logits[n] targets[n] -> loss[1]", operations=lambda n: 34 * n)
def binary_cross_entropy(logits: Any, targets: Any, loss: Any, lane: Any, lanes: Any) -> None:
    """loss = mean over batch and labels of -t log σ(x) - (1 - t) log(1 - σ(x)) = log(1 + e^x) - t x.

    In this form nothing overflows, and no digits are lost for logits of any size. Targets lie in [0, 1].
    """
    total = zero
    for i in range(lane, logits.size, lanes):
        total += log_one_plus_exp(logits[i]) - targets[i] * logits[i]
    total = lane_sum(total)
    if lane == 0:
        loss[0] = total / real(logits.size)


@kernel("logits[n] targets[n] d_loss[1] -> d_logits[n]", operations=lambda n: 18 * n)
def binary_cross_entropy_gradient(logits: Any, targets: Any, d_loss: Any, d_logits: Any, lane: Any, lanes: Any) -> None:
    """d_logits = (σ(x) - t) d_loss / n."""
    scale = d_loss[0] / real(logits.size)
    for i in range(lane, logits.size, lanes):
        d_logits[i] = (sigmoid(logits[i]) - targets[i]) * scale
