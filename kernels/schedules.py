"""Learning rates that change with the step, computed inside the training step from its number alone.

Each kernel multiplies the rate it is given by a factor of t, the number of steps since the schedule began. `begin` is
how many steps come before the schedule, in which it leaves the rate as it is; where `span` is not negative, t goes no
further than it. Schedules one after the other are thus calls one after the other: each ends at a factor that stays.
Computed in float64, since steps are counted far beyond what float32 counts.
"""

from __future__ import annotations

import math

import numpy as np

from kernels.language import device, kernel, real


@device
def elapsed(step, begin, span):
    """t, as an integer; steps are counted from 1."""
    t = max(step - 1 - begin, 0)
    return min(t, span) if span >= 0 else t


@device
def begun(factor, step, begin):
    """The factor, or 1 in the steps before the schedule: only of those that do not begin at 1 this makes a
    difference."""
    return factor if step > begin else 1.0


@kernel("before[1] decay[1] -> rate[1] begin span")
def exponential_decay(before, decay, rate, begin, span, thread, threads, step):
    """rate = before exp(-decay t)."""
    if thread == 0:
        rate[0] = real(before[0] * math.exp(-np.float64(decay[0]) * elapsed(step, begin, span)))


@kernel("before[1] decay[1] -> rate[1] begin span")
def inverse_decay(before, decay, rate, begin, span, thread, threads, step):
    """rate = before / (1 + decay t). Robbins and Monro, "A stochastic approximation method", 1951."""
    if thread == 0:
        rate[0] = real(before[0] / (1.0 + np.float64(decay[0]) * elapsed(step, begin, span)))


@kernel("before[1] factor[1] -> rate[1] begin span every")
def step_decay(before, factor, rate, begin, span, every, thread, threads, step):
    """rate = before times factor, once for each `every` steps that have passed."""
    if thread == 0:
        times = elapsed(step, begin, span) // every
        rate[0] = real(before[0] * np.float64(factor[0]) ** times)


@kernel("before[1] low[1] -> rate[1] begin span")
def cosine_decay(before, low, rate, begin, span, thread, threads, step):
    """From before down to low times before in `span` steps, along half a cosine.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2016.
    """
    if thread == 0:
        share = elapsed(step, begin, span) / span
        bottom = np.float64(low[0])
        rate[0] = real(before[0] * (bottom + (1.0 - bottom) * 0.5 * (1.0 + math.cos(math.pi * share))))


@kernel("before[1] low[1] -> rate[1] begin span period")
def cosine_restarts(before, low, rate, begin, span, period, thread, threads, step):
    """`cosine_decay` again and again: the rate jumps back to `before` after every `period` steps."""
    if thread == 0:
        share = (elapsed(step, begin, span) % period) / period
        bottom = np.float64(low[0])
        rate[0] = real(before[0] * (bottom + (1.0 - bottom) * 0.5 * (1.0 + math.cos(math.pi * share))))


@kernel("before[1] low[1] -> rate[1] begin span period")
def triangle_wave(before, low, rate, begin, span, period, thread, threads, step):
    """From low times before up to before and down again, along straight lines, in every `period` steps.

    Smith, "Cyclical learning rates for training neural networks", 2017.
    """
    if thread == 0:
        share = (elapsed(step, begin, span) % period) / period
        bottom = np.float64(low[0])
        factor = bottom + (1.0 - bottom) * (1.0 - abs(1.0 - 2.0 * share))
        rate[0] = real(before[0] * begun(factor, step, begin))


@kernel("before[1] -> rate[1] begin span")
def warm_up(before, rate, begin, span, thread, threads, step):
    """rate = before (t + 1) / span, until that is all of `before`. Goyal et al., "Large minibatch SGD", 2017."""
    if thread == 0:
        factor = min(1.0, (elapsed(step, begin, span) + 1) / span)
        rate[0] = real(before[0] * begun(factor, step, begin))
