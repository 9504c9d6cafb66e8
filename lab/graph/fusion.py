"""Fusion: one kernel does what two do one after the other.

A call can be fused with the one behind it if that reads its only result, at the same place of memory, and nobody else
in the program does. A plan has its rows in both forms: one by one, as people read them and a CPU runs them, and fused,
for a GPU, where a row of a small net costs more time than its arithmetic. A fused kernel computes the same numbers as
the two, and is checked like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kernels.dense_relu import dense_relu, dense_relu_gradient
from kernels.language import Kernel
from kernels.matrix import dense, matmul_transposed_right
from kernels.relu import relu, relu_gradient
from lab.graph.tensor import Call, Tensor, owner_of


@dataclass(frozen=True)
class FusionRule:
    """Which kernel does what two do.

    first, second: the two kernels;  link: the operand of the second that is the first's result, counted from 0
    fused: the kernel of both
    reads: from what the first and what the second reads (without the result between them) to what the fused kernel
           reads
    """

    first: Kernel
    second: Kernel
    link: int
    fused: Kernel
    reads: Callable[[Sequence[Tensor], Sequence[Tensor]], Sequence[Tensor]]


RULES = (
    FusionRule(dense, relu, 0, dense_relu, lambda first, second: first),
    FusionRule(matmul_transposed_right, relu_gradient, 1, dense_relu_gradient, lambda first, second: (*first, *second)),
)


def fused_calls(program: Sequence[Call], results: Sequence[Tensor]) -> dict[int, Call]:
    """Return the calls that can stand for two of a program, by the index of the second of them.

    results: tensors that are wanted by themselves, and so must be computed by calls of their own
    """
    uses: dict[int, int] = {}
    for each in program:
        for operand in each.operands:
            owner, _ = owner_of(operand)
            uses[id(owner)] = uses.get(id(owner), 0) + 1
    wanted = {id(owner_of(each)[0]) for each in results}
    found: dict[int, Call] = {}
    for index in range(1, len(program)):
        call = _fused(program[index - 1], program[index], uses, wanted)
        if call is not None:
            found[index] = call
    return found


def fuse(program: Sequence[Call], fused: Mapping[int, Call]) -> list[Call]:
    """Return the calls of a program with pairs of them replaced by the calls that `fused_calls` found."""
    return [fused.get(index, each) for index, each in enumerate(program) if index + 1 not in fused]


def _fused(first: Call, second: Call, uses: dict[int, int], wanted: set[int]) -> Call | None:
    rule = next((each for each in RULES if (each.first, each.second) == (first.kernel, second.kernel)), None)
    if rule is None or first.block != second.block or first.skips or second.skips:
        return None
    (between,), linked = first.results, second.operands[rule.link]
    owner, offset = owner_of(linked)
    # Twice: where it is written, and where it is read.
    if owner is not between or offset or linked.size != between.size or uses[id(between)] != 2:
        return None
    if id(between) in wanted or between.storage is not None:
        return None
    others = [each for each in second.reads if each is not linked]
    (result,) = second.results
    reads = [*rule.reads(first.reads, others)]
    # The second kernel sees its operands as one row of numbers, the fused one as matrices.
    shape = (-1, between.shape[-1])
    viewed = [each.reshape(*shape) if each in others else each for each in reads]
    made = Call(rule.fused, [*viewed, result.reshape(*shape)], second.results, {})
    made.label, made.block = first.label, first.block
    return made
