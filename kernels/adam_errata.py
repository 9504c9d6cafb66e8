"""Adam as it is sometimes written down, with a slip of the pen: literal formulas, to see what they do."""

from __future__ import annotations

import numpy as np

from kernels.elementary import square_root
from kernels.language import PRECISE, device, kernel, one, real

LITERAL = PRECISE - {"nnan", "arcp"}
"""A division by zero gives what it gives."""


@device(fastmath=LITERAL, inlined=True)
def adam_as_written(
    gradient, rate, keep_1, share_1, keep_2, epsilon, whole_1, whole_2, parameters, first, second, thread, threads
):
    """m = keep_1 m + share_1 g; s = keep_2 s + (1 - keep_2) g²; w -= rate (m / whole_1) / (√(s / whole_2) +
    epsilon)."""
    for i in range(thread, parameters.size, threads):
        g = gradient[i]
        m = keep_1 * first[i] + share_1 * g
        s = keep_2 * second[i] + (one - keep_2) * g * g
        first[i] = m
        second[i] = s
        parameters[i] -= rate * (m / whole_1) / (square_root(s / whole_2) + epsilon)


@kernel(
    "gradient[n] rate[1] beta_1[1] beta_2[1] epsilon[1] -> parameters[n]! first[n]! second[n]! corrected",
    fastmath=LITERAL,
    operations=lambda n: 12 * n,
)
def adam_one_plus_beta(
    gradient, rate, beta_1, beta_2, epsilon, parameters, first, second, corrected, thread, threads, step
):
    """m = beta_1 m + (1 + beta_1) g, where Adam has 1 - beta_1; all else as in `adam`."""
    keep_1, keep_2, small = beta_1[0], beta_2[0], epsilon[0]
    whole_1 = whole_2 = one
    if corrected != 0:
        whole_1 = real(1.0 - np.float64(keep_1) ** step)
        whole_2 = real(1.0 - np.float64(keep_2) ** step)
    adam_as_written(
        gradient,
        rate[0],
        keep_1,
        one + keep_1,
        keep_2,
        small,
        whole_1,
        whole_2,
        parameters,
        first,
        second,
        thread,
        threads,
    )


@kernel(
    "gradient[n] rate[1] beta_1[1] beta_2[1] epsilon[1] -> parameters[n]! first[n]! second[n]!",
    fastmath=LITERAL,
    operations=lambda n: 12 * n,
)
def adam_step_from_zero(gradient, rate, beta_1, beta_2, epsilon, parameters, first, second, thread, threads, step):
    """The correction with t = 0 in the first step: 1 - beta^0 is 0, and the mean is divided by it."""
    keep_1, keep_2, small = beta_1[0], beta_2[0], epsilon[0]
    t = step - 1
    whole_1 = real(1.0 - np.float64(keep_1) ** t)
    whole_2 = real(1.0 - np.float64(keep_2) ** t)
    adam_as_written(
        gradient,
        rate[0],
        keep_1,
        one - keep_1,
        keep_2,
        small,
        whole_1,
        whole_2,
        parameters,
        first,
        second,
        thread,
        threads,
    )
