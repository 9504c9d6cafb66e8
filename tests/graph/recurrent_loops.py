"""Recurrent networks as loops in NumPy, one sequence after the other, written from the formulas and not from kernels.

A sequence that has ended is simply left.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit

Array = np.ndarray
State = tuple[Array, ...]


def walk(step: Callable[..., State], x: Array, first: State, lengths: list[int]) -> tuple[Array, State]:
    """The states of each sequence, [batch, time, units], and all that a step keeps at each sequence's end.

    step: from one input and what is kept (the state first) to what is kept next
    """
    batch, time = x.shape[:2]
    states = np.zeros((batch, time, first[0].shape[1]))
    last = tuple(each.copy() for each in first)
    for b in range(batch):
        kept = tuple(each[b] for each in first)
        for t in range(time):
            if t < lengths[b]:
                kept = step(x[b, t], *kept)
            states[b, t] = kept[0]
        for each, value in zip(last, kept, strict=True):
            each[b] = value
    return states, last


def rnn(w_in: Array, w: Array, bias: Array, activation: Callable[[Array], Array]) -> Callable[..., State]:
    return lambda x, h: (activation(x @ w_in + h @ w + bias),)


def lstm(w_in: Array, w: Array, bias: Array) -> Callable[..., State]:
    def step(x: Array, h: Array, c: Array) -> State:
        i, f, o, g = np.split(x @ w_in + h @ w + bias, 4)
        cell = expit(f) * c + expit(i) * np.tanh(g)
        return expit(o) * np.tanh(cell), cell

    return step


def gru(w_in: Array, w: Array, bias: Array, candidate_bias: Array) -> Callable[..., State]:
    def step(x: Array, h: Array) -> State:
        x_r, x_z, x_n = np.split(x @ w_in + bias, 3)
        h_r, h_z, h_n = np.split(h @ w, 3)
        r, z = expit(x_r + h_r), expit(x_z + h_z)
        return ((1 - z) * np.tanh(x_n + r * (h_n + candidate_bias)) + z * h,)

    return step
