"""Images of another size: every pixel is a mixture of the four around its place in the old image.

Output row i lies at row `rows[i]` of the input, output column j at column `columns[j]`: places from 0 to H - 1 and to
W - 1. A whole number is a pixel itself, so that nearest neighbours are whole numbers, and what lies between is linear
in both directions. Images are [batch, height, width, channels].
"""

from __future__ import annotations

from kernels.language import kernel, one, real, zero

_TYPICAL = {"B": 2, "H": 7, "W": 7, "C": 16, "I": 14, "J": 14}


def _operations(B: int, I: int, J: int, C: int) -> int:  # noqa: E741
    return 8 * B * I * J * C


@kernel("x[B,H,W,C] rows[I] columns[J] -> y[B,I,J,C]", operations=_operations, typical=_TYPICAL)
def resample(x, rows, columns, y, thread, threads):
    """y[b,i,j,c] = x at (rows[i], columns[j]) of that image and channel, linear between pixels."""
    B, H, W, C = x.shape
    for b in range(B):
        for i in range(y.shape[1]):
            top = int(rows[i])
            bottom = min(top + 1, H - 1)
            below = rows[i] - real(top)
            for j in range(y.shape[2]):
                left = int(columns[j])
                right = min(left + 1, W - 1)
                beside = columns[j] - real(left)
                for c in range(thread, C, threads):
                    upper = (one - beside) * x[b, top, left, c] + beside * x[b, top, right, c]
                    lower = (one - beside) * x[b, bottom, left, c] + beside * x[b, bottom, right, c]
                    y[b, i, j, c] = (one - below) * upper + below * lower


@kernel("dy[B,I,J,C] rows[I] columns[J] -> dx[B,H,W,C]", operations=_operations, typical=_TYPICAL)
def resample_gradient(dy, rows, columns, dx, thread, threads):
    """dx = the sum of dy over the pixels that saw it, each times its share."""
    B, H, W, C = dx.shape
    for b in range(B):
        for h in range(H):
            for w in range(W):
                for c in range(thread, C, threads):
                    dx[b, h, w, c] = zero
        for i in range(dy.shape[1]):
            top = int(rows[i])
            bottom = min(top + 1, H - 1)
            below = rows[i] - real(top)
            for j in range(dy.shape[2]):
                left = int(columns[j])
                right = min(left + 1, W - 1)
                beside = columns[j] - real(left)
                for c in range(thread, C, threads):
                    d = dy[b, i, j, c]
                    upper = (one - below) * d
                    lower = below * d
                    dx[b, top, left, c] += (one - beside) * upper
                    dx[b, top, right, c] += beside * upper
                    dx[b, bottom, left, c] += (one - beside) * lower
                    dx[b, bottom, right, c] += beside * lower
