"""Gradients written out in elementary gates, one node for each operation of the formula on paper.

The usual rules do a gate's slope and its product with what comes down in one kernel. These make a graph of the gradient
that consists of nothing but the gates that formulas consist of, as differentiation of the formula itself would.
Gates whose usual rule is already of that kind (sums, products, quotients, exp, log) keep it.
"""

from __future__ import annotations

from kernels import pointwise
from kernels import sigmoid as sigmoid_kernels
from kernels import tanh as tanh_kernels
from lab.graph import Call, Tensor, constant
from lab.graph import functions as f
from lab.graph.gradients import Rule

Gradients = list[Tensor | None]


def _one_minus(x: Tensor) -> Tensor:
    return f.add(f.negate(x), constant(1.0))


def _sigmoid(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [f.multiply(f.multiply(made.result, _one_minus(made.result)), dy)]


def _tanh(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [f.multiply(_one_minus(f.square(made.result)), dy)]


def _square(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [f.multiply(f.multiply(made.reads[0], constant(2.0)), dy)]


def _reciprocal(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [f.multiply(f.negate(f.square(made.result)), dy)]


def _square_root(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [f.divide(f.multiply(dy, constant(0.5)), made.result)]


COMPOSED_RULES: dict[str, Rule] = {
    sigmoid_kernels.sigmoid.name: _sigmoid,
    tanh_kernels.tanh.name: _tanh,
    pointwise.square.name: _square,
    pointwise.reciprocal.name: _reciprocal,
    pointwise.square_root.name: _square_root,
}
"""For `differentiate(…, rules=COMPOSED_RULES)`."""
