"""Choosing one of several at random by given chances, and how likely what was chosen is: what policy gradients need."""

from __future__ import annotations

from kernels.elementary import log
from kernels.language import kernel, zero
from kernels.random import uniform
from kernels.softmax import softmax_of_row
from kernels.threads import sum_over_threads


@kernel("chances[B,C] -> chosen[B] stream", operations=lambda B, C: B * C)
def draw_columns(chances, chosen, stream, thread, threads, step, seed):
    """chosen[r] = a column of row r, drawn with the chances of that row, which sum to 1; another draw in each step."""
    B, C = chances.shape
    for r in range(thread, B, threads):
        left = uniform(seed, stream, step, r)
        place = 0
        # A column of chance 0 is never the last one of which something is left.
        for c in range(C):
            if left >= zero and chances[r, c] > zero:
                place = c
            left -= chances[r, c]
        chosen[r] = place


@kernel(
    "logits[B,C] labels[B] -> logarithms[B] probabilities[B,C]",
    operations=lambda B, C: 6 * B * C,
    indices={"labels": "C"},
)
def log_probability(logits, labels, logarithms, probabilities, thread, threads):
    """logarithms[r] = log softmax(logits[r])[labels[r]]; probabilities = softmax of each row."""
    for r in range(thread, logits.shape[0], threads):
        highest, mass = softmax_of_row(logits, probabilities, r)
        logarithms[r] = logits[r, int(labels[r])] - highest - log(mass)


@kernel(
    "probabilities[B,C] labels[B] d_logarithms[B] -> d_logits[B,C]",
    operations=lambda B, C: 2 * B * C,
    indices={"labels": "C"},
)
def log_probability_gradient(probabilities, labels, d_logarithms, d_logits, thread, threads):
    """d_logits = (one-hot label - probabilities) d_logarithms, row by row."""
    B, C = probabilities.shape
    for r in range(thread, B, threads):
        factor = d_logarithms[r]
        for c in range(C):
            d_logits[r, c] = -probabilities[r, c] * factor
        d_logits[r, int(labels[r])] += factor


@kernel("x[n] weights[n] -> total[1]", operations=lambda n: 2 * n)
def weighted_total(x, weights, total, thread, threads):
    """total = Σ x weights."""
    from_here = zero
    for i in range(thread, x.size, threads):
        from_here += x[i] * weights[i]
    from_here = sum_over_threads(from_here)
    if thread == 0:
        total[0] = from_here
