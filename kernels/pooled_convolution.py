"""The gradient of a convolution's weights from what comes back to pooled pixels, without that of all pixels.

Behind a convolution whose windows lie side by side, ReLU and max pooling of 2×2 hand a gradient back to one pixel of
four at most: to that which was the largest, if it was above 0. With the pooled pixels and their places the products are
a quarter, and the gradient of all pixels, four times as large, need not be written where nobody else asks for it:

    d_weight[p,q,g,d] = Σ over b, i, j of δ x[b, h + p - top, w + q - left, g]
    δ = dy[b,i,j,d] if y[b,i,j,d] > 0, else 0;  place[b,i,j,d] = h (width of the convolution's result) + w

These are the sums of `relu_max_pool_gradient` and `convolution_weight_gradient` one after the other, without zeros and
in another order: where a weight saw nothing but zeros it is exactly 0 in both. It stands for them where
`lab.graph.fusion` finds them, on machines for which there is code (`KERNELS`). On the CPU, in float32,
`kernels.targets.places_code` does the work.
"""

from __future__ import annotations

from kernels.language import device, kernel, zero

KERNELS = ((3, 3), (5, 5))
"""Heights and widths of kernels for which there is code of AVX-512, whose vectors can pick numbers from others."""


def multiply_adds(B: int, I: int, J: int, P: int, Q: int, G: int, D: int) -> int:  # noqa: E741
    """Operations, each product and each sum being one."""
    return 2 * B * I * J * P * Q * G * D


@device(inlined=True)
def plain_correlate_places(x, place, dy, y, d_weight, d_bias, top, left, right, thread, threads):
    """d_weight = what came back times what it saw of x; d_bias = the sums of what came back."""
    _, H, W, _ = x.shape
    P, Q, G, D = d_weight.shape
    width = W + left + right - Q + 1
    for d in range(thread, D, threads):
        d_bias[d] = zero
        for p in range(P):
            for q in range(Q):
                for g in range(G):
                    d_weight[p, q, g, d] = zero
    for b in range(dy.shape[0]):
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                for d in range(thread, D, threads):
                    back = dy[b, i, j, d] if y[b, i, j, d] > zero else zero
                    d_bias[d] += back
                    at = int(place[b, i, j, d])
                    row = at // width
                    for p in range(P):
                        h = row + p - top
                        for q in range(Q):
                            w = at - row * width + q - left
                            if 0 <= h < H and 0 <= w < W:
                                for g in range(G):
                                    d_weight[p, q, g, d] += back * x[b, h, w, g]


@plain_correlate_places.on("cuda")
def _correlate_places_cuda(x, place, dy, y, d_weight, d_bias, top, left, right, thread, threads):
    B, H, W, _ = x.shape
    _, Q, G, D = d_weight.shape
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    width = W + left + right - Q + 1
    for number in range(thread, d_weight.size, threads):
        d = number % D
        tap = number // D
        g = tap % G
        q = tap // G % Q
        p = tap // (G * Q)
        total = zero
        for b in range(B):
            for i in range(I):
                for j in range(J):
                    at = int(place[b, i, j, d])
                    row = at // width
                    h = row + p - top
                    w = at - row * width + q - left
                    if y[b, i, j, d] > zero and 0 <= h < H and 0 <= w < W:
                        total += dy[b, i, j, d] * x[b, h, w, g]
        d_weight[p, q, g, d] = total
    for d in range(thread, D, threads):
        total = zero
        for b in range(B):
            for i in range(I):
                for j in range(J):
                    total += dy[b, i, j, d] if y[b, i, j, d] > zero else zero
        d_bias[d] = total


@device(inlined=True)
def correlate_places(x, place, dy, y, d_weight, d_bias, top, left, right, thread, threads):
    """The same. A target may have a way of its own."""
    plain_correlate_places(x, place, dy, y, d_weight, d_bias, top, left, right, thread, threads)


@kernel(
    "x[B,H,W,G] place[B,I,J,D] dy[B,I,J,D] y[B,I,J,D] -> d_weight[P,Q,G,D] d_bias[D] top left bottom right "
    "I=(H+top+bottom-P+1)//2 J=(W+left+right-Q+1)//2",
    operations=multiply_adds,
    typical={"B": 1, "H": 8, "W": 8, "G": 1, "P": 3, "Q": 3, "D": 16, "top": 1, "left": 1, "bottom": 1, "right": 1},
    indices={"place": "(H+top+bottom-P+1)*(W+left+right-Q+1)"},
)
def pooled_weight_gradient(x, place, dy, y, d_weight, d_bias, top, left, bottom, right, thread, threads):
    """d_weight, d_bias = the gradients of a convolution behind which stand ReLU and max pooling of 2×2; see the file's
    text. x: the convolution's input;  y, place: what the pooling gave, each place in its window;  dy: what comes back
    """
    correlate_places(x, place, dy, y, d_weight, d_bias, top, left, right, thread, threads)
