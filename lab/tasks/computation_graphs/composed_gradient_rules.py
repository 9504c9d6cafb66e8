"""Gradients written out in elementary operations, one node for each operation of the formula on paper.

The usual rules compute an operation's slope and its product with the upstream gradient in one kernel. These make a
graph of the gradient that consists of nothing but the operations that formulas consist of, as differentiation of the
formula itself would. Operations whose usual rule is already of that kind (sums, products, quotients, exp, log) keep it.
"""

from __future__ import annotations

from kernels import pointwise
from kernels import sigmoid as sigmoid_kernels
from kernels import tanh as tanh_kernels
from lab.graph import Call, Tensor
from lab.graph import functions as f
from lab.graph.gradients import Gradients, Rule


def _one_minus(x: Tensor) -> Tensor:
    return -x + 1.0


def _sigmoid(forward: Call, dy: Tensor) -> Gradients:
    return forward.result * _one_minus(forward.result) * dy


def _tanh(forward: Call, dy: Tensor) -> Gradients:
    return _one_minus(f.square(forward.result)) * dy


def _square(forward: Call, dy: Tensor) -> Gradients:
    return forward.reads[0] * 2.0 * dy


def _reciprocal(forward: Call, dy: Tensor) -> Gradients:
    return -f.square(forward.result) * dy


def _square_root(forward: Call, dy: Tensor) -> Gradients:
    return dy * 0.5 / forward.result


COMPOSED_RULES: dict[str, Rule] = {
    sigmoid_kernels.sigmoid.name: _sigmoid,
    tanh_kernels.tanh.name: _tanh,
    pointwise.square.name: _square,
    pointwise.reciprocal.name: _reciprocal,
    pointwise.square_root.name: _square_root,
}
"""For `differentiate(…, rules=COMPOSED_RULES)`."""
