"""Batch normalisation's passes in float32 vectors of channels, emitted as LLVM IR, a block of rows at a time.

Each pass reads its arrays once, so that memory is the limit: a block stays in the nearest cache while all of its
channels pass by; its sum and its squares come of one pass. What comes next is fetched meanwhile, a quarter of the time
of images that do not fit into the second-level cache. Sums of a block are kept in four vectors, since a sum has to
wait for the one before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from kernels import batch_norm
from kernels.batch_norm import BLOCK
from kernels.language import PRECISE
from kernels.targets.channel_code import ChannelCode
from kernels.targets.linked import linked
from kernels.targets.vector_code import FLOAT, ITEM, PLACE, READ, WORD, WRITE
from kernels.targets.views import intrinsic, numbers_at

ARRAYS = ("x", "dy", "gamma", "beta", "mean", "scale", "d_gamma", "d_beta", "y")
WORDS = ("rows", "channels", "examples", *ARRAYS)
UNROLLED = 4
AHEAD = 2048
"""Bytes by which what a pass reads or writes is fetched before its turn."""
FETCHED = {
    "columns": {"x": READ},
    "gradients": {"x": READ, "dy": READ},
    "normal": {"x": READ, "y": WRITE},
    "back": {"x": READ, "dy": READ, "y": WRITE},
}
"""What each kind of pass is the first to touch of a block, and for what."""


class NormCode(ChannelCode):
    """One pass over a block of rows; `examples` are those of the whole batch.

    rectified: with ReLU behind the normalisation
    """

    def __init__(self, module: ir.Module, name: str, kind: str, rectified: bool) -> None:
        self.kind, self.rectified = kind, rectified
        super().__init__(module, name, WORDS)

    def vector(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        """Emit this kind of pass for some channels."""
        passes = {
            "columns": self._columns,
            "deviations": self._deviations,
            "gradients": self._gradients,
            "normal": self._normal,
            "back": self._back,
        }
        return passes[self.kind](builder, offset, mask)

    def _at(self, builder: ir.IRBuilder, array: str, offset: ir.Value) -> ir.Value:
        return builder.gep(builder.inttoptr(self.given[array], PLACE), [offset])

    def _load(self, builder: ir.IRBuilder, array: str, offset: ir.Value, mask: ir.Value | None) -> ir.Value:
        return self.simd.load(builder, self._at(builder, array, offset), mask)

    def _add(
        self, builder: ir.IRBuilder, array: str, offset: ir.Value, mask: ir.Value | None, sums: list[ir.Value]
    ) -> None:
        """Add the sum of variables to an array."""
        a, b, c, d = (builder.load(each) for each in sums)
        total = builder.fadd(builder.fadd(a, b), builder.fadd(c, d))
        place = self._at(builder, array, offset)
        self.simd.store(builder, builder.fadd(self.simd.load(builder, place, mask), total), place, mask)

    def _sums(self, builder: ir.IRBuilder) -> list[ir.Value]:
        sums = [self.variable(builder, self.simd.kind) for _ in range(UNROLLED)]
        for each in sums:
            builder.store(self.simd.zeros, each)
        return sums

    def _rows(
        self, builder: ir.IRBuilder, offset: ir.Value, body: Callable[[ir.IRBuilder, ir.Value, int], None]
    ) -> ir.IRBuilder:
        """The body for each row: the distance of its channels from the array's beginning, and which sum is next."""
        distance = builder.mul(self.given["channels"], WORD(ITEM))

        def several(builder: ir.IRBuilder, number: ir.Value) -> ir.IRBuilder:
            at = builder.add(builder.mul(builder.mul(number, WORD(UNROLLED)), distance), offset)
            for turn in range(UNROLLED):
                further = builder.add(at, WORD(AHEAD))
                for array, purpose in FETCHED.get(self.kind, {}).items():
                    self.simd.fetch(builder, self._at(builder, array, further), purpose, lines=1)
                body(builder, at, turn)
                at = builder.add(at, distance)
            return builder

        groups = builder.udiv(self.given["rows"], WORD(UNROLLED))
        builder = self.loop(builder, groups, several)
        done = builder.mul(groups, WORD(UNROLLED))

        def single(builder: ir.IRBuilder, number: ir.Value) -> ir.IRBuilder:
            body(builder, builder.add(builder.mul(builder.add(done, number), distance), offset), 0)
            return builder

        return self.loop(builder, builder.sub(self.given["rows"], done), single)

    def _columns(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        sums = self._sums(builder)

        def row(builder: ir.IRBuilder, at: ir.Value, turn: int) -> None:
            builder.store(builder.fadd(builder.load(sums[turn]), self._load(builder, "x", at, mask)), sums[turn])

        builder = self._rows(builder, offset, row)
        self._add(builder, "y", offset, mask, sums)
        return builder

    def _deviations(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        sums, mean = self._sums(builder), self._load(builder, "mean", offset, mask)

        def row(builder: ir.IRBuilder, at: ir.Value, turn: int) -> None:
            deviation = builder.fsub(self._load(builder, "x", at, mask), mean)
            builder.store(self.simd.fma(builder, deviation, deviation, builder.load(sums[turn])), sums[turn])

        builder = self._rows(builder, offset, row)
        self._add(builder, "y", offset, mask, sums)
        return builder

    def _gradients(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        to_gamma, to_beta, mean = self._sums(builder), self._sums(builder), self._load(builder, "mean", offset, mask)
        active = self._active(builder, offset, mask)

        def row(builder: ir.IRBuilder, at: ir.Value, turn: int) -> None:
            deviation = builder.fsub(self._load(builder, "x", at, mask), mean)
            d = active(builder, self._load(builder, "dy", at, mask), deviation)
            builder.store(builder.fadd(builder.load(to_beta[turn]), d), to_beta[turn])
            builder.store(self.simd.fma(builder, d, deviation, builder.load(to_gamma[turn])), to_gamma[turn])

        builder = self._rows(builder, offset, row)
        self._add(builder, "d_gamma", offset, mask, to_gamma)
        self._add(builder, "d_beta", offset, mask, to_beta)
        return builder

    def _factor(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.Value:
        return builder.fmul(self._load(builder, "gamma", offset, mask), self._load(builder, "scale", offset, mask))

    def _active(
        self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None
    ) -> Callable[[ir.IRBuilder, ir.Value, ir.Value], ir.Value]:
        """From what comes back and the deviation to what goes through ReLU, where that is not left out."""
        if not self.rectified:
            return lambda builder, d, deviation: d
        factor, beta = self._factor(builder, offset, mask), self._load(builder, "beta", offset, mask)

        def through(builder: ir.IRBuilder, d: ir.Value, deviation: ir.Value) -> ir.Value:
            y = self.simd.fma(builder, deviation, factor, beta)
            return builder.select(builder.fcmp_ordered(">", y, self.simd.zeros), d, self.simd.zeros)

        return through

    def _normal(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        factor = self._factor(builder, offset, mask)
        mean, beta = self._load(builder, "mean", offset, mask), self._load(builder, "beta", offset, mask)

        def row(builder: ir.IRBuilder, at: ir.Value, turn: int) -> None:
            deviation = builder.fsub(self._load(builder, "x", at, mask), mean)
            y = self.simd.fma(builder, deviation, factor, beta)
            if self.rectified:
                y = builder.select(builder.fcmp_unordered(">", y, self.simd.zeros), y, self.simd.zeros)
            self.simd.store(builder, y, self._at(builder, "y", at), mask)

        return self._rows(builder, offset, row)

    def _back(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        factor, mean = self._factor(builder, offset, mask), self._load(builder, "mean", offset, mask)
        examples = self.simd.same(builder, builder.sitofp(self.given["examples"], FLOAT), FLOAT)
        share = builder.fdiv(factor, examples)
        minus = builder.fsub(self.simd.zeros, builder.fmul(share, self._load(builder, "d_beta", offset, mask)))
        slope = builder.fmul(share, builder.fmul(
            self._load(builder, "scale", offset, mask), self._load(builder, "d_gamma", offset, mask)
        ))  # fmt: skip
        slope = builder.fsub(self.simd.zeros, slope)
        active = self._active(builder, offset, mask)

        def row(builder: ir.IRBuilder, at: ir.Value, turn: int) -> None:
            deviation = builder.fsub(self._load(builder, "x", at, mask), mean)
            through = self.simd.fma(builder, deviation, slope, minus)
            d = active(builder, self._load(builder, "dy", at, mask), deviation)
            d = self.simd.fma(builder, d, factor, through)
            self.simd.store(builder, d, self._at(builder, "y", at), mask)

        return self._rows(builder, offset, row)


def _pass(kind: str, rectified: bool = False) -> Any:
    @intrinsic
    def block(typing, rows, channels, examples, x, dy, gamma, beta, mean, scale, d_gamma, d_beta, y):
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            name, module = f"norm_{kind}{'_relu' * rectified}", builder.module
            function = module.globals.get(name) or NormCode(module, name, kind, rectified).function
            builder.call(function, arguments)
            return context.get_dummy_value()

        return types.void(*[types.intp] * len(WORDS)), generate

    return block


add_columns, _add_deviations, _add_gradients = _pass("columns"), _pass("deviations"), _pass("gradients")
_normal, _back = _pass("normal"), _pass("back")
_normal_relu, _back_relu, _add_gradients_relu = _pass("normal", True), _pass("back", True), _pass("gradients", True)


@linked
def clear(totals: Any, count: Any) -> None:
    """Write zeros."""
    numbers = numbers_at(totals, count)
    for c in range(count):
        numbers[c] = np.float32(0)


@linked
def rows_of_block(H: Any) -> Any:
    """Choose how many rows of H numbers are summed up at a time."""
    return max(BLOCK // H, 8)


@linked(fastmath=set(PRECISE))
def join_blocks(x: Any, begin: Any, end: Any, H: Any, mean: Any, variance: Any, own: Any) -> None:
    """Let rows of x join the mean of those before them, and the sum of their squared deviations: of a block after the
    other, its mean and its deviations from that.

    begin, end: which rows; blocks begin at multiples of `rows_of_block`;  own: room for a block's mean
    Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983.
    """
    rows = rows_of_block(H)
    means, squares, middles = numbers_at(mean, H), numbers_at(variance, H), numbers_at(own, H)
    for r in range(begin, end, rows):
        count, at = min(rows, end - r), x + r * H * ITEM
        clear(own, H)
        add_columns(count, H, 0, at, 0, 0, 0, 0, 0, 0, 0, own)
        share = np.float32(1) / np.float32(count)
        for c in range(H):
            middles[c] *= share
        _add_deviations(count, H, 0, at, 0, 0, 0, own, 0, 0, 0, variance)
        weight = np.float32(count) / np.float32(r + count)
        between = np.float32(r) * weight
        for c in range(H):
            further = middles[c] - means[c]
            means[c] += weight * further
            squares[c] += between * (further * further)


@linked(fastmath=set(PRECISE))
def finish_statistics(B: Any, H: Any, epsilon: Any, variance: Any, scale: Any) -> None:
    """Turn sums of squared deviations of B rows into variance and scale = 1 / √(variance + epsilon)."""
    share = np.float32(1) / np.float32(B)
    variances, scales = numbers_at(variance, H), numbers_at(scale, H)
    for c in range(H):
        variances[c] *= share
        scales[c] = np.float32(1) / np.sqrt(variances[c] + epsilon)


@batch_norm.batch_statistics.on("cpu", "float32")
def _batch_statistics(x, epsilon, mean, variance, scale, thread, threads):
    """In one pass: a block's mean, and its deviations from that, join those of the blocks before it."""
    B, H = x.shape
    clear(mean.ctypes.data, H)
    clear(variance.ctypes.data, H)
    # For the time being, `scale` has a block's mean.
    join_blocks(x.ctypes.data, 0, B, H, mean.ctypes.data, variance.ctypes.data, scale.ctypes.data)
    finish_statistics(B, H, epsilon[0], variance.ctypes.data, scale.ctypes.data)


@batch_norm.sum_gradients.on("cpu", "float32")
def _sum_gradients(x, gamma, beta, mean, scale, dy, d_gamma, d_beta, rectified, thread, threads):
    B, H = x.shape
    rows = rows_of_block(H)
    to_gamma, to_beta = d_gamma.ctypes.data, d_beta.ctypes.data
    clear(to_gamma, H)
    clear(to_beta, H)
    for r in range(0, B, rows):
        at, back = x.ctypes.data + r * H * ITEM, dy.ctypes.data + r * H * ITEM
        count, middle = min(rows, B - r), mean.ctypes.data
        if rectified:
            _add_gradients_relu(
                count, H, B, at, back, gamma.ctypes.data, beta.ctypes.data, middle, scale.ctypes.data, to_gamma,
                to_beta, 0,
            )  # fmt: skip
        else:
            _add_gradients(count, H, B, at, back, 0, 0, middle, 0, to_gamma, to_beta, 0)
    for c in range(H):
        d_gamma[c] *= scale[c]


@batch_norm.normalise.on("cpu", "float32")
def _normalise(x, gamma, beta, mean, scale, y, rectified, thread, threads):
    B, H = x.shape
    rows = rows_of_block(H)
    for r in range(0, B, rows):
        distance = r * H * ITEM
        if rectified:
            _normal_relu(
                min(rows, B - r), H, B, x.ctypes.data + distance, 0, gamma.ctypes.data, beta.ctypes.data,
                mean.ctypes.data, scale.ctypes.data, 0, 0, y.ctypes.data + distance,
            )  # fmt: skip
        else:
            _normal(
                min(rows, B - r), H, B, x.ctypes.data + distance, 0, gamma.ctypes.data, beta.ctypes.data,
                mean.ctypes.data, scale.ctypes.data, 0, 0, y.ctypes.data + distance,
            )  # fmt: skip


@batch_norm.normalise_back.on("cpu", "float32")
def _normalise_back(x, gamma, beta, mean, scale, dy, d_gamma, d_beta, dx, rectified, thread, threads):
    B, H = x.shape
    rows = rows_of_block(H)
    for r in range(0, B, rows):
        distance = r * H * ITEM
        if rectified:
            _back_relu(
                min(rows, B - r), H, B, x.ctypes.data + distance, dy.ctypes.data + distance, gamma.ctypes.data,
                beta.ctypes.data, mean.ctypes.data, scale.ctypes.data, d_gamma.ctypes.data, d_beta.ctypes.data,
                dx.ctypes.data + distance,
            )  # fmt: skip
        else:
            _back(
                min(rows, B - r), H, B, x.ctypes.data + distance, dy.ctypes.data + distance, gamma.ctypes.data, 0,
                mean.ctypes.data, scale.ctypes.data, d_gamma.ctypes.data, d_beta.ctypes.data, dx.ctypes.data + distance,
            )  # fmt: skip
