"""Deep Q-learning beside the network: batches from what is remembered, and what their values should be."""

from __future__ import annotations

import numpy as np

from kernels.language import kernel, one, zero
from kernels.random import HALF, philox


@kernel(
    "memory[M,11] -> states[B,4] moves[B,2] rewards[B] following[B,4] continues[B] stream",
    operations=lambda B: 60 * B,
    elements=lambda B: 24 * B,
    typical={"M": 10_000, "stream": 0},
)
def draw_transitions(memory, states, moves, rewards, following, continues, stream, thread, threads, step, seed):
    """Draw transitions of those that were remembered up to this step, any with the same chance, as often as there are
    rows. A move is 1 where the action is, and 0 elsewhere.

    Lin, "Self-improving reactive agents based on reinforcement learning, planning and teaching", 1992.
    """
    known = min(step, memory.shape[0])
    for b in range(thread, states.shape[0], threads):
        word, _, _, _ = philox(seed, stream, step, b)
        row = np.int64((word * np.uint64(known)) >> HALF)
        for k in range(4):
            states[b, k] = memory[row, k]
            following[b, k] = memory[row, 6 + k]
        for a in range(2):
            moves[b, a] = one if int(memory[row, 4]) == a else zero
        rewards[b] = memory[row, 5]
        continues[b] = memory[row, 10]


@kernel("q[B,A] rewards[B] continues[B] gamma[1] -> targets[B]", operations=lambda A, B: (A + 2) * B, typical={"A": 2})
def value_targets(q, rewards, continues, gamma, targets, thread, threads):
    """targets = rewards + gamma max_a q, the latter only where it goes on. Watkins, 1989."""
    for b in range(thread, targets.size, threads):
        best = q[b, 0]
        for a in range(1, q.shape[1]):
            best = max(best, q[b, a])
        targets[b] = rewards[b] + gamma[0] * continues[b] * best


@kernel("source[n] -> target[n]! every", operations=lambda: 0, typical={"every": 1})
def follow(source, target, every, thread, threads, step):
    """target = source, in the first step and in every `every`-th one behind it. Mnih and others, "Human-level control
    through deep reinforcement learning", 2015."""
    if (step - 1) % every == 0:
        for i in range(thread, target.size, threads):
            target[i] = source[i]
