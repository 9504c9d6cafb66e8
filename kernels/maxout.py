"""Maxout: a unit outputs the largest of several linear pieces, and so learns its own activation function.

Goodfellow, Warde-Farley, Mirza, Courville and Bengio, "Maxout networks", 2013.
"""

from __future__ import annotations

from kernels.elementary import exceeds
from kernels.language import FAST_WITH_NANS, kernel, real, zero


@kernel("x[B,K,H] -> y[B,H] piece[B,H]", fastmath=FAST_WITH_NANS, typical={"K": 20})
def maxout(x, y, piece, thread, threads):
    """y[b,h] = the largest x[b,k,h] over the pieces k; piece[b,h] = that k (the first one if several are equal, but
    the last that is NaN).

    x is what a dense layer of K·H units gives: the first H outputs are piece 0 of every unit, the next H piece 1, ….
    """
    B, K, H = x.shape
    for b in range(B):
        for h in range(thread, H, threads):
            y[b, h] = x[b, 0, h]
            piece[b, h] = zero
        for k in range(1, K):
            number = real(k)
            for h in range(thread, H, threads):
                value = x[b, k, h]
                before = y[b, h]
                old = piece[b, h]
                larger = exceeds(value, before)
                y[b, h] = value if larger else before
                piece[b, h] = number if larger else old


@kernel("piece[B,H] dy[B,H] -> dx[B,K,H]", typical={"K": 20}, indices={"piece": "K"})
def maxout_gradient(piece, dy, dx, thread, threads):
    """dx[b,k,h] = dy[b,h] for the piece that was largest, 0 for the others."""
    B, K, H = dx.shape
    for b in range(B):
        for k in range(K):
            number = real(k)
            for h in range(thread, H, threads):
                d = dy[b, h]
                chosen = piece[b, h]
                dx[b, k, h] = d if chosen == number else zero
