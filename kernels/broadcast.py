"""Broadcasting: repeating an array along some axes, and the sum over those axes, which undoes it in the gradient.

Arrays are seen with four dimensions. The small array's place of an element (a, b, c, d) of the large one is
a stride_a + b stride_b + c stride_c + d stride_d: a stride is 0 along an axis that is repeated, else the number of
elements that one step skips; stride_d is therefore 0 or 1.
"""

from __future__ import annotations

from kernels.language import kernel, zero
from kernels.threads import sum_over_threads, sync_threads

_SMALL = "n=(A-1)*stride_a+(B-1)*stride_b+(C-1)*stride_c+(D-1)*stride_d+1"
"""Elements of the small array: one more than the last of its places."""
_TYPICAL = {"A": 1, "B": 1, "C": 64, "D": 128, "stride_c": 0}


@kernel(
    f"x[n] -> y[A,B,C,D] stride_a stride_b stride_c stride_d {_SMALL}",
    operations=lambda: 0,
    typical=_TYPICAL,
)
def broadcast(x, y, stride_a, stride_b, stride_c, stride_d, thread, threads):
    """y[a,b,c,d] = x[a stride_a + b stride_b + c stride_c + d stride_d]."""
    A, B, C, D = y.shape
    for a in range(A):
        for b in range(B):
            for c in range(C):
                start = a * stride_a + b * stride_b + c * stride_c
                if stride_d == 0:
                    value = x[start]
                    for d in range(thread, D, threads):
                        y[a, b, c, d] = value
                else:
                    for d in range(thread, D, threads):
                        y[a, b, c, d] = x[start + d]


@kernel(
    f"y[A,B,C,D] -> x[n] stride_a stride_b stride_c stride_d {_SMALL}",
    typical=_TYPICAL,
)
def broadcast_sum(y, x, stride_a, stride_b, stride_c, stride_d, thread, threads):
    """x[k] = the sum of y over all (a,b,c,d) with a stride_a + b stride_b + c stride_c + d stride_d = k."""
    A, B, C, D = y.shape
    for i in range(thread, x.size, threads):
        x[i] = zero
    sync_threads()
    for a in range(A):
        for b in range(B):
            for c in range(C):
                start = a * stride_a + b * stride_b + c * stride_c
                if stride_d == 0:
                    total = zero
                    for d in range(thread, D, threads):
                        total += y[a, b, c, d]
                    total = sum_over_threads(total)
                    if thread == 0:
                        x[start] += total
                else:
                    for d in range(thread, D, threads):
                        x[start + d] += y[a, b, c, d]
