"""The multi-class hinge loss of support vector machines: the right score shall lead every other by 1.

Weston and Watkins, "Multi-class support vector machines", 1998; the margin is fixed at 1, since it only trades off
against the scale of the weights.
"""

from __future__ import annotations

from kernels.elementary import positive_part
from kernels.language import FAST_WITH_NANS, kernel, one, real, zero
from kernels.threads import sum_over_threads


@kernel(
    "scores[B,C] labels[B] -> loss[1]",
    fastmath=FAST_WITH_NANS,
    operations=lambda B, C: 3 * B * C,
    indices={"labels": "C"},
)
def hinge(scores, labels, loss, thread, threads):
    """loss = mean over the batch of the sum over c ≠ label of max(0, scores[c] - scores[label] + 1)."""
    B, C = scores.shape
    total = zero
    for r in range(thread, B, threads):
        label = int(labels[r])
        right = scores[r, label]
        lacking = zero
        for c in range(C):
            margin = positive_part(scores[r, c] - right + one)
            lacking += margin if c != label else zero
        total += lacking
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(B)


@kernel("scores[B,C] labels[B] d_loss[1] -> d_scores[B,C]", operations=lambda B, C: 3 * B * C, indices={"labels": "C"})
def hinge_gradient(scores, labels, d_loss, d_scores, thread, threads):
    """d_scores = d_loss / B for each class c ≠ label that lacks the margin; the label's takes their negative sum."""
    B, C = scores.shape
    scale = d_loss[0] / real(B)
    for r in range(thread, B, threads):
        label = int(labels[r])
        right = scores[r, label]
        total = zero
        for c in range(C):
            lacking = scores[r, c] - right + one > zero
            share = scale if lacking else zero
            share = share if c != label else zero
            d_scores[r, c] = share
            total += share
        d_scores[r, label] = -total
