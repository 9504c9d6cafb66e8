"""Losses for values: L1, L2 and Huber's loss, each the mean over all elements (batch and outputs).

Huber, "Robust estimation of a location parameter", 1964.
"""

from __future__ import annotations

from kernels.elementary import clamped
from kernels.language import kernel, real, zero
from kernels.threads import sum_over_threads


@kernel("predictions[n] targets[n] -> loss[1]", operations=lambda n: 2 * n)
def mean_absolute_error(predictions, targets, loss, thread, threads):
    """L1: loss = mean of |p - t|."""
    total = zero
    for i in range(thread, predictions.size, threads):
        total += abs(predictions[i] - targets[i])
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(predictions.size)


@kernel("predictions[n] targets[n] d_loss[1] -> d_predictions[n]", operations=lambda n: 3 * n)
def mean_absolute_error_gradient(predictions, targets, d_loss, d_predictions, thread, threads):
    """d_predictions = the sign of p - t (0 where they are equal) times d_loss / n."""
    scale = d_loss[0] / real(predictions.size)
    for i in range(thread, predictions.size, threads):
        difference = predictions[i] - targets[i]
        above = scale if difference > zero else zero
        below = scale if difference < zero else zero
        d_predictions[i] = above - below


@kernel("predictions[n] targets[n] -> loss[1]", operations=lambda n: 3 * n)
def mean_squared_error(predictions, targets, loss, thread, threads):
    """L2: loss = mean of (p - t)², without a factor 1/2."""
    total = zero
    for i in range(thread, predictions.size, threads):
        difference = predictions[i] - targets[i]
        total += difference * difference
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(predictions.size)


@kernel("predictions[n] targets[n] d_loss[1] -> d_predictions[n]", operations=lambda n: 2 * n)
def mean_squared_error_gradient(predictions, targets, d_loss, d_predictions, thread, threads):
    """d_predictions = 2 (p - t) d_loss / n."""
    scale = real(2.0) * d_loss[0] / real(predictions.size)
    for i in range(thread, predictions.size, threads):
        d_predictions[i] = (predictions[i] - targets[i]) * scale


@kernel("predictions[n] targets[n] delta[1] -> loss[1]", operations=lambda n: 6 * n)
def huber(predictions, targets, delta, loss, thread, threads):
    """loss = mean of e²/2 where |e| <= delta, else of delta (|e| - delta/2), for e = p - t."""
    limit = delta[0]
    total = zero
    for i in range(thread, predictions.size, threads):
        error = abs(predictions[i] - targets[i])
        # With m = min(|e|, delta) both branches are m (|e| - m/2).
        m = min(error, limit)
        total += m * (error - real(0.5) * m)
    total = sum_over_threads(total)
    if thread == 0:
        loss[0] = total / real(predictions.size)


@kernel("predictions[n] targets[n] delta[1] d_loss[1] -> d_predictions[n]", operations=lambda n: 4 * n)
def huber_gradient(predictions, targets, delta, d_loss, d_predictions, thread, threads):
    """d_predictions = p - t, held between -delta and delta, times d_loss / n."""
    limit = delta[0]
    scale = d_loss[0] / real(predictions.size)
    for i in range(thread, predictions.size, threads):
        difference = predictions[i] - targets[i]
        d_predictions[i] = clamped(difference, limit) * scale
