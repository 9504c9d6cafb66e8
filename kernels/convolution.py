"""Convolution of images, forwards and backwards: every output pixel is a weighted sum of a window of the input.

    y[b,i,j,d] = bias[d] + Σ over p, q, g of x[b, i stride_y + p dilation_y - top, j stride_x + q dilation_x - left,
                 first + g] weight[p,q,g,d]

Images are [batch, height, width, channels], weights [height, width, channels in / groups, channels out]. The channels
are divided into groups, and an output channel sees those of its own group alone, which begin at `first`. What lies
beyond the image is 0: `top`, `left`, `bottom` and `right` are how many such pixels belong to it.

On the CPU, in float32, `kernels.targets.convolutions` does the work with the micro-kernel of products of matrices. The
bodies here serve every other target: one thread has whole rows of channels, a GPU's threads have a number each.
"""

from __future__ import annotations

from kernels.language import Kernel, device, devices_of, kernel, zero

GEOMETRY = (
    "stride_y stride_x top left bottom right dilation_y dilation_x groups G=C/groups "
    "I=(H+top+bottom-dilation_y*(P-1)-1)//stride_y+1 J=(W+left+right-dilation_x*(Q-1)-1)//stride_x+1"
)
TYPICAL = {"B": 1, "H": 8, "W": 8, "C": 16, "P": 3, "Q": 3, "D": 16, "top": 1, "left": 1, "bottom": 1,
            "right": 1}  # fmt: skip


def multiply_adds(B: int, I: int, J: int, P: int, Q: int, G: int, D: int) -> int:  # noqa: E741
    """Operations of a convolution, each product and each sum being one; those with the border are counted."""
    return 2 * B * I * J * P * Q * G * D


@device(inlined=True)
def plain_convolve(x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads):
    """y = the convolution, one image after the other."""
    B, H, W, _ = x.shape
    P, Q, G, D = weight.shape
    outputs = D // groups
    for b in range(B):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for k in range(groups):
                    first, last = k * outputs, (k + 1) * outputs
                    for d in range(first + thread, last, threads):
                        y[b, i, j, d] = bias[d]
                    for p in range(P):
                        h = i * stride_y + p * dilation_y - top
                        for q in range(Q):
                            w = j * stride_x + q * dilation_x - left
                            if 0 <= h < H and 0 <= w < W:
                                for g in range(G):
                                    value = x[b, h, w, k * G + g]
                                    for d in range(first + thread, last, threads):
                                        y[b, i, j, d] += value * weight[p, q, g, d]


@device(inlined=True)
def convolve(x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads):
    """y = the convolution, one image after the other. A target may have a way of its own."""
    plain_convolve(x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads)


@plain_convolve.on("cuda")
def _convolve_cuda(x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads):
    _, H, W, _ = x.shape
    P, Q, G, D = weight.shape
    I, J = y.shape[1], y.shape[2]  # noqa: E741
    outputs = D // groups
    for place in range(thread, y.size, threads):
        d = place % D
        pixel = place // D
        j = pixel % J
        i = pixel // J % I
        b = pixel // (I * J)
        first = d // outputs * G
        total = bias[d]
        for p in range(P):
            h = i * stride_y + p * dilation_y - top
            for q in range(Q):
                w = j * stride_x + q * dilation_x - left
                if 0 <= h < H and 0 <= w < W:
                    for g in range(G):
                        total += x[b, h, w, first + g] * weight[p, q, g, d]
        y[b, i, j, d] = total


@kernel(
    f"x[B,H,W,C] weight[P,Q,G,D] bias[D] -> y[B,I,J,D] {GEOMETRY}",
    operations=multiply_adds,
    typical=TYPICAL,
)
def convolution(
    x, weight, bias, y, stride_y, stride_x, top, left, bottom, right, dilation_y, dilation_x, groups, thread, threads
):
    """y = the convolution of x with weight, plus bias; see the file's text."""
    convolve(x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads)


@device(inlined=True)
def plain_convolve_back(dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads):
    """dx = what each output pixel hands back to its window, summed up."""
    B, H, W, C = dx.shape
    P, Q, G, D = weight.shape
    outputs = D // groups
    for b in range(B):
        for h in range(H):
            for w in range(W):
                for c in range(thread, C, threads):
                    dx[b, h, w, c] = zero
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                for p in range(P):
                    h = i * stride_y + p * dilation_y - top
                    for q in range(Q):
                        w = j * stride_x + q * dilation_x - left
                        if 0 <= h < H and 0 <= w < W:
                            for c in range(thread, C, threads):
                                k = c // G
                                g = c - k * G
                                total = zero
                                for d in range(k * outputs, (k + 1) * outputs):
                                    total += dy[b, i, j, d] * weight[p, q, g, d]
                                dx[b, h, w, c] += total


@device(inlined=True)
def convolve_back(dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads):
    """dx = what each output pixel hands back to its window, summed up. A target may have a way of its own."""
    plain_convolve_back(dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads)


@plain_convolve_back.on("cuda")
def _convolve_back_cuda(dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads):
    _, H, W, C = dx.shape
    P, Q, G, D = weight.shape
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    outputs = D // groups
    for place in range(thread, dx.size, threads):
        c = place % C
        pixel = place // C
        w = pixel % W
        h = pixel // W % H
        b = pixel // (H * W)
        k = c // G
        g = c - k * G
        total = zero
        for p in range(P):
            down = h + top - p * dilation_y
            i = down // stride_y
            for q in range(Q):
                across = w + left - q * dilation_x
                j = across // stride_x
                fits = i * stride_y == down and j * stride_x == across
                if fits and 0 <= i < I and 0 <= j < J:
                    for d in range(k * outputs, (k + 1) * outputs):
                        total += dy[b, i, j, d] * weight[p, q, g, d]
        dx[b, h, w, c] = total


@kernel(
    f"dy[B,I,J,D] weight[P,Q,G,D] -> dx[B,H,W,C] {GEOMETRY}",
    operations=multiply_adds,
    typical=TYPICAL,
)
def convolution_input_gradient(
    dy, weight, dx, stride_y, stride_x, top, left, bottom, right, dilation_y, dilation_x, groups, thread, threads
):
    """dx[b,h,w,c] = Σ dy[b,i,j,d] weight[p,q,g,d] over all i, j, p, q, d for which x[b,h,w,c] is part of y[b,i,j,d].

    This is transposed convolution, too: dy is its input then, and dx its output.
    """
    convolve_back(dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads)


@device(inlined=True)
def plain_correlate(
    x, dy, d_weight, d_bias, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):
    """d_weight = the products of inputs and what came back, summed over all pixels; d_bias = the sums of dy."""
    B, H, W, _ = x.shape
    P, Q, G, D = d_weight.shape
    outputs = D // groups
    for k in range(groups):
        first, last = k * outputs, (k + 1) * outputs
        for p in range(P):
            for q in range(Q):
                for g in range(G):
                    for d in range(first + thread, last, threads):
                        d_weight[p, q, g, d] = zero
        for d in range(first + thread, last, threads):
            d_bias[d] = zero
        for b in range(B):
            for i in range(dy.shape[1]):
                for j in range(dy.shape[2]):
                    for d in range(first + thread, last, threads):
                        d_bias[d] += dy[b, i, j, d]
                    for p in range(P):
                        h = i * stride_y + p * dilation_y - top
                        for q in range(Q):
                            w = j * stride_x + q * dilation_x - left
                            if 0 <= h < H and 0 <= w < W:
                                for g in range(G):
                                    value = x[b, h, w, k * G + g]
                                    for d in range(first + thread, last, threads):
                                        d_weight[p, q, g, d] += value * dy[b, i, j, d]


@device(inlined=True)
def correlate(x, dy, d_weight, d_bias, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads):
    """d_weight = the products of inputs and what came back, summed over all pixels; d_bias = the sums of dy. A
    target may have a way of its own."""
    plain_correlate(
        x, dy, d_weight, d_bias, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
    )


@plain_correlate.on("cuda")
def _correlate_cuda(
    x, dy, d_weight, d_bias, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):
    B, H, W, _ = x.shape
    _, Q, G, D = d_weight.shape
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    outputs = D // groups
    for place in range(thread, d_weight.size, threads):
        d = place % D
        tap = place // D
        g = tap % G
        q = tap // G % Q
        p = tap // (G * Q)
        c = d // outputs * G + g
        total = zero
        for b in range(B):
            for i in range(I):
                h = i * stride_y + p * dilation_y - top
                if 0 <= h < H:
                    for j in range(J):
                        w = j * stride_x + q * dilation_x - left
                        if 0 <= w < W:
                            total += x[b, h, w, c] * dy[b, i, j, d]
        d_weight[p, q, g, d] = total
    for d in range(thread, D, threads):
        total = zero
        for b in range(B):
            for i in range(I):
                for j in range(J):
                    total += dy[b, i, j, d]
        d_bias[d] = total


@kernel(
    f"x[B,H,W,C] dy[B,I,J,D] -> d_weight[P,Q,G,D] d_bias[D] {GEOMETRY}",
    operations=multiply_adds,
    typical=TYPICAL,
)
def convolution_weight_gradient(
    x, dy, d_weight, d_bias, stride_y, stride_x, top, left, bottom, right, dilation_y, dilation_x, groups, thread,
    threads,
):  # fmt: skip
    """d_weight[p,q,g,d] = Σ dy[b,i,j,d] and what it saw of x there, over images and pixels; d_bias = Σ dy."""
    correlate(x, dy, d_weight, d_bias, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads)


def has_windows(kernel: Kernel) -> bool:
    """Whether a kernel calls one of the convolutions, in its common body."""
    return not devices_of(kernel.function, "cpu", "float32").isdisjoint({convolve, convolve_back, correlate})
