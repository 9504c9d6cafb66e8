"""Windows: a part of an array, or its axes in another order, as an array of its own; and back into zeros.

A window has four dimensions. Its element (a, b, c, d) is the array's element
offset + a stride_a + b stride_b + c stride_c + d stride_d, and no element is in it twice. Slices have strides that
skip, transpositions have strides in another order; a negative stride goes backwards.
"""

from __future__ import annotations

from kernels.language import kernel, zero
from kernels.threads import sync_threads

_WINDOW = "offset stride_a stride_b stride_c stride_d"
# A transposition of the two inner axes.
_TYPICAL = {"n": 8192, "A": 1, "B": 64, "C": 16, "D": 8, "offset": 0, "stride_a": 8192, "stride_b": 128, "stride_c": 1,
            "stride_d": 16}  # fmt: skip


@kernel(
    f"x[n] -> y[A,B,C,D] {_WINDOW}",
    operations=lambda: 0,
    elements=lambda A, B, C, D: 2 * A * B * C * D,
    typical=_TYPICAL,
)
def take_window(x, y, offset, stride_a, stride_b, stride_c, stride_d, thread, threads):
    """y[a,b,c,d] = x[offset + a stride_a + b stride_b + c stride_c + d stride_d]."""
    A, B, C, D = y.shape
    for a in range(A):
        for b in range(B):
            for c in range(C):
                start = offset + a * stride_a + b * stride_b + c * stride_c
                for d in range(thread, D, threads):
                    y[a, b, c, d] = x[start + d * stride_d]


@kernel(f"y[A,B,C,D] -> x[n] {_WINDOW}", operations=lambda: 0, typical=_TYPICAL)
def put_window(y, x, offset, stride_a, stride_b, stride_c, stride_d, thread, threads):
    """x is 0, but x[offset + a stride_a + b stride_b + c stride_c + d stride_d] = y[a,b,c,d]."""
    A, B, C, D = y.shape
    for i in range(thread, x.size, threads):
        x[i] = zero
    sync_threads()
    for a in range(A):
        for b in range(B):
            for c in range(C):
                start = offset + a * stride_a + b * stride_b + c * stride_c
                for d in range(thread, D, threads):
                    x[start + d * stride_d] = y[a, b, c, d]


@kernel(
    "x[B,E] part[B,C] -> y[B,E] first",
    operations=lambda B, C: B * C,
    typical={"B": 64, "E": 128, "C": 8, "first": 16},
)
def add_columns(x, part, y, first, thread, threads):
    """y = x, to whose columns from number `first` on the part is added."""
    C = part.shape[1]
    for r in range(x.shape[0]):
        for e in range(thread, x.shape[1], threads):
            place = e - first
            more = zero
            if place >= 0 and place < C:
                more = part[r, place]
            y[r, e] = x[r, e] + more


@kernel(
    "part[B,C] -> sums[B,E]! first",
    operations=lambda B, C: B * C,
    elements=lambda B, C: 3 * B * C,
    typical={"B": 64, "E": 128, "C": 8, "first": 16},
)
def accumulate_columns(part, sums, first, thread, threads):
    """The part is added to the columns of sums from number `first` on: what `add_columns` computes, where it may write
    over what is added to."""
    B, C = part.shape
    for r in range(B):
        for c in range(thread, C, threads):
            sums[r, first + c] += part[r, c]


@kernel("a[B,C] b[B,D] -> y[B,E] E=C+D", operations=lambda: 0)
def concatenate_columns(a, b, y, thread, threads):
    """y = each row of a, followed by the same row of b."""
    C, D = a.shape[1], b.shape[1]
    for r in range(a.shape[0]):
        for c in range(thread, C, threads):
            y[r, c] = a[r, c]
        for c in range(thread, D, threads):
            y[r, C + c] = b[r, c]


_PATCHES = {"B": 2, "H": 16, "W": 16, "C": 3, "P": 5, "Q": 5, "top": 2, "left": 2}


@kernel("x[B,H,W,C] -> y[N,P,Q,C] top left N=B*H*W", operations=lambda: 0, typical=_PATCHES)
def take_patches(x, y, top, left, thread, threads):
    """y[(b H + h) W + w, p, q, c] = x[b, h + p - top, w + q - left, c], 0 beyond the image: the neighbourhood of every
    pixel as an image of its own."""
    _, H, W, C = x.shape
    P, Q = y.shape[1], y.shape[2]
    for row in range(thread, y.shape[0] * P, threads):
        n = row // P
        p = row % P
        b = n // (H * W)
        h = n // W % H + p - top
        first = n % W - left
        for q in range(Q):
            w = first + q
            if 0 <= h < H and 0 <= w < W:
                for c in range(C):
                    y[n, p, q, c] = x[b, h, w, c]
            else:
                for c in range(C):
                    y[n, p, q, c] = zero


@kernel(
    "y[N,P,Q,C] -> x[B,H,W,C] top left N=B*H*W",
    operations=lambda B, H, W, C, P, Q: B * H * W * C * P * Q,
    typical=_PATCHES,
)
def add_patches(y, x, top, left, thread, threads):
    """x[b, h, w, c] = the sum of all numbers of y that `take_patches` would take from there."""
    B, H, W, C = x.shape
    P, Q = y.shape[1], y.shape[2]
    for pixel in range(thread, B * H * W, threads):
        b = pixel // (H * W)
        h = pixel // W % H
        w = pixel % W
        for c in range(C):
            x[b, h, w, c] = zero
        for p in range(P):
            i = h + top - p
            for q in range(Q):
                j = w + left - q
                if 0 <= i < H and 0 <= j < W:
                    for c in range(C):
                        x[b, h, w, c] += y[(b * H + i) * W + j, p, q, c]
