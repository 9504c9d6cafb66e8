"""A dense layer with ReLU, and the gradient of the two towards the input, as one kernel each.

A GPU runs them where one would follow the other and nobody else looks at what is between (`lab.graph.fusion`). The
numbers are those of the single kernels, bit by bit.
"""

from __future__ import annotations

from kernels.arrays import flat
from kernels.elementary import positive_part
from kernels.language import FAST_WITH_NANS, kernel, zero
from kernels.matrix import multiply_adds, product, product_and_bias


@kernel("x[B,D] weight[D,H] bias[H] -> y[B,H]", fastmath=FAST_WITH_NANS, operations=multiply_adds)
def dense_relu(x, weight, bias, y, thread, threads):
    """y = max(x weight + bias, 0)."""
    product_and_bias(x, weight, bias, y)
    every = flat(y)
    for i in range(thread, every.size, threads):
        every[i] = positive_part(every[i])


@kernel("dy[B,D] weight[H,D] y[B,H] -> dx[B,H]", operations=multiply_adds)
def dense_relu_gradient(dy, weight, y, dx, thread, threads):
    """dx = dy weightᵀ where y > 0, else 0: through a dense layer and the ReLU before it, whose result y is."""
    product(dy, weight.T, dx)
    every = flat(dx)
    active = flat(y)
    for i in range(thread, every.size, threads):
        d = every[i]
        every[i] = d if active[i] > zero else zero
