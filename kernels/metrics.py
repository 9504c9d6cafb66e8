"""What the lab measures inside a network: counts, norms, statistics of activations, and whether numbers are finite.

Compiled without the assumption that there are no NaNs, so that a diverged network is reported as such.
"""

from __future__ import annotations

from kernels.elementary import square_root
from kernels.language import FAST_WITH_NANS, kernel, one, real, zero
from kernels.plan import HALT
from kernels.threads import max_over_threads, sum_over_threads

EXACT: frozenset[str] = frozenset()
"""No liberties: comparisons with NaN and differences of infinities give what they give."""

# Squares of numbers below or above these limits could vanish or overflow in float32.
SMALLEST_SQUARE, LARGEST_SQUARE = 1e-30, 1e30


@kernel("scores[B,C] labels[B] -> counts[C,C]", operations=lambda B, C: B * C, indices={"labels": "C"})
def count_confusions(scores, labels, counts, thread, threads):
    """counts[k, a] = rows with label k whose largest score (the first, if several are equal) is a's."""
    B, C = scores.shape
    for k in range(thread, C, threads):
        for a in range(C):
            counts[k, a] = zero
        for r in range(B):
            if int(labels[r]) == k:
                best = 0
                for a in range(1, C):
                    if scores[r, a] > scores[r, best]:
                        best = a
                counts[k, best] += one


@kernel("scores[B,C] labels[B] -> count[1]", fastmath=FAST_WITH_NANS, indices={"labels": "C"})
def count_correct(scores, labels, count, thread, threads):
    """count = rows whose largest score (the first, if several are equal) is the label's. A row with NaN is wrong."""
    B, C = scores.shape
    correct = zero
    for r in range(thread, B, threads):
        label = int(labels[r])
        right = scores[r, label]
        beaten = zero
        for c in range(label):
            beaten += one if scores[r, c] < right else zero
        for c in range(label, C):
            beaten += one if scores[r, c] <= right else zero
        correct += one if beaten == real(C) else zero
    total = sum_over_threads(correct)
    if thread == 0:
        count[0] = total


@kernel("logits[B,L] targets[B,L] -> hits[L] false_alarms[L] misses[L]", fastmath=FAST_WITH_NANS, typical={"L": 10})
def count_label_outcomes(logits, targets, hits, false_alarms, misses, thread, threads):
    """For each label: examples rightly said to have it (logit > 0, target 1), wrongly said so, wrongly denied."""
    B, L = logits.shape
    for c in range(thread, L, threads):
        hits[c] = zero
        false_alarms[c] = zero
        misses[c] = zero
    for r in range(B):
        for c in range(thread, L, threads):
            said = one if logits[r, c] > zero else zero
            true = targets[r, c]
            hits[c] += said * true
            false_alarms[c] += said * (one - true)
            misses[c] += (one - said) * true


@kernel("y[N,H] -> dead[H] share[1]", fastmath=FAST_WITH_NANS, typical={"N": 1024})
def dead_units(y, dead, share, thread, threads):
    """dead[c] = 1 if unit c outputs exactly zero for every example, else 0; share = the fraction of units that do."""
    N, H = y.shape
    for c in range(thread, H, threads):
        dead[c] = one
    for r in range(N):
        for c in range(thread, H, threads):
            before = dead[c]
            dead[c] = before if y[r, c] == zero else zero
    total = zero
    for c in range(thread, H, threads):
        total += dead[c]
    total = sum_over_threads(total)
    if thread == 0:
        share[0] = total / real(H)


@dead_units.cuda
def _dead_units_cuda(y, dead, share, thread, threads):
    # Threads read neighbours either way, and here each keeps what it knows of a unit in a register.
    N, H = y.shape
    total = zero
    for c in range(thread, H, threads):
        silent = one
        for r in range(N):
            silent = silent if y[r, c] == zero else zero
        dead[c] = silent
        total += silent
    total = sum_over_threads(total)
    if thread == 0:
        share[0] = total / real(H)


@kernel("x[n] -> mean[1] deviation[1]", fastmath=FAST_WITH_NANS, operations=lambda n: 4 * n)
def mean_and_deviation(x, mean, deviation, thread, threads):
    """The mean of x and its standard deviation (of these n numbers: the mean square distance, not n - 1)."""
    total = zero
    for i in range(thread, x.size, threads):
        total += x[i]
    middle = sum_over_threads(total) / real(x.size)
    total = zero
    for i in range(thread, x.size, threads):
        difference = x[i] - middle
        total += difference * difference
    total = sum_over_threads(total)
    if thread == 0:
        mean[0] = middle
        deviation[0] = square_root(total / real(x.size))


@kernel("y[n] low[1] high[1] -> share[1]", fastmath=FAST_WITH_NANS)
def saturation(y, low, high, share, thread, threads):
    """share = the fraction of y below `low` or above `high` (-0.99 and 0.99 for tanh, 0.01 and 0.99 for sigmoid)."""
    bottom, top = low[0], high[0]
    total = zero
    for i in range(thread, y.size, threads):
        below = one if y[i] < bottom else zero
        above = one if y[i] > top else zero
        total += below + above
    total = sum_over_threads(total)
    if thread == 0:
        share[0] = total / real(y.size)


@kernel(
    "x[n] low[1] high[1] -> counts[K] outside[3]",
    fastmath=FAST_WITH_NANS,
    operations=lambda n: 4 * n,
    typical={"K": 20},
)
def histogram(x, low, high, counts, outside, thread, threads):
    """counts = how many x fall into each of K equal bins from low to high (the last one includes high).

    outside = how many are below, above, and not a number. Threads divide the bins: each goes through all of x.
    """
    K = counts.size
    bottom, top = low[0], high[0]
    scale = real(K) / (top - bottom)
    for k in range(thread, K, threads):
        counts[k] = zero
    below = 0
    above = 0
    undefined = 0
    for i in range(x.size):
        v = x[i]
        if v >= bottom and v <= top:
            k = min(int((v - bottom) * scale), K - 1)
            if k % threads == thread:
                counts[k] += one
        elif v < bottom:
            below += 1
        elif v > top:
            above += 1
        else:
            undefined += 1
    if thread == 0:
        outside[0] = real(below)
        outside[1] = real(above)
        outside[2] = real(undefined)


@kernel("x[n] -> y[1]", fastmath=FAST_WITH_NANS, operations=lambda n: 2 * n)
def norm(x, y, thread, threads):
    """y = √(the sum of x²), right even where the squares themselves vanish or overflow."""
    total = zero
    for i in range(thread, x.size, threads):
        total += x[i] * x[i]
    total = sum_over_threads(total)
    scale = one
    if not (total > real(SMALLEST_SQUARE) and total < real(LARGEST_SQUARE)):
        largest = zero
        for i in range(thread, x.size, threads):
            largest = max(largest, abs(x[i]))
        largest = max_over_threads(largest)
        if largest > zero and largest - largest == zero:
            scale = largest
            total = zero
            for i in range(thread, x.size, threads):
                part = x[i] / scale
                total += part * part
            total = sum_over_threads(total)
    if thread == 0:
        y[0] = scale * square_root(total)


@kernel("a[n] b[n] -> y[1]", fastmath=FAST_WITH_NANS, operations=lambda n: 3 * n)
def difference_norm(a, b, y, thread, threads):
    """y = √(the sum of (a - b)²), as `norm`. Over the norm of the weights it is the update ratio."""
    total = zero
    for i in range(thread, a.size, threads):
        difference = a[i] - b[i]
        total += difference * difference
    total = sum_over_threads(total)
    scale = one
    if not (total > real(SMALLEST_SQUARE) and total < real(LARGEST_SQUARE)):
        largest = zero
        for i in range(thread, a.size, threads):
            largest = max(largest, abs(a[i] - b[i]))
        largest = max_over_threads(largest)
        if largest > zero and largest - largest == zero:
            scale = largest
            total = zero
            for i in range(thread, a.size, threads):
                part = (a[i] - b[i]) / scale
                total += part * part
            total = sum_over_threads(total)
    if thread == 0:
        y[0] = scale * square_root(total)


@kernel("x[n] -> flag[1]", fastmath=EXACT)
def halt_if_not_finite(x, flag, thread, threads, state):
    """flag = 1 if any element is NaN or infinite, and then the program halts after this walk; else 0."""
    found = 0
    for i in range(thread, x.size, threads):
        found += 0 if x[i] - x[i] == zero else 1
    total = real(found)
    if x.size > 1:  # of one number, as a loss is, the first thread knows all
        total = sum_over_threads(total)
    if thread == 0:
        flag[0] = one if total > zero else zero
        if total > zero:
            state[HALT] = 1
