"""Averages over the steps of a training, kept up beside it."""

from __future__ import annotations

import numpy as np

from kernels.language import kernel, real


@kernel("values[n] -> mean[n]! begin", operations=lambda n: 3 * n)
def running_mean(values, mean, begin, thread, threads, step):
    """mean += (values - mean) / t, the mean of `values` over all t steps after the first `begin`; before that, a copy.

    Of weights: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
    """
    # In float64, since float32 stops counting at 2^24 steps.
    share = real(1.0 / np.float64(max(step - begin, 1)))
    for i in range(thread, mean.size, threads):
        before = mean[i]
        mean[i] = before + share * (values[i] - before)
