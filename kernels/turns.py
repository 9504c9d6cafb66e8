"""Who is trained in a step, where not everybody is trained in each."""

from __future__ import annotations

from kernels.language import kernel, one
from kernels.optimizers import blend, scaled, unbiased
from kernels.plan import SKIP


@kernel("late[1] every[1] -> turns[1]! rows")
def take_turns(late, every, turns, rows, thread, threads, step, state):
    """Of the steps after the first `late`, each `every`-th is a turn (each one, if that is below 1), and adds 1 to
    turns. In all others the next `rows` rows of the plan are not executed."""
    if thread == 0:
        after = step - int(late[0])
        if after > 0 and after % max(int(every[0]), 1) == 0:
            turns[0] += one
        else:
            state[SKIP] = rows


@kernel(
    "gradient[n] rate[1] beta_1[1] beta_2[1] epsilon[1] turns[1] -> parameters[n]! first[n]! second[n]!",
    operations=lambda n: 12 * n,
)
def adam_in_turns(gradient, rate, beta_1, beta_2, epsilon, turns, parameters, first, second, thread, threads):
    """The kernel `adam`, corrected for its start at zero, where t is how many turns there were, and not the number of
    the step."""
    keep_1, keep_2, small = beta_1[0], beta_2[0], epsilon[0]
    learning_rate = unbiased(rate[0], keep_1, int(turns[0]))
    stretch = unbiased(one, keep_2, int(turns[0]))
    for i in range(thread, parameters.size, threads):
        g = gradient[i]
        m = blend(first[i], g, keep_1, one - keep_1)
        s = blend(second[i], g * g, keep_2, one - keep_2)
        first[i] = m
        second[i] = s
        parameters[i] -= learning_rate * scaled(m, s * stretch, small)


@kernel("count[1] -> rows")
def first_steps(count, rows, thread, threads, step, state):
    """After the first `count` steps the next `rows` rows of the plan are not executed any more."""
    if thread == 0 and step > int(count[0]):
        state[SKIP] = rows


@kernel("source[n] turns[1] -> target[n]!")
def begin_as(source, turns, target, thread, threads):
    """target = source in the first turn; later it stays what it is."""
    if turns[0] == one:
        for i in range(thread, target.size, threads):
            target[i] = source[i]
