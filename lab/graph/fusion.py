"""Fusion: one kernel does what several do one after the other.

A call can be fused with one behind it if that reads its result, at the same place of memory, and nobody else in the
program does. A plan has its rows in both forms: one by one, as people read them, and fused, as they run: each pass over
memory less is time won, and on a GPU a row of a small net costs more time than its arithmetic. A fused kernel computes
the same numbers as those that it stands for, to the bit, but for a sum that it adds up in another order
(`kernels.pooled_convolution`). It is checked like any other, and may be fused again with what stands behind it.

On the way back ReLU asks its result where it was active. What came of the pooling behind it, or stood before it, says
the same; so the ways back are fused first, and then nobody asks for ReLU's result any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kernels import convolution_norm, convolution_pooling, winograd
from kernels.batch_norm import batch_norm, batch_norm_gradient
from kernels.batch_norm_relu import batch_norm_relu, batch_norm_relu_gradient
from kernels.convolution import convolution, convolution_weight_gradient
from kernels.convolution_norm import convolution_batch_norm
from kernels.convolution_pooling import convolution_relu_max_pool
from kernels.dense_relu import dense_relu, dense_relu_gradient
from kernels.language import Kernel
from kernels.matrix import dense, matmul_transposed_right
from kernels.pooled_convolution import KERNELS, pooled_weight_gradient
from kernels.pooling import max_pool, max_pool_gradient
from kernels.relu import relu, relu_gradient
from kernels.relu_pooling import relu_max_pool, relu_max_pool_gradient
from lab.graph.devices import on_gpu
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
            for declared, operand in zip(each.kernel.operands, each.operands, strict=True):
                owner, offset = owner_of(operand)
                # A fused call's operands may be views of its results.
                if id(operand) in made or (declared.written and not declared.updated):
                    self._makers[id(owner), offset, operand.size] = each
                else:
                    self.readers.setdefault(id(owner), []).append(index)

    def maker(self, tensor: Tensor) -> Call | None:
        """The call that makes all of this tensor, and nothing beside it in its memory, if there is one."""
        owner, offset = owner_of(tensor)
        return self._makers.get((id(owner), offset, tensor.size))

    def readers_of(self, tensor: Tensor) -> list[int]:
        """The places of the calls that read what is at this tensor's memory, in their order."""
        return sorted(set(self.readers.get(id(owner_of(tensor)[0]), ())))

    def is_kept(self, tensor: Tensor) -> bool:
        """Whether somebody may want a tensor who is no call of this program."""
        owner, _ = owner_of(tensor)
        return id(owner) in self.wanted or owner.storage is not None


@dataclass(frozen=True)
class FusionRule:
    """Which kernel does what two do.

    first, second: the two kernels;  link: the operand of the second that is the first's first result, counted from 0
    fused: the kernel of both
    operands: from the two calls to the fused kernel's operands, results included; None if they do not go together
    between: whether other calls may stand between the two; then the second must read nothing else that is computed
    shared: whether it is worth while even if others read what is between; then the first call stays, too
    keeps: whether the fused kernel writes what is between, so that others may read it
    integers: what the fused kernel is given beside the integers of the two
    """

    first: Kernel
    second: Kernel
    link: int
    fused: Kernel
    operands: Callable[[Program, Call, Call], Sequence[Tensor] | None]
    between: bool = False
    shared: bool = False
    keeps: bool = False
    integers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Fused:
    """A call that stands at one place of a program for those at the places `parts`."""

    call: Call
    parts: tuple[int, ...]
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


def _pooled_weight_gradient(program: Program, first: Call, second: Call) -> Sequence[Tensor] | None:
    from kernels.targets.vector_code import HAS_AVX512

    (place, dy, y, *windows), sizes = first.reads, second.extents
    P, Q = sizes["P"], sizes["Q"]
    if not HAS_AVX512 or (P, Q) not in KERNELS or not _is_plain(second) or not _pooled_in_pairs(second, windows):
        return None
    if winograd.suits(P, Q, 1, 1, 1, 1, 1, sizes["C"], sizes["D"], sizes["I"], sizes["J"]):
        return None
    return second.reads[0], place, dy, y, *second.results


def _convolution_relu_max_pool(program: Program, first: Call, second: Call) -> Sequence[Tensor] | None:
    from kernels.targets.window_code import AVAILABLE

    fits = convolution_pooling.suits(*(first.extents[each] for each in "PQCDJ"))
    if not AVAILABLE or not fits or not _is_plain(first) or not _pooled_in_pairs(first, second.reads[1:]):
        return None
    return *first.reads, *second.results


def _convolution_batch_norm(program: Program, first: Call, second: Call) -> Sequence[Tensor] | None:
    sizes = first.extents
    if on_gpu() or not convolution_norm.suits(*(sizes[each] for each in "BIJD")):
        return None
    y, (normal, *statistics) = first.result, second.results
    return *first.reads, *second.reads[1:], y, normal.reshape(*y.shape), *statistics


def _is_plain(made: Call) -> bool:
    """Whether a convolution's windows are side by side, without gaps inside, and see all channels."""
    return all(made.integers[each] == 1 for each in ("stride_y", "stride_x", "dilation_y", "dilation_x", "groups"))


def _pooled_in_pairs(made: Call, windows: Sequence[Tensor]) -> bool:
    """Whether a convolution's results are pooled by windows of 2×2 side by side."""
    row_begin, row_end, column_begin, column_end = windows
    rows, columns = made.extents["I"], made.extents["J"]
    return _are_pairs(row_begin, row_end, rows) and _are_pairs(column_begin, column_end, columns)


def _are_pairs(begin: Tensor, end: Tensor, extent: int) -> bool:
    """Whether windows have two pixels each, side by side, and leave out one of so many at most, the last."""
    numbers = []
    for each in (begin, end):
        storage = owner_of(each)[0].storage
        if storage is None or storage.kind != "constants" or storage.initial is None:
            return False
        numbers.append(storage.initial.ravel())
    first = 2 * np.arange(extent // 2)
    return np.array_equal(numbers[0], first) and np.array_equal(numbers[1], first + 2)


def _same(one: Tensor, other: Tensor) -> bool:
    (owner, offset), (second, further) = owner_of(one), owner_of(other)
    return owner is second and offset == further and one.size == other.size


RULES = (
    FusionRule(dense, relu, 0, dense_relu, _dense_relu),
    FusionRule(matmul_transposed_right, relu_gradient, 1, dense_relu_gradient, _dense_relu_gradient),
    FusionRule(relu_gradient, batch_norm_gradient, 4, batch_norm_relu_gradient, _batch_norm_relu_gradient),
    FusionRule(batch_norm, relu, 0, batch_norm_relu, _batch_norm_relu, between=True),
    FusionRule(max_pool_gradient, relu_gradient, 1, relu_max_pool_gradient, _relu_max_pool_gradient),
    FusionRule(
        relu_max_pool_gradient, convolution_weight_gradient, 1, pooled_weight_gradient, _pooled_weight_gradient,
        shared=True,
    ),
    FusionRule(relu, max_pool, 0, relu_max_pool, _relu_max_pool),
    *(
        FusionRule(
            convolution, norm, 0, convolution_batch_norm, _convolution_batch_norm, keeps=True,
            integers=(("rectified", rectified),),
        )
        for norm, rectified in ((batch_norm, 0), (batch_norm_relu, 1))
    ),
    FusionRule(convolution, relu_max_pool, 0, convolution_relu_max_pool, _convolution_relu_max_pool),
)  # fmt: skip
"""In the order in which they are tried: what comes earlier goes before what comes later."""


def fused_calls(calls: Sequence[Call], results: Sequence[Tensor]) -> list[Fused]:
    """Return the calls that can stand for several of a program.

    results: tensors that are wanted by themselves, and so must be computed by calls of their own
    """
    found = [Fused(each, (index,), index) for index, each in enumerate(calls)]
    for rule in RULES:
        if any(each.call.kernel is rule.first for each in found):
            found = _applied(rule, Program([each.call for each in found], results), found)
    return [each for each in found if each.call is not calls[each.place]]


def fuse(program: Sequence[Call], fused: Sequence[Fused]) -> list[Call]:
    """Return the calls of a program with some of them replaced by the calls that `fused_calls` found."""
    gone = {index for each in fused for index in each.parts}
    instead = {each.place: each.call for each in fused}
    return [instead.get(index, each) for index, each in enumerate(program) if index not in gone or index in instead]


def _applied(rule: FusionRule, program: Program, found: Sequence[Fused]) -> list[Fused]:
    """The calls of a program, some of which may be fused already, after those that a rule fuses."""
    after: list[Fused | None] = list(found)
    for index, first in enumerate(found):
        if first.call.kernel is not rule.first:
            continue
        between = first.call.results[0]
        readers = program.readers_of(between)
        alone = rule.keeps or (len(readers) == 1 and not program.is_kept(between))
        reach = index + 1 + (MOST_BETWEEN if rule.between else 0)
        if not readers or not (alone or rule.shared) or not index < readers[0] <= reach:
            continue
        second = found[readers[0]]
        call = _fused(program, rule, first.call, second.call)
        if call is None:
            continue
        parts = (*first.parts, *second.parts) if alone else second.parts
        if rule.between:
            after[index], after[readers[0]] = Fused(call, parts, first.place), None
        else:
            after[readers[0]] = Fused(call, parts, second.place)
            if alone:
                after[index] = None
    return [each for each in after if each is not None]


def _fused(program: Program, rule: FusionRule, first: Call, second: Call) -> Call | None:
    between = first.results[0]
    if second.kernel is not rule.second or not _same(second.reads[rule.link], between):
        return None
    if first.block != second.block or first.skips or second.skips:
        return None
    operands = rule.operands(program, first, second)
    if operands is None:
        return None
    results = [each for each in (*second.results, *first.results) if rule.keeps or each is not between]
    integers = first.integers | second.integers | dict(rule.integers)
    made = Call(rule.fused, operands, results, {name: integers[name] for name in rule.fused.integers})
    made.label, made.block = first.label, first.block
    return made
