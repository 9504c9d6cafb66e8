"""Softmax, and the cross-entropy loss on top of it."""

from __future__ import annotations

from kernels.elementary import exp, larger, log
from kernels.language import FAST, device, kernel, one, real, zero
from kernels.threads import sum_over_threads

LARGEST_PRODUCT = 1e20


@device(fastmath=FAST, inlined=True)
def softmax_of_row(logits, probabilities, r):
    """Softmax of row r; gives its largest logit, and the sum of e to the power of what each is above that."""
    C = logits.shape[1]
    highest = logits[r, 0]
    for c in range(1, C):
        highest = larger(highest, logits[r, c])
    mass = zero
    for c in range(C):
        e = exp(logits[r, c] - highest)
        probabilities[r, c] = e
        mass += e
    scale = one / mass
    for c in range(C):
        probabilities[r, c] *= scale
    return highest, mass


@kernel(
    "logits[B,C] labels[B] -> loss[1] probabilities[B,C]", operations=lambda B, C: 6 * B * C, indices={"labels": "C"}
)
def softmax_cross_entropy(logits, labels, loss, probabilities, thread, threads):
    """loss = mean over the batch of -log softmax(logits)[label]; labels are class numbers.

    The largest logit of a row is subtracted first, so that exp cannot overflow.
    """
    # The sum of the logarithms of the masses as that of a few products of them: each is at least 1 and at most C.
    B = logits.shape[0]
    total = zero
    product = one
    for r in range(thread, B, threads):
        highest, mass = softmax_of_row(logits, probabilities, r)
        total -= logits[r, int(labels[r])] - highest
        product *= mass
        if product > real(LARGEST_PRODUCT):
            total += log(product)
            product = one
    total += log(product)
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(B)


@softmax_cross_entropy.cuda
def _softmax_cross_entropy_cuda(logits, labels, loss, probabilities, thread, threads):
    B = logits.shape[0]
    total = zero
    for r in range(thread, B, threads):
        highest, mass = softmax_of_row(logits, probabilities, r)
        total += log(mass) - (logits[r, int(labels[r])] - highest)
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(B)


@kernel("probabilities[B,C] labels[B] d_loss[1] -> d_logits[B,C]", indices={"labels": "C"})
def softmax_cross_entropy_gradient(probabilities, labels, d_loss, d_logits, thread, threads):
    """d_logits = (probabilities - one-hot label) d_loss / B."""
    B, C = probabilities.shape
    scale = d_loss[0] / real(B)
    for r in range(thread, B, threads):
        for c in range(C):
            d_logits[r, c] = probabilities[r, c] * scale
        d_logits[r, int(labels[r])] -= scale


@kernel("logits[B,C] -> probabilities[B,C]", operations=lambda B, C: 16 * B * C)
def softmax(logits, probabilities, thread, threads):
    """probabilities[r,c] = e^logits[r,c] / the sum of e^logits over row r."""
    for r in range(thread, logits.shape[0], threads):
        softmax_of_row(logits, probabilities, r)


@kernel("probabilities[B,C] d_probabilities[B,C] -> d_logits[B,C]", operations=lambda B, C: 4 * B * C)
def softmax_gradient(probabilities, d_probabilities, d_logits, thread, threads):
    """d_logits = probabilities (d_probabilities - their mean under the probabilities of the row)."""
    B, C = probabilities.shape
    for r in range(thread, B, threads):
        mean = zero
        for c in range(C):
            mean += probabilities[r, c] * d_probabilities[r, c]
        for c in range(C):
            d_logits[r, c] = probabilities[r, c] * (d_probabilities[r, c] - mean)


@kernel("logits[B,C] targets[B,C] -> loss[1] probabilities[B,C]", operations=lambda B, C: 20 * B * C)
def softmax_cross_entropy_with_distribution(logits, targets, loss, probabilities, thread, threads):
    """loss = mean over the batch of the sum over c of -t[c] log softmax(logits)[c].

    t is the row of targets, which are not negative, made to sum to 1. A row of zeros asks nothing and costs nothing.
    """
    B, C = logits.shape
    total = zero
    for r in range(thread, B, threads):
        highest = logits[r, 0]
        for c in range(1, C):
            highest = larger(highest, logits[r, c])
        mass = zero
        wanted = zero
        product = zero
        for c in range(C):
            above = logits[r, c] - highest
            e = exp(above)
            t = targets[r, c]
            probabilities[r, c] = e
            mass += e
            wanted += t
            product += t * above
        scale = one / mass
        for c in range(C):
            probabilities[r, c] *= scale
        if wanted > zero:
            total += log(mass) - product / wanted
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(B)


@kernel("probabilities[B,C] targets[B,C] d_loss[1] -> d_logits[B,C]", operations=lambda B, C: 4 * B * C)
def softmax_cross_entropy_with_distribution_gradient(probabilities, targets, d_loss, d_logits, thread, threads):
    """d_logits = (probabilities - targets made to sum to 1) d_loss / B; 0 for a row of zeros."""
    B, C = probabilities.shape
    for r in range(thread, B, threads):
        wanted = zero
        for c in range(C):
            wanted += targets[r, c]
        scale = d_loss[0] / real(B) if wanted > zero else zero
        share = scale / wanted if wanted > zero else zero
        for c in range(C):
            d_logits[r, c] = probabilities[r, c] * scale - targets[r, c] * share
