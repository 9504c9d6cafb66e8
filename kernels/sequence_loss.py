"""Softmax cross-entropy over the steps of sequences of unequal length: what lies behind an end costs nothing."""

from __future__ import annotations

from kernels.elementary import log
from kernels.language import kernel, one, zero
from kernels.softmax import softmax_of_row
from kernels.threads import sum_over_threads


@kernel(
    "logits[B,C] labels[B] mask[B] -> loss[1] probabilities[B,C] count[1]",
    operations=lambda B, C: 6 * B * C,
    indices={"labels": "C"},
)
def masked_cross_entropy(logits, labels, mask, loss, probabilities, count, thread, threads):
    """loss = the mean of -log softmax(logits)[label] over the rows r with mask[r] = 1, of which there are `count`; 0 if
    there are none. probabilities = softmax of each row."""
    B = logits.shape[0]
    total = zero
    rows = zero
    for r in range(thread, B, threads):
        highest, mass = softmax_of_row(logits, probabilities, r)
        cost = log(mass) - (logits[r, int(labels[r])] - highest)
        total += mask[r] * cost
        rows += mask[r]
    total = sum_over_threads(total)
    rows = sum_over_threads(rows)
    if thread == 0:
        loss[0] = total / max(rows, one)
        count[0] = rows


@kernel(
    "probabilities[B,C] labels[B] mask[B] count[1] d_loss[1] -> d_logits[B,C]",
    operations=lambda B, C: 2 * B * C,
    indices={"labels": "C"},
)
def masked_cross_entropy_gradient(probabilities, labels, mask, count, d_loss, d_logits, thread, threads):
    """d_logits = (probabilities - one-hot label) mask d_loss / count."""
    B, C = probabilities.shape
    share = d_loss[0] / max(count[0], one)
    for r in range(thread, B, threads):
        factor = share * mask[r]
        for c in range(C):
            d_logits[r, c] = probabilities[r, c] * factor
        d_logits[r, int(labels[r])] -= factor


@kernel(
    "logits[B,C] labels[B] mask[B] -> right[1] whole[1] steps",
    operations=lambda B, C: B * C,
    typical={"B": 128, "steps": 8},
    indices={"labels": "C"},
)
def count_right_steps(logits, labels, mask, right, whole, steps, thread, threads):
    """right = of how many rows with mask 1 the largest logit is the label's; whole = how many sequences, of `steps`
    rows each, have no such row that is wrong."""
    C = logits.shape[1]
    sequences = logits.shape[0] // steps
    found = zero
    perfect = zero
    for b in range(thread, sequences, threads):
        wrong = zero
        for t in range(steps):
            r = b * steps + t
            best = 0
            for c in range(1, C):
                if logits[r, c] > logits[r, best]:
                    best = c
            hit = one if best == int(labels[r]) else zero
            found += mask[r] * hit
            wrong += mask[r] * (one - hit)
        perfect += one if wrong == zero else zero
    found = sum_over_threads(found)
    perfect = sum_over_threads(perfect)
    if thread == 0:
        right[0] = found
        whole[0] = perfect
