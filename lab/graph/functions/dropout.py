"""Switching numbers off at random, and blocks that a gate leaves out together with the time that they take."""

from __future__ import annotations

from collections.abc import Callable

from kernels import dropout as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, ShapeError, Tensor, apply, call, current_label, skippable_block

__all__ = ["dropout", "gated_residual", "open_gate"]


def dropout(x: Tensor, rate: Tensor, stream: int = 0, inverted: bool = True) -> Tensor:
    """x with each number set to 0 with probability `rate` [1], the others divided by 1 - rate if `inverted`.

    The numbers of the mask are those of (seed, stream, step).
    """
    return apply(kernels.dropout, x, rate, stream=stream, inverted=int(inverted))


@gradient_of(kernels.dropout)
def _dropout_gradient(forward: Call, dy: Tensor) -> Gradients:
    _, rate = forward.reads
    return apply(kernels.dropout, dy, rate, **forward.integers)


def open_gate(chance: Tensor, stream: int) -> Tensor:
    """1 with probability `chance` [1], else 0: another draw in each step. It has no gradient."""
    return apply(kernels.open_gate, chance, stream=stream)


@gradient_of(kernels.open_gate)
def _open_gate_gradient(forward: Call, d_gate: Tensor) -> Gradients:
    return None


def gated_residual(x: Tensor, inner: Callable[[Tensor], Tensor], gate: Tensor) -> Tensor:
    """x + inner(x) if the gate [1] is open (1), else x (0), and then nothing of `inner` is executed, there or back.

    Gradients of parameters inside are not written while the gate is shut; whoever keeps them must clear them.
    """
    entered = call(kernels.enter_block, x, gate, rows=0)
    with skippable_block() as entered.skips:
        made = inner(entered.result)
    if made.shape != x.shape:
        where = f"{current_label()}: " if current_label() else ""
        raise ShapeError(
            f"{where}the block gives {list(made.shape[1:])} numbers per example, but its input, which is to be added, "
            f"has {list(x.shape[1:])}."
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
