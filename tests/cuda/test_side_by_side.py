"""Interpreter and code for a network are compiled at the same time: NVVM for one works beside NVVM for the other."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from lab.session.side_by_side import side_by_side
from tests.cuda.needs import needs_compiler

pytestmark = [needs_compiler, pytest.mark.cuda]

CAPABILITY = (9, 0)
PATIENCE = 60
"""Seconds after which one that waits for another gives up."""


def entry(number: int):
    from kernels.targets.cuda import primitives
    from kernels.targets.cuda.code_generation import generated

    assert primitives
    text = f"def entry(place):\n    numbers = float32_pointer(place)\n    numbers[0] = numbers[{number}]\n"
    return generated("entry", text, {}, plain=True)


def test_nvvm_works_for_two_threads_at_once(monkeypatch):
    from kernels.targets.cuda import compiler
    from kernels.targets.cuda.numba_cuda import part

    nvvm = part("cudadrv.nvvm")
    alone = [compiler.to_ptx(entry(number), CAPABILITY) for number in (3, 5)]
    usual, both = nvvm.compile_ir, threading.Barrier(2, timeout=PATIENCE)

    def compile_ir(*arguments, **options):
        both.wait()  # breaks if the other never comes
        return usual(*arguments, **options)

    monkeypatch.setattr(nvvm, "compile_ir", compile_ir)
    found = {}

    def work(number):
        def compile(progress):
            found[number] = compiler.to_ptx(entry(number), CAPABILITY)

        return compile

    side_by_side([work(3), work(5)], lambda *_: None)
    assert [found[3], found[5]] == alone
    assert nvvm.compile_ir is compile_ir


def test_what_is_left_is_told_of_all_together():
    """It is over when the last is."""
    told, turns = [], [threading.Event() for _ in range(4)]

    def first(progress):
        progress("rows", 1)
        turns[0].set()
        assert turns[1].wait(PATIENCE)
        progress("", 0)
        turns[2].set()

    def second(progress):
        assert turns[0].wait(PATIENCE)
        progress("kernels", 1)
        turns[1].set()
        assert turns[2].wait(PATIENCE)
        progress("", 0)

    side_by_side([first, second], lambda *each: told.append(each))
    assert told == [("rows", 1), ("kernels", 2), ("kernels", 1), ("", 0)]


def test_a_failure_is_raised_when_no_thread_is_left():
    over = []

    def fails(progress):
        progress("rows", 1)

    def goes_on(progress):
        progress("kernels", 1)
        over.append(True)

    def stop(name, left):
        if name == "rows":
            raise InterruptedError

    before = threading.active_count()
    with pytest.raises(InterruptedError):
        side_by_side([fails, goes_on], stop)
    assert over
    assert threading.active_count() == before


def test_compiling_loads_no_linear_algebra():
    """Which numba has of SciPy, and no kernel needs."""
    code = """
import sys
from tests.cuda.test_side_by_side import CAPABILITY, entry
from kernels.targets.cuda import compiler
compiler.to_ptx(entry(3), CAPABILITY)
print("scipy.linalg" in sys.modules)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
