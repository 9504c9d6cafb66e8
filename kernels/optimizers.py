"""Steps of optimisation on flat blocks: all parameters with all gradients and states beside them, in one call.

Every method here is a special case of one routine, with g the gradient and w the parameters:

    first  = keep_1 first  + take_1 g        (the direction)
    second = keep_2 second + take_2 g²       (the scale)
    w     -= rate first / (√second + epsilon)

SGD has neither state, momentum only the first, AdaGrad and RMSProp only the second, Adam both. Rates and the like are
operands of one element, so that they can change while a network trains. Unused elements between parameters, where
gradient and states are 0, stay 0.
"""

from __future__ import annotations

import numpy as np

from kernels.elementary import clamped, expm1, integral_power, log1p, square_root
from kernels.language import FAST, FAST_WITH_NANS, device, kernel, one, real, zero


@device
def blend(state, value, keep, take):
    """keep state + take value: a running sum (keep = take = 1) or a running mean (take = 1 - keep)."""
    return keep * state + take * value


@device
def scaled(direction, second, epsilon):
    """direction / (√second + epsilon)."""
    return direction / (square_root(second) + epsilon)


@device(fastmath=FAST, inlined=True)
def unbiased(value, keep, step):
    """value / (1 - keep^step), which undoes that a running mean began at 0.

    The power is a float64, since 1 - keep^step cancels where `keep` is near 1."""
    return real(np.float64(value) / (1.0 - integral_power(np.float64(keep), step)))


@unbiased.on("cuda")
def _unbiased_cuda(value, keep, step):
    # There float64 is slow, and every thread would multiply powers by all digits of the step. keep - 1 is exact, and
    # neither function cancels.
    return value / -expm1(real(step) * log1p(keep - one))


@device(fastmath=FAST, inlined=True)
def after_adam(g, w, m, s, learning_rate, keep_1, keep_2, small, stretch):
    """A parameter w and its two means behind a step of Adam, for its gradient g; see `adam`.

    stretch: by what the second mean is multiplied"""
    m = blend(m, g, keep_1, one - keep_1)
    s = blend(s, g * g, keep_2, one - keep_2)
    return w - learning_rate * scaled(m, s * stretch, small), m, s


@device(fastmath=FAST, inlined=True)
def update_by_adam(
    gradient, learning_rate, stretch, beta_1, beta_2, epsilon, parameters, first, second, thread, threads
):
    """The step for a thread's share of all parameters; the rate and the second mean's factor are already corrected."""
    keep_1, keep_2, small = beta_1[0], beta_2[0], epsilon[0]
    for i in range(thread, parameters.size, threads):
        parameters[i], first[i], second[i] = after_adam(
            gradient[i], parameters[i], first[i], second[i], learning_rate, keep_1, keep_2, small, stretch
        )


@kernel("gradient[n] rate[1] -> parameters[n]!", operations=lambda n: 2 * n)
def sgd(gradient, rate, parameters, thread, threads):
    """w -= rate g. Robbins and Monro, "A stochastic approximation method", 1951."""
    learning_rate = rate[0]
    for i in range(thread, parameters.size, threads):
        parameters[i] -= learning_rate * gradient[i]


@kernel("gradient[n] rate[1] momentum[1] -> parameters[n]! velocity[n]!", operations=lambda n: 4 * n)
def momentum_step(gradient, rate, momentum, parameters, velocity, thread, threads):
    """v = momentum v + g; w -= rate v. Polyak, "Some methods of speeding up the convergence", 1964."""
    learning_rate, keep = rate[0], momentum[0]
    for i in range(thread, parameters.size, threads):
        v = blend(velocity[i], gradient[i], keep, one)
        velocity[i] = v
        parameters[i] -= learning_rate * v


@kernel("gradient[n] rate[1] momentum[1] -> parameters[n]! velocity[n]!", operations=lambda n: 7 * n)
def nesterov_step(gradient, rate, momentum, parameters, velocity, thread, threads):
    """Nesterov's momentum after a change of variables: w stands where the look-ahead form looks, so g is taken at w.

    v' = momentum v - rate g; w += (1 + momentum) v' - momentum v. Sutskever, Martens, Dahl and Hinton, "On the
    importance of initialization and momentum in deep learning", 2013; Bengio et al., "Advances in optimizing
    recurrent networks", 2012.
    """
    learning_rate, keep = rate[0], momentum[0]
    for i in range(thread, parameters.size, threads):
        before = velocity[i]
        v = blend(before, gradient[i], keep, -learning_rate)
        velocity[i] = v
        parameters[i] += v + keep * (v - before)


@kernel("momentum[1] velocity[n] -> parameters[n]!", operations=lambda n: 2 * n)
def look_ahead(momentum, velocity, parameters, thread, threads):
    """w += momentum v: go to where the gradient is to be taken. First half of Nesterov's look-ahead form."""
    keep = momentum[0]
    for i in range(thread, parameters.size, threads):
        parameters[i] += keep * velocity[i]


@kernel("gradient[n] rate[1] momentum[1] -> parameters[n]! velocity[n]!", operations=lambda n: 5 * n)
def look_ahead_step(gradient, rate, momentum, parameters, velocity, thread, threads):
    """Second half of Nesterov's look-ahead form, with g taken at w + momentum v, where w still stands.

    Goes back, and then v' = momentum v - rate g; w += v'. Nesterov, "A method of solving a convex programming problem
    with convergence rate O(1/k²)", 1983.
    """
    learning_rate, keep = rate[0], momentum[0]
    for i in range(thread, parameters.size, threads):
        before = velocity[i]
        v = blend(before, gradient[i], keep, -learning_rate)
        velocity[i] = v
        parameters[i] += v - keep * before


@kernel("gradient[n] rate[1] epsilon[1] -> parameters[n]! second[n]!", operations=lambda n: 6 * n)
def adagrad(gradient, rate, epsilon, parameters, second, thread, threads):
    """s += g²; w -= rate g / (√s + epsilon). Duchi, Hazan and Singer, "Adaptive subgradient methods", 2011."""
    learning_rate, small = rate[0], epsilon[0]
    for i in range(thread, parameters.size, threads):
        g = gradient[i]
        s = blend(second[i], g * g, one, one)
        second[i] = s
        parameters[i] -= learning_rate * scaled(g, s, small)


@kernel("gradient[n] rate[1] decay[1] epsilon[1] -> parameters[n]! second[n]!", operations=lambda n: 8 * n)
def rmsprop(gradient, rate, decay, epsilon, parameters, second, thread, threads):
    """s = decay s + (1 - decay) g²; w -= rate g / (√s + epsilon). Tieleman and Hinton, lecture 6.5, 2012."""
    learning_rate, keep, small = rate[0], decay[0], epsilon[0]
    for i in range(thread, parameters.size, threads):
        g = gradient[i]
        s = blend(second[i], g * g, keep, one - keep)
        second[i] = s
        parameters[i] -= learning_rate * scaled(g, s, small)


@kernel(
    "gradient[n] rate[1] beta_1[1] beta_2[1] epsilon[1] -> parameters[n]! first[n]! second[n]! corrected",
    operations=lambda n: 12 * n,
)
def adam(gradient, rate, beta_1, beta_2, epsilon, parameters, first, second, corrected, thread, threads, step):
    """m = beta_1 m + (1 - beta_1) g; s = beta_2 s + (1 - beta_2) g²; w -= rate m̂ / (√ŝ + epsilon).

    With `corrected` = 1, m̂ = m / (1 - beta_1^t) and ŝ = s / (1 - beta_2^t) undo that both began at 0; t is the number
    of the step, counted from 1. With 0, m̂ = m and ŝ = s. Kingma and Ba, "Adam: a method for stochastic optimization",
    2014.
    """
    learning_rate, stretch = rate[0], one
    if corrected != 0:
        learning_rate = unbiased(learning_rate, beta_1[0], step)
        stretch = unbiased(one, beta_2[0], step)
    update_by_adam(
        gradient, learning_rate, stretch, beta_1, beta_2, epsilon, parameters, first, second, thread, threads
    )


@kernel("rate[1] strength[1] -> parameters[n]!")
def decay_weights(rate, strength, parameters, thread, threads):
    """w -= rate strength w: weight decay apart from the gradient. Before `adam` it makes AdamW.

    Loshchilov and Hutter, "Decoupled weight decay regularization", 2017.
    """
    keep = one - rate[0] * strength[0]
    for i in range(thread, parameters.size, threads):
        parameters[i] *= keep


@kernel("parameters[n] strength[1] -> gradient[n]!", operations=lambda n: 2 * n)
def add_l2(parameters, strength, gradient, thread, threads):
    """g += strength w, the gradient of the penalty strength/2 times the sum of w²."""
    factor = strength[0]
    for i in range(thread, parameters.size, threads):
        gradient[i] += factor * parameters[i]


@kernel("parameters[n] strength[1] -> gradient[n]!", operations=lambda n: 2 * n)
def add_l1(parameters, strength, gradient, thread, threads):
    """g += strength sign(w), the gradient of the penalty strength times the sum of |w|; sign(0) is 0."""
    factor = strength[0]
    for i in range(thread, parameters.size, threads):
        w = parameters[i]
        above = factor if w > zero else zero
        below = factor if w < zero else zero
        gradient[i] += above - below


@kernel("limit[1] -> gradient[n]!", fastmath=FAST_WITH_NANS, operations=lambda n: 2 * n)
def clip_by_value(limit, gradient, thread, threads):
    """g = g between -limit and limit, each number by itself, which changes the direction of the gradient."""
    most = limit[0]
    for i in range(thread, gradient.size, threads):
        gradient[i] = clamped(gradient[i], most)


@kernel("norm[1] limit[1] -> gradient[n]!")
def clip_by_norm(norm, limit, gradient, thread, threads):
    """g *= limit / norm if the norm is over the limit. `norm` is that of whatever is clipped together.

    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2012.
    """
    factor = limit[0] / norm[0] if norm[0] > limit[0] else one
    for i in range(thread, gradient.size, threads):
        gradient[i] *= factor
