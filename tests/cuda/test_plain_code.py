"""Plain generated code, translated without numba, does what Python does with it; what is not plain is refused."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from tests.cuda.needs import needs_compiler

pytestmark = [needs_compiler, pytest.mark.cuda]

CAPABILITY = (9, 0)

INTEGERS = """
def entry(place, a, b):
    numbers = int64_pointer(place)
    count = to_int32(0)
    small = to_int32(b)
    for i in range(to_int32(a), to_int32(a) + 20, 3):
        if i % 4 == 1 or i == 2:
            continue
        if count > 5 and i > 11:
            break
        numbers[count] = i // 8 * 100 + (i % 8) + (i // small) * 10000 + i % small
        count += 1
    turn = 0
    while True:
        turn = turn + 1
        if turn >= 7:
            break
        elif turn & 1 == 0:
            numbers[40 + turn] = min(turn, small) - max(3, turn << 2) + (turn >> 1)
        else:
            pass
    numbers[60] = count
    numbers[61] = a * b - 5
    done = count != 0
    numbers[62] = 1 if done and a < 0 else -1
    numbers[63] = (to_int32(7) + 2) * small
"""
REALS = """
def entry(place, count):
    numbers = view(float32_pointer(place), 0, (to_int32(4), to_int32(16)))
    flat = view(float32_pointer(place), 0, to_int32(64))
    within(flat, to_int32(count))
    last = flat[3] if flat[3] < flat[4] else flat[4]
    flat[60] = last / two
    first, second = load2(flat, 8)
    flat[61], flat[62] = second, first
    flat[63] = both(numbers)
"""
WITHIN = """
def within(array, count):
    at = pointer_into(array, 2)
    for i in range(count):
        at[i] = at[i] * two - at[i + 1]
"""


def run(text: str, memory: np.ndarray, *arguments: int, plain: bool = True, **names) -> np.ndarray:
    """What a compiled entry leaves in memory."""
    from kernels.targets.cuda import compiler, primitives
    from kernels.targets.cuda.code_generation import generated
    from tests.ptx_machine.machine import Machine

    assert primitives
    ptx, name = compiler.to_ptx(generated("entry", text, names, plain=plain), CAPABILITY)
    on = Machine(0)
    place = on.allocate(memory.nbytes)
    on.upload(place, memory)
    on.launch(on.load(ptx.encode(), name), 1, (1, 1), 64, [place, *arguments])
    found = np.empty_like(memory)
    on.download(found, place)
    return found


@pytest.mark.parametrize("a", [-17, -2, 0, 3, 30])
@pytest.mark.parametrize("b", [3, 7])
def test_whole_numbers(a, b):
    expected = np.zeros(64, np.int64)
    names = {"int64_pointer": lambda place: place, "to_int32": int}
    exec(INTEGERS, names)
    names["entry"](expected, a, b)
    np.testing.assert_array_equal(run(INTEGERS, np.zeros(64, np.int64), a, b), expected)


def test_arrays_tuples_and_what_is_called():
    from kernels.targets.cuda.code_generation import generated, on_device

    two = np.float32(2)
    names = {
        "two": two,
        "within": on_device(generated("within", WITHIN, {"two": two}, plain=True)),
        "both": on_device(generated("both", "def both(x):\n    return x[1, 2] + x[3, 0]\n", {})),
    }
    memory = np.random.default_rng(0).standard_normal(64, dtype=np.float32)
    expected = memory.copy()
    for i in range(5):
        expected[2 + i] = expected[2 + i] * two - expected[3 + i]
    expected[60] = min(expected[3], expected[4]) / two
    expected[61], expected[62] = expected[9], expected[8]
    expected[63] = expected[18] + expected[48]
    np.testing.assert_allclose(run(REALS, memory, 5, **names), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "line",
    [
        "x = unknown",
        "x = a ** 2",
        "x = [a]",
        "x, y = a",
        "x = to_int32(a) ; x = a",
        "x = a if a else 0",
        "x = a + two",
        "x = len(a)",
        "for i in a:\n        pass",
        "while a > 0:\n        pass",
        "return a",
    ],
)
def test_what_is_not_plain_is_refused(line):
    from kernels.targets.cuda import compiler
    from kernels.targets.cuda.code_generation import generated
    from kernels.targets.cuda.plain_expressions import NotPlain

    text = f"def entry(a):\n    {line}\n"
    assert ast.parse(text)
    with pytest.raises(NotPlain):
        compiler.to_ptx(generated("entry", text, {"two": np.float32(2)}, plain=True), CAPABILITY)
