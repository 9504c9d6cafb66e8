"""Fusion: one kernel does what two do one after the other.

A call can be fused with one behind it if that reads its result, at the same place of memory, and nobody else in the
program does. A plan has its rows in both forms: one by one, as people read them, and fused, as they run: each pass over
memory less is time won, and on a GPU a row of a small net costs more time than its arithmetic. A fused kernel computes
the same numbers as the two, and is checked like any other.

On the way back ReLU asks its result where it was active. What came of the pooling behind it, or stood before it, says
the same; so the ways back are fused first, and then nobody asks for ReLU's result any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kernels.batch_norm import batch_norm, batch_norm_gradient
from kernels.batch_norm_relu import batch_norm_relu, batch_norm_relu_gradient
from kernels.dense_relu import dense_relu, dense_relu_gradient
from kernels.language import Kernel
from kernels.matrix import dense, matmul_transposed_right
from kernels.pooling import max_pool, max_pool_gradient
from kernels.relu import relu, relu_gradient
from kernels.relu_pooling import relu_max_pool, relu_max_pool_gradient
from lab.graph.tensor import Call, Tensor, owner_of

MOST_BETWEEN = 2
"""Calls that may stand between two that are fused."""


class Program:
    """The calls of a program in their order, with who makes and who uses each tensor.

    results: tensors that are wanted by themselves, and so must be computed by calls of their own
    """

    def __init__(self, calls: Sequence[Call], results: Sequence[Tensor]) -> None:
        self.calls = calls
        self.wanted = {id(owner_of(each)[0]) for each in results}
        self._makers: dict[tuple[int, int, int], Call] = {}
        self.readers: dict[int, list[int]] = {}
        for index, each in enumerate(calls):
            made = {id(result) for result in each.results}
            for operand in each.operands:
                owner, offset = owner_of(operand)
                if id(operand) in made:
                    self._makers[id(owner), offset, operand.size] = each
                else:
                    self.readers.setdefault(id(owner), []).append(index)

    def maker(self, tensor: Tensor) -> Call | None:
        """The call that makes all of this tensor, and nothing beside it in its memory, if there is one."""
        owner, offset = owner_of(tensor)
        return self._makers.get((id(owner), offset, tensor.size))

    def only_reader(self, tensor: Tensor, without: set[int]) -> int | None:
        """The place of the only call that reads what is at this tensor's memory, those at some places apart."""
        owner, _ = owner_of(tensor)
        if id(owner) in self.wanted or owner.storage is not None:
            return None
        found = set(self.readers.get(id(owner), ())) - without
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True)
class FusionRule:
    """Which kernel does what two do.

    first, second: the two kernels;  link: the operand of the second that is the first's first result, counted from 0
    fused: the kernel of both
    operands: from the two calls to the fused kernel's operands, results included; None if they do not go together
    between: whether other calls may stand between the two; then the second must read nothing else that is computed
    """

    first: Kernel
    second: Kernel
    link: int
    fused: Kernel
    operands: Callable[[Program, Call, Call], Sequence[Tensor] | None]
    between: bool = False


@dataclass(frozen=True)
class Fused:
    """A call that stands for two of a program, which are at the places `first` and `second`."""

    call: Call
    first: int
    second: int
    place: int


def _dense_relu(program: Program, first: Call, second: Call) -> Sequence[Tensor]:
    return *first.reads, second.result.reshape(*first.result.shape)


def _dense_relu_gradient(program: Program, first: Call, second: Call) -> Sequence[Tensor]:
    # The second kernel sees its operands as one row of numbers, the fused one as matrices.
    y, _ = second.reads
    shape = first.result.shape
    return *first.reads, y.reshape(*shape), second.result.reshape(*shape)


def _batch_norm_relu(program: Program, first: Call, second: Call) -> Sequence[Tensor]:
    _, *statistics = first.results
    return *first.reads, second.result.reshape(*first.results[0].shape), *statistics


def _batch_norm_relu_gradient(program: Program, first: Call, second: Call) -> Sequence[Tensor] | None:
    y, dy = first.reads
    activated = program.maker(y)
    normed = program.maker(activated.reads[0]) if activated is not None and activated.kernel is relu else None
    x, gamma, mean, scale, _ = second.reads
    if normed is None or normed.kernel is not batch_norm:
        return None
    if not all(map(_same, (x, gamma, mean, scale), (*normed.reads[:2], normed.results[1], normed.results[3]))):
        return None
    return x, gamma, normed.reads[2], mean, scale, dy.reshape(*x.shape), *second.results


def _relu_max_pool(program: Program, first: Call, second: Call) -> Sequence[Tensor]:
    x, *windows = second.reads
    return first.reads[0].reshape(*x.shape), *windows, *second.results


def _relu_max_pool_gradient(program: Program, first: Call, second: Call) -> Sequence[Tensor] | None:
    (place, dy, *windows), (activated, _) = first.reads, second.reads
    pooling = program.maker(place)
    if pooling is None or pooling.kernel is not max_pool or not _same(pooling.reads[0], activated):
        return None
    dx = second.result.reshape(*first.result.shape)
    return place, dy, pooling.results[0], *windows, dx


def _same(one: Tensor, other: Tensor) -> bool:
    (owner, offset), (second, further) = owner_of(one), owner_of(other)
    return owner is second and offset == further and one.size == other.size


RULES = (
    FusionRule(dense, relu, 0, dense_relu, _dense_relu),
    FusionRule(matmul_transposed_right, relu_gradient, 1, dense_relu_gradient, _dense_relu_gradient),
    FusionRule(relu_gradient, batch_norm_gradient, 4, batch_norm_relu_gradient, _batch_norm_relu_gradient),
    FusionRule(batch_norm, relu, 0, batch_norm_relu, _batch_norm_relu, between=True),
    FusionRule(max_pool_gradient, relu_gradient, 1, relu_max_pool_gradient, _relu_max_pool_gradient),
    FusionRule(relu, max_pool, 0, relu_max_pool, _relu_max_pool),
)
"""In the order in which they are tried: what comes earlier goes before what comes later."""


def fused_calls(calls: Sequence[Call], results: Sequence[Tensor]) -> list[Fused]:
    """Return the calls that can stand for two of a program.

    results: tensors that are wanted by themselves, and so must be computed by calls of their own
    """
    program = Program(calls, results)
    found: list[Fused] = []
    taken: set[int] = set()
    # Those that asked for a ReLU's result, and ask something else when they are fused.
    asked: set[int] = set()
    for rule in RULES:
        for index, first in enumerate(calls):
            if first.kernel is not rule.first or index in taken:
                continue
            joint = _fused(program, rule, index, taken, asked)
            if joint is not None:
                found.append(joint)
                taken |= {joint.first, joint.second}
                if rule.fused is relu_max_pool_gradient:
                    asked.add(joint.second)
    return found


def fuse(program: Sequence[Call], fused: Sequence[Fused]) -> list[Call]:
    """Return the calls of a program with pairs of them replaced by the calls that `fused_calls` found."""
    gone = {index for each in fused for index in (each.first, each.second)}
    instead = {each.place: each.call for each in fused}
    return [instead.get(index, each) for index, each in enumerate(program) if index not in gone or index in instead]


def _fused(program: Program, rule: FusionRule, index: int, taken: set[int], asked: set[int]) -> Fused | None:
    first = program.calls[index]
    between = first.results[0]
    behind = program.only_reader(between, asked)
    if behind is None or behind in taken or not index < behind <= index + 1 + (MOST_BETWEEN if rule.between else 0):
        return None
    second = program.calls[behind]
    if second.kernel is not rule.second or not _same(second.reads[rule.link], between):
        return None
    if first.block != second.block or first.skips or second.skips:
        return None
    operands = rule.operands(program, first, second)
    if operands is None:
        return None
    results = [each for each in (*second.results, *first.results) if each is not between]
    made = Call(rule.fused, operands, results, dict(second.integers))
    made.label, made.block = first.label, first.block
    return Fused(made, index, behind, index if rule.between else behind)
