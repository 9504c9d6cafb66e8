"""SiLU (also called swish): the input times its sigmoid.

Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation", 2017.
"""

from __future__ import annotations

from typing import Any

from kernels.elementary import sigmoid as logistic
from kernels.language import kernel, one


@kernel("x[n] -> y[n]", operations=lambda n: 17 * n)
def silu(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = x σ(x)."""
    for i in range(lane, x.size, lanes):
        v = x[i]
        y[i] = v * logistic(v)


@kernel("x[n] dy[n] -> dx[n]", operations=lambda n: 20 * n)
def silu_gradient(x: Any, dy: Any, dx: Any, lane: Any, lanes: Any) -> None:
    """dx = σ(x) (1 + x (1 - σ(x))) dy. From the input: the function is not monotonic, so its output does not tell."""
    for i in range(lane, x.size, lanes):
        v = x[i]
        s = logistic(v)
        dx[i] = s * (one + v * (one - s)) * dy[i]
