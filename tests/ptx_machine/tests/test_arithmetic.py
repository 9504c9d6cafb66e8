"""What instructions compute, against Python's whole numbers and fractions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.ptx_machine.machine import Machine
from tests.ptx_machine.snippets import snippet

pytestmark = pytest.mark.cuda

REGISTERS = {"b32": "%r", "b64": "%rd", "f32": "%f", "f64": "%fd"}
NUMPY = {"b32": np.uint32, "b64": np.uint64, "f32": np.float32, "f64": np.float64}
few = settings(max_examples=30, deadline=None)


def wrapped(value: int, bits: int = 32) -> int:
    return value % (1 << bits)


def signed(value: int, bits: int = 32) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


@functools.cache
def program(text: str, result: str, operands: tuple[str, ...]):
    """An instruction on operands that stand one after the other in memory, eight bytes each."""
    loads = "".join(
        f"ld.global.{kind} {REGISTERS[kind]}{index + 4}, [%rd0+{8 * index}];\n" for index, kind in enumerate(operands)
    )
    return snippet(f"{loads}{text}\nst.global.{result} [%rd0], {REGISTERS[result]}8;")


def computed(text: str, result: str, operands: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    """The result, in register 8, of an instruction whose operands are in registers from 4 on."""
    words = np.zeros(len(values), np.uint64)
    for index, (kind, value) in enumerate(zip(operands, values, strict=True)):
        words[index : index + 1].view(NUMPY[kind])[0] = value
    machine = Machine()
    address = machine.allocate(words.nbytes)
    machine.upload(address, words)
    machine.launch(program(text, result, operands), 1, (1, 1), 0, (address,))
    machine.download(words, address)
    return words[:1].view(NUMPY[result])[0]


def divided(x: int, y: int) -> int:
    """Towards zero."""
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


WHOLE: dict[str, Callable[..., int]] = {
    "add.s32 %r8, %r4, %r5;": lambda x, y: x + y,
    "sub.s32 %r8, %r4, %r5;": lambda x, y: x - y,
    "mul.lo.s32 %r8, %r4, %r5;": lambda x, y: x * y,
    "mul.hi.u32 %r8, %r4, %r5;": lambda x, y: x * y >> 32,
    "mul.hi.s32 %r8, %r4, %r5;": lambda x, y: signed(x) * signed(y) >> 32,
    "mad.lo.s32 %r8, %r4, %r5, %r4;": lambda x, y: x * y + x,
    "div.s32 %r8, %r4, %r5;": lambda x, y: divided(signed(x), signed(y)) if y else -1,
    "div.u32 %r8, %r4, %r5;": lambda x, y: x // y if y else -1,
    "rem.s32 %r8, %r4, %r5;": lambda x, y: signed(x) - divided(signed(x), signed(y)) * signed(y) if y else 0,
    "rem.u32 %r8, %r4, %r5;": lambda x, y: x % y if y else 0,
    "and.b32 %r8, %r4, %r5;": lambda x, y: x & y,
    "or.b32 %r8, %r4, %r5;": lambda x, y: x | y,
    "xor.b32 %r8, %r4, %r5;": lambda x, y: x ^ y,
    "not.b32 %r8, %r4;": lambda x, y: ~x,
    "neg.s32 %r8, %r4;": lambda x, y: -x,
    "abs.s32 %r8, %r4;": lambda x, y: abs(signed(x)),
    "min.s32 %r8, %r4, %r5;": lambda x, y: min(signed(x), signed(y)),
    "max.u32 %r8, %r4, %r5;": max,
    "shl.b32 %r8, %r4, %r5;": lambda x, y: x << min(y, 32),
    "shr.u32 %r8, %r4, %r5;": lambda x, y: x >> min(y, 32),
    "shr.s32 %r8, %r4, %r5;": lambda x, y: signed(x) >> min(y, 31),
    "clz.b32 %r8, %r4;": lambda x, y: 32 - x.bit_length(),
    "popc.b32 %r8, %r4;": lambda x, y: x.bit_count(),
    "bfi.b32 %r8, %r4, %r5, 4, 9;": lambda x, y: (x & 511) << 4 | y & ~(511 << 4),
    "prmt.b32 %r8, %r4, %r5, 4180;": lambda x, y: y & 0xFFFF | (x & 0xFFFF) << 16,
    "prmt.b32 %r8, %r4, %r5, 32771;": lambda x, y: (
        x >> 24 | (x & 255) << 8 | (x & 255) << 16 | (255 << 24) * (x >> 7 & 1)
    ),
    "cvt.u16.u32 %rs1, %r4;\ncvt.u16.u32 %rs2, %r5;\nmov.b32 %r8, {%rs1, %rs2};": lambda x, y: x & 0xFFFF | y << 16,
    "mov.b32 {%rs1, %rs2}, %r4;\nmov.b32 %r8, {%rs2, %rs1};": lambda x, y: x >> 16 | x << 16,
    "dp2a.lo.u32.u32 %r8, %r4, %r5, 3;": lambda x, y: (x & 0xFFFF) * (y & 255) + (x >> 16) * (y >> 8 & 255) + 3,
    "dp2a.hi.s32.u32 %r8, %r4, %r5, %r4;": lambda x, y: (
        signed(x << 16 & 0xFFFFFFFF) // 65536 * (y >> 16 & 255) + signed(x) // 65536 * (y >> 24) + x
    ),
    "setp.lt.s32 %p1, %r4, %r5;\nselp.b32 %r8, 1, 0, %p1;": lambda x, y: signed(x) < signed(y),
    "setp.lt.u32 %p1, %r4, %r5;\nselp.b32 %r8, 1, 0, %p1;": lambda x, y: x < y,
    "setp.hs.u32 %p1, %r4, %r5;\n@!%p1 mov.u32 %r4, 7;\nmov.u32 %r8, %r4;": lambda x, y: x if x >= y else 7,
    "add.cc.u32 %r6, %r4, %r5;\naddc.u32 %r8, %r4, 0;": lambda x, y: x + (x + y >> 32),
    "sub.cc.u32 %r6, %r4, %r5;\nsubc.u32 %r8, %r4, 0;": lambda x, y: x - (x < y),
    "mad.lo.cc.u32 %r6, %r4, %r5, %r5;\nmadc.hi.u32 %r8, %r4, %r5, 0;": lambda x, y: x * y + y >> 32,
}

words = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 31, 32, 33, 2**31 - 1, 2**31, 2**32 - 1]))


@pytest.mark.parametrize("text", WHOLE)
@few
@given(x=words, y=words)
def test_whole_numbers(text, x, y):
    assert computed(text, "b32", ("b32", "b32"), (x, y)) == wrapped(int(WHOLE[text](x, y)))


WIDENED: dict[str, Callable[[int], int]] = {
    "cvt.s64.s32 %rd8, %r4;": signed,
    "cvt.u64.u32 %rd8, %r4;": lambda x: x,
    "mul.wide.s32 %rd8, %r4, -3;": lambda x: signed(x) * -3,
    "mul.wide.u32 %rd8, %r4, 5;": lambda x: x * 5,
    "mad.wide.s32 %rd8, %r4, 3, -1;": lambda x: signed(x) * 3 - 1,
    "mov.b64 %rd8, {%r4, %r4};": lambda x: x << 32 | x,
    "mul.wide.u32 %rd5, %r4, %r4;\nmov.b64 {%r5, %r6}, %rd5;\ncvt.u64.u32 %rd8, %r6;": lambda x: x * x >> 32,
    "cvt.u64.u32 %rd5, %r4;\nshl.b64 %rd8, %rd5, 40;": lambda x: x << 40,
}


@pytest.mark.parametrize("text", WIDENED)
@few
@given(x=words)
def test_wider_numbers(text, x):
    assert computed(text, "b64", ("b32",), (x,)) == wrapped(WIDENED[text](x), 64)


def rounded(exact: Fraction, way: str) -> float:
    """The float32 that is nearest (of two, the one whose last digit is even), below, above, or nearer to zero."""
    near = np.float32(float(exact))  # by way of float64: the right one, or one beside it
    found = [near, *(np.nextafter(near, np.float32(end)) for end in (-np.inf, np.inf))]
    if way == "rz":
        way = "rm" if exact > 0 else "rp"
    if way == "rm":
        return float(max(each for each in found if Fraction(float(each)) <= exact))
    if way == "rp":
        return float(min(each for each in found if Fraction(float(each)) >= exact))
    return float(min(found, key=lambda each: (abs(Fraction(float(each)) - exact), int(each.view(np.uint32)) & 1)))


singles = st.floats(-(2.0**50), 2.0**50, width=32).filter(lambda each: each == 0 or abs(each) > 1e-12)


@pytest.mark.parametrize("way", ["rn", "rm", "rz"])
@few
@given(x=singles, y=singles, z=singles)
@example(x=4097.0, y=4097.0, z=2.0**-39)  # in float64 it lies in the middle between two, and is above it
def test_fused_multiplication_rounds_once(way, x, y, z):
    found = computed(f"fma.{way}.f32 %f8, %f4, %f5, %f6;", "f32", ("f32",) * 3, (x, y, z))
    assert found == rounded(Fraction(x) * Fraction(y) + Fraction(z), way)


@pytest.mark.parametrize("way", ["rn", "rm", "rz"])
@few
@given(x=singles, y=singles)
def test_sums_round_as_they_are_told(way, x, y):
    found = computed(f"add.{way}.f32 %f8, %f4, %f5;", "f32", ("f32",) * 2, (x, y))
    assert found == rounded(Fraction(x) + Fraction(y), way)


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("text", "values", "right"),
    [
        ("min.f32 %f8, %f4, %f5;", (NAN, 2.0), 2.0),
        ("max.f32 %f8, %f4, %f5;", (2.0, NAN), 2.0),
        ("max.f32 %f8, %f4, %f5;", (NAN, NAN), NAN),
        ("min.f32 %f8, %f4, %f5;", (0.0, -0.0), -0.0),
        ("max.f32 %f8, %f4, %f5;", (-0.0, 0.0), 0.0),
        ("max.f32 %f8, %f4, %f5;", (3.0, -4.0), 3.0),
        ("copysign.f32 %f8, %f4, %f5;", (-1.0, 5.0), -5.0),
        ("neg.f32 %f8, %f4;", (0.0, 0.0), -0.0),
        ("abs.f32 %f8, %f4;", (-2.5, 0.0), 2.5),
        ("cvt.sat.f32.f32 %f8, %f4;", (1.5, 0.0), 1.0),
        ("cvt.sat.f32.f32 %f8, %f4;", (NAN, 0.0), 0.0),
        ("cvt.rni.f32.f32 %f8, %f4;", (2.5, 0.0), 2.0),
        ("cvt.rmi.f32.f32 %f8, %f4;", (-2.5, 0.0), -3.0),
        ("cvt.rzi.f32.f32 %f8, %f4;", (-2.5, 0.0), -2.0),
        ("ex2.approx.ftz.f32 %f8, %f4;", (-140.0, 0.0), 0.0),
        ("ex2.approx.f32 %f8, %f4;", (-3.0, 0.0), 0.125),
        ("lg2.approx.f32 %f8, %f4;", (8.0, 0.0), 3.0),
        ("rcp.approx.ftz.f32 %f8, %f4;", (1e-40, 0.0), INF),
        ("rcp.rn.f32 %f8, %f4;", (4.0, 0.0), 0.25),
        ("div.full.f32 %f8, %f4, %f5;", (3.0, 4.0), 0.75),
        ("sqrt.rn.f32 %f8, %f4;", (6.25, 0.0), 2.5),
        ("rsqrt.approx.f32 %f8, %f4;", (4.0, 0.0), 0.5),
        ("mov.f32 %f8, 0f3F800000;", (0.0, 0.0), 1.0),
        ("setp.ne.f32 %p1, %f4, %f5;\nselp.f32 %f8, %f4, %f5, %p1;", (NAN, 1.0), 1.0),
        ("setp.neu.f32 %p1, %f4, %f5;\nselp.f32 %f8, %f4, %f5, %p1;", (NAN, 1.0), NAN),
        ("setp.ltu.f32 %p1, %f4, %f5;\nselp.f32 %f8, %f4, %f5, %p1;", (2.0, 1.0), 1.0),
        ("setp.nan.f32 %p1, %f4, %f5;\nselp.f32 %f8, %f4, %f5, %p1;", (1.0, NAN), 1.0),
        ("cvt.f64.f32 %fd4, %f4;\nadd.f64 %fd4, %fd4, 0d3E112E0BE826D695;\ncvt.rn.f32.f64 %f8, %fd4;", (1.0, 0.0), 1.0),
    ],
)
def test_special_numbers(text, values, right):
    found = computed(text, "f32", ("f32", "f32"), values)
    np.testing.assert_array_equal(found, right)
    assert np.signbit(found) == np.signbit(right) or math.isnan(right)


@pytest.mark.parametrize(
    ("text", "value", "right"),
    [
        ("cvt.rzi.s32.f32 %r8, %f4;", -2.75, -2),
        ("cvt.rni.s32.f32 %r8, %f4;", 3.5, 4),
        ("cvt.rzi.s32.f32 %r8, %f4;", 1e20, 2**31 - 1),
        ("cvt.rzi.s32.f32 %r8, %f4;", -INF, -(2**31)),
        ("cvt.rzi.u32.f32 %r8, %f4;", -1.0, 0),
        ("cvt.rzi.s32.f32 %r8, %f4;", NAN, 0),
        ("cvt.f64.f32 %fd4, %f4;\ncvt.rzi.s32.f64 %r8, %fd4;", NAN, -(2**31)),
        ("cvt.rzi.s64.f32 %rd4, %f4;\nshr.s64 %rd4, %rd4, 32;\ncvt.u32.u64 %r8, %rd4;", NAN, -(2**31)),
        ("cvt.rzi.s32.f32 %r8, %f4;\ncvt.rn.f32.s32 %f5, %r8;\nmov.b32 %r8, %f5;", -2.0, -(2**30)),
    ],
)
def test_whole_from_floating_numbers(text, value, right):
    assert computed(text, "b32", ("f32",), (value,)) == wrapped(right)
