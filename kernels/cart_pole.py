"""A pole on a cart, which is pushed to the left or the right in each step, and must not fall.

Barto, Sutton and Anderson, "Neuronlike adaptive elements that can solve difficult learning control problems", 1983,
with the numbers of gymnasium's CartPole: position and speed of the cart in metres, angle and angular speed of the pole
in radians, 0.02 seconds per step. Every step gives a reward of 1, the last one too.
"""

from __future__ import annotations

import math

from kernels.language import device, kernel, one, real, zero
from kernels.random import philox
from kernels.temporal_differences import share

GRAVITY, POLE, HALF_LENGTH, TOTAL, FORCE, SECONDS = 9.8, 0.1, 0.5, 1.1, 10.0, 0.02
FARTHEST = 2.4
STEEPEST = 12 * 2 * math.pi / 360
SPREAD = 0.05
"""All four numbers begin between minus and plus this."""


@device
def pushed(x, speed, angle, turning, right):
    """Position, speed, angle and angular speed one step later, by Euler's method; right: 1 or 0, for left."""
    force = real(FORCE) if right == 1 else -real(FORCE)
    cosine, sine = real(math.cos(angle)), real(math.sin(angle))
    both = (force + real(POLE * HALF_LENGTH) * turning * turning * sine) / real(TOTAL)
    inertia = real(HALF_LENGTH) * (real(4.0 / 3.0) - real(POLE) * cosine * cosine / real(TOTAL))
    faster_turning = (real(GRAVITY) * sine - cosine * both) / inertia
    faster = both - real(POLE * HALF_LENGTH) * faster_turning * cosine / real(TOTAL)
    step = real(SECONDS)
    return x + step * speed, speed + step * faster, angle + step * turning, turning + step * faster_turning


@device
def has_ended(x, angle):
    """Whether the cart is off the track or the pole has fallen."""
    return abs(x) > real(FARTHEST) or abs(angle) > real(STEEPEST)


@device
def put_at_start(states, row, seed, stream, number):
    """Begin episode `number` in a row of states."""
    first, second, third, fourth = philox(seed, stream, number, 0)
    width = real(2 * SPREAD)
    states[row, 0] = (share(first) - real(0.5)) * width
    states[row, 1] = (share(second) - real(0.5)) * width
    states[row, 2] = (share(third) - real(0.5)) * width
    states[row, 3] = (share(fourth) - real(0.5)) * width


@kernel("-> states[E,4] ages[E] stream", operations=lambda E: 40 * E, typical={"E": 100, "stream": 0})
def begin_episodes(states, ages, stream, thread, threads, seed):
    """Episode e begins in row e: states between -0.05 and 0.05, ages, in steps, 0."""
    for e in range(thread, states.shape[0], threads):
        put_at_start(states, e, seed, stream, e)
        ages[e] = zero


@kernel(
    "q[1,2] epsilon[1] -> states[1,4]! ages[1]! memory[M,11]! record[W,2]! episodes[1]! limit bootstrap until stream",
    operations=lambda: 100,
    elements=lambda: 40,
    typical={"M": 10_000, "W": 100, "limit": 200, "bootstrap": 1, "until": 1000, "stream": 0},
)
def live_one_step(
    q, epsilon, states, ages, memory, record, episodes, limit, bootstrap, until, stream, thread, threads, step, seed
):
    """Push the cart epsilon-greedily, remember what came of it, and begin anew where the episode is over.

    The chance to explore falls from 1 to epsilon in a straight line over `until` steps. An episode ends when the pole
    has fallen or the cart is off the track, or is cut off by the time limit, behind which life would have gone on: that
    is remembered as an end only if `bootstrap` is 0.

    memory: row (step - 1) % M becomes the state, the action, the reward, the next state, and 1, or 0 behind an end
    record: row episodes % W becomes the length of an episode that is over, and whether it ended by itself
    """
    if thread == 0:
        explore, choice, _, _ = philox(seed, stream, step, 0)
        right = 1 if q[0, 1] > q[0, 0] else 0
        exploring = one - (one - epsilon[0]) * min(one, real(step) / real(until))
        if share(explore) < exploring:
            right = int(share(choice) * real(2.0))
        x, speed, angle, turning = pushed(states[0, 0], states[0, 1], states[0, 2], states[0, 3], right)
        ages[0] += one
        ended = has_ended(x, angle)
        over = ended or ages[0] >= real(limit)
        slot = (step - 1) % memory.shape[0]
        for k in range(4):
            memory[slot, k] = states[0, k]
        memory[slot, 4] = real(right)
        memory[slot, 5] = one
        memory[slot, 6] = x
        memory[slot, 7] = speed
        memory[slot, 8] = angle
        memory[slot, 9] = turning
        memory[slot, 10] = zero if ended or (over and bootstrap == 0) else one
        states[0, 0] = x
        states[0, 1] = speed
        states[0, 2] = angle
        states[0, 3] = turning
        if over:
            row = int(episodes[0]) % record.shape[0]
            record[row, 0] = ages[0]
            record[row, 1] = one if ended else zero
            episodes[0] += one
            put_at_start(states, 0, seed, stream + 1, int(episodes[0]))
            ages[0] = zero


@kernel(
    "q[E,2] -> states[E,4]! ages[E]! outcomes[E,2]! trace[T,5]!",
    operations=lambda E: 50 * E,
    elements=lambda E: 16 * E,
    typical={"E": 100, "T": 201},
)
def live_greedily(q, states, ages, outcomes, trace, thread, threads):
    """One step of each episode that is not over, always with the better action, for T - 1 steps at most.

    ages:     the steps so far, below 0 once an episode is over
    outcomes: the steps of an episode, and whether it ended by itself
    trace:    of episode 0 the state before each step, and its highest q; behind the last one the state at the end
    """
    limit = trace.shape[0] - 1
    for e in range(thread, states.shape[0], threads):
        if ages[e] >= zero:
            age = int(ages[e])
            if e == 0:
                for k in range(4):
                    trace[age, k] = states[0, k]
                trace[age, 4] = max(q[0, 0], q[0, 1])
            right = 1 if q[e, 1] > q[e, 0] else 0
            x, speed, angle, turning = pushed(states[e, 0], states[e, 1], states[e, 2], states[e, 3], right)
            states[e, 0] = x
            states[e, 1] = speed
            states[e, 2] = angle
            states[e, 3] = turning
            ended = has_ended(x, angle)
            outcomes[e, 0] = real(age + 1)
            outcomes[e, 1] = one if ended else zero
            ages[e] = -one if ended or age + 1 >= limit else real(age + 1)
            if e == 0:
                for k in range(4):
                    trace[age + 1, k] = states[0, k]
