"""Dropout, and residual blocks that a random gate skips, so that a skipped block costs no time."""

from __future__ import annotations

from collections.abc import Callable

from kernels import dropout as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix, skippable_block
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["dropout", "gated_residual", "open_gate"]


def dropout(x: Tensor, rate: Tensor, stream: int = 0, inverted: bool = True) -> Tensor:
    """Return x with each number set to 0 with probability `rate` [1] (Srivastava et al. 2014).

    x is [...] and the result has its shape. With `inverted`, what remains is divided by 1 - rate, so that the
    expectation stays. The mask is a function of the run's seed, of `stream`, which tells layers apart, and of the
    step's number: a step that is run again draws the same mask. Only x has a gradient.
    """
    return apply(kernels.dropout, x, rate, stream=stream, inverted=int(inverted))


@gradient_of(kernels.dropout)
def _dropout_gradient(forward: Call, dy: Tensor) -> Gradients:
    _, rate = forward.reads
    return apply(kernels.dropout, dy, rate, **forward.integers)


def open_gate(chance: Tensor, stream: int) -> Tensor:
    """Return a gate [1]: 1 with probability `chance` [1], else 0, drawn anew in each step. It has no gradient.

    The draw is a function of the run's seed, of `stream` and of the step's number.
    """
    return apply(kernels.open_gate, chance, stream=stream)


@gradient_of(kernels.open_gate)
def _open_gate_gradient(forward: Call, d_gate: Tensor) -> Gradients:
    return None


def gated_residual(x: Tensor, inner: Callable[[Tensor], Tensor], gate: Tensor) -> Tensor:
    """Return x + inner(x) if the gate [1] is 1, else x (stochastic depth, Huang et al. 2016).

    `inner` receives a tensor of x's shape and must return one of the same shape, else ShapeError is raised. While the
    gate is 0, no kernel of `inner` runs, neither forward nor backward. Gradients of parameters inside are then not
    written: whoever keeps them from step to step must clear them.
    """
    entered = call(kernels.enter_block, x, gate, rows=0)
    with skippable_block() as entered.skips:
        made = inner(entered.result)
    if made.shape != x.shape:
        raise ShapeError(
            f"{label_prefix()}the block gives {list(made.shape[1:])} numbers per example, but its input, which is to "
            f"be added, has {list(x.shape[1:])}."
        )
    left = call(kernels.leave_block, x, made, gate)
    left.skips = entered.skips
    return left.result


@gradient_of(kernels.enter_block)
def _enter_block_gradient(forward: Call, dy: Tensor) -> Gradients:
    _, gate = forward.reads
    return apply(kernels.enter_block_gradient, dy, gate)


@gradient_of(kernels.leave_block)
def _leave_block_gradient(forward: Call, dy: Tensor) -> Gradients:
    _, _, gate = forward.reads
    entered = call(kernels.enter_block, dy, gate, rows=0)
    entered.skips = forward.skips
    return dy, entered.result
