"""A loss and its gradient as one row, where code is made for a plan: softmax is still at hand, and its rows are each
thread's own, so that threads need not meet in between."""

from __future__ import annotations

from collections.abc import Sequence

from kernels.elementary import log
from kernels.language import FAST, Kernel, real, zero
from kernels.plan import Loop, Row
from kernels.softmax import softmax_cross_entropy, softmax_cross_entropy_gradient, softmax_of_row
from kernels.targets.cuda.barriers import Stretch, independent, may_leave_out, touched
from kernels.threads import sum_over_threads

MOST_BETWEEN = 1
"""Rows that may stand between a loss and its gradient: the one that halts where the loss is not finite."""


def _loss_and_gradient(logits, labels, d_loss, loss, probabilities, d_logits, thread, threads):
    """As `softmax_cross_entropy` and its gradient; d_logits may stand where the logits do."""
    B, C = logits.shape
    scale = d_loss[0] / real(B)
    total = zero
    for r in range(thread, B, threads):
        label = int(labels[r])
        right = logits[r, label]
        highest, mass = softmax_of_row(logits, probabilities, r)
        total += log(mass) - (right - highest)
        for c in range(C):
            d_logits[r, c] = probabilities[r, c] * scale
        d_logits[r, label] -= scale
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(B)


_loss_and_gradient.__name__ = "softmax_cross_entropy_with_gradient"
LOSS_AND_GRADIENT = Kernel(
    _loss_and_gradient,  # type: ignore[arg-type]
    "logits[B,C] labels[B] d_loss[1] -> loss[1] probabilities[B,C] d_logits[B,C]",
    FAST,
    None,
    None,
)


def with_losses_joined(rows: Sequence[Row | Loop]) -> tuple[Row | Loop, ...]:
    """The rows with each cross-entropy on softmax, and its gradient soon behind it, as one row in the first's place."""
    made = list(rows)
    if any(may_leave_out(each) for each in rows):  # so many rows as they are
        return tuple(made)
    for index, loss in enumerate(rows):
        if not isinstance(loss, Row) or loss.kernel is not softmax_cross_entropy:
            continue
        for further in range(index + 1, min(index + 2 + MOST_BETWEEN, len(rows))):
            gradient = rows[further]
            between = made[index + 1 : further]
            if isinstance(gradient, Row) and _go_together(loss, gradient, between):
                logits, labels, *results = loss.operands
                _, _, d_loss, d_logits = gradient.operands
                operands = (logits, labels, d_loss, *results, d_logits)
                made[index : further + 1] = [Row(LOSS_AND_GRADIENT, operands, loss.extents, (), loss.label), *between]
                return (*made[: index + 1], *with_losses_joined(made[index + 1 :]))
    return tuple(made)


def _go_together(loss: Row, gradient: Row, between: Sequence[Row | Loop]) -> bool:
    """Whether a loss and a gradient are of each other, and the gradient may be taken at once."""
    if gradient.kernel is not softmax_cross_entropy_gradient or gradient.extents != loss.extents:
        return False
    logits, labels, _, probabilities = loss.operands
    seen, same_labels, d_loss, d_logits = gradient.operands
    if (seen, same_labels) != (probabilities, labels):
        return False
    if not all(isinstance(each, Row) and independent(each, gradient) for each in between):
        return False
    # What the loss reads is still there when the gradient is written, and what it writes is not read before.
    written = touched(gradient)[-1]
    asked = Stretch(d_loss[1], d_loss[1] + 1, written=False)
    others = [each for each in touched(loss) if d_logits != logits or each.begin != logits[1]]
    return not any(written.disturbs(each) for each in others) and not any(
        asked.disturbs(each) for each in touched(loss)
    )
