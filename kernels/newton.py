"""Newton's step: the linear system between gradient and curvature, solved inside the training step."""

from __future__ import annotations

from kernels.language import kernel, one, real, zero
from kernels.plan import HALT


@kernel(
    "gradient[W,n] rate[1] damping[1] -> parameters[W,n]! hessian[n,W,n]! direction[W,n] scale[W,n]",
    operations=lambda W, n: W * (2 * n * n * n / 3 + 2 * n * n),
    typical={"n": 16},
)
def newton_step(gradient, rate, damping, parameters, hessian, direction, scale, thread, threads, state):
    """w -= rate H⁻¹ g, for W points that have nothing to do with each other, each with a Hessian H + damping I.

    hessian[i, w] is row i of the Hessian at point w.

    Gaussian elimination with the largest pivot of each column; the Hessian is used up. One that is singular moves
    nothing and halts the program: one with a pivot that is no larger than what rounding leaves of the largest number in
    its column, which is `scale`.
    """
    W, n = gradient.shape
    for w in range(thread, W, threads):
        for i in range(n):
            direction[w, i] = gradient[w, i]
            hessian[i, w, i] += damping[0]
            scale[w, i] = zero
        for i in range(n):
            for j in range(n):
                scale[w, j] = max(scale[w, j], abs(hessian[i, w, j]))
        # In numbers of 32 bits, 2⁻⁴⁰ beside 1 is lost.
        rounding = real(2.0**-21) if one + real(2.0**-40) == one else real(2.0**-50)
        singular = False
        for k in range(n):
            best = k
            for i in range(k + 1, n):
                if abs(hessian[i, w, k]) > abs(hessian[best, w, k]):
                    best = i
            if best != k:
                for j in range(k, n):
                    kept = hessian[k, w, j]
                    hessian[k, w, j] = hessian[best, w, j]
                    hessian[best, w, j] = kept
                kept = direction[w, k]
                direction[w, k] = direction[w, best]
                direction[w, best] = kept
            if not abs(hessian[k, w, k]) > rounding * scale[w, k]:
                singular = True
                break
            for i in range(k + 1, n):
                factor = hessian[i, w, k] / hessian[k, w, k]
                for j in range(k + 1, n):
                    hessian[i, w, j] -= factor * hessian[k, w, j]
                hessian[i, w, k] = zero
                direction[w, i] -= factor * direction[w, k]
        if singular:
            state[HALT] = 1
            continue
        for back in range(n):
            i = n - 1 - back
            rest = direction[w, i]
            for j in range(i + 1, n):
                rest -= hessian[i, w, j] * direction[w, j]
            direction[w, i] = rest / hessian[i, w, i]
        for i in range(n):
            parameters[w, i] -= rate[0] * direction[w, i]
