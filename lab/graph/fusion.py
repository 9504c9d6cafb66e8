"""Joining calls: where one kernel does what two would do one after the other, the planner takes that one.

A call is joined with the one behind it if that reads its only result, at the same place and in the same shape of
memory, and nobody else in the program does; then the result between them needs no memory at all. What is joined has a
kernel of its own, whose numbers are those of the two, and which is checked like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kernels.dense_relu import dense_relu, dense_relu_gradient
from kernels.language import Kernel
from kernels.matrix import dense, matmul_transposed_right
from kernels.relu import relu, relu_gradient
from lab.graph.tensor import Call, Tensor, root


@dataclass(frozen=True)
class Pair:
    """Two kernels, which operand of the second is the result of the first, and the kernel of both.

    reads: from what the first and the second read (without the result) to what the joint kernel reads
    """

    first: Kernel
    second: Kernel
    link: int
    joint: Kernel
    reads: Callable[[Sequence[Tensor], Sequence[Tensor]], Sequence[Tensor]]


PAIRS = (
    Pair(dense, relu, 0, dense_relu, lambda first, second: first),
    Pair(matmul_transposed_right, relu_gradient, 1, dense_relu_gradient, lambda first, second: (*first, *second)),
)


def fused(program: Sequence[Call], results: Sequence[Tensor]) -> list[Call]:
    """The calls of a program, in their order, joined where that is possible; `results` are wanted by themselves."""
    uses: dict[int, int] = {}
    for each in program:
        for operand in each.operands:
            owner, _ = root(operand)
            uses[id(owner)] = uses.get(id(owner), 0) + 1
    wanted = {id(root(each)[0]) for each in results}
    found: list[Call] = []
    for each in program:
        joint = _joined(found[-1], each, uses, wanted) if found else None
        if joint is not None:
            found[-1] = joint
        else:
            found.append(each)
    return found


def _joined(first: Call, second: Call, uses: dict[int, int], wanted: set[int]) -> Call | None:
    pair = next((each for each in PAIRS if (each.first, each.second) == (first.kernel, second.kernel)), None)
    if pair is None or first.block != second.block or first.skips or second.skips:
        return None
    (between,), linked = first.results, second.operands[pair.link]
    owner, offset = root(linked)
    # Twice: where it is written, and where it is read.
    if owner is not between or offset or linked.size != between.size or uses[id(between)] != 2:
        return None
    if id(between) in wanted or between.storage is not None:
        return None
    others = [each for each in second.reads if each is not linked]
    (result,) = second.results
    reads = [*pair.reads(first.reads, others)]
    # The second kernel sees its operands as one row of numbers, the joint one as matrices.
    shape = (-1, between.shape[-1])
    viewed = [each.reshape(*shape) if each in others else each for each in reads]
    made = Call(pair.joint, [*viewed, result.reshape(*shape)], second.results, {})
    made.label, made.block = first.label, first.block
    return made
