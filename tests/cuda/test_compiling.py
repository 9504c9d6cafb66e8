"""Every kernel compiles for GPUs, alone and as part of the interpreter; no GPU is needed for that.

For the newest one `test_compiled_kernels.py` compiles them and runs them; here those in which most of the time goes,
and an interpreter of many, are assembled for the oldest one, which knows least. All of them, for others in between, and
in float64, are assembled under the mark `verify`.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import re
from collections.abc import Callable

import pytest

from kernels.language import Kernel
from kernels.targets.cuda.driver import OLDEST_CAPABILITY
from kernels.targets.cuda.driver_answers import DeviceProblem
from lab.api import load
from lab.tasks import task_of
from tests.cuda.machine_code import Use, uses
from tests.cuda.needs import needs_compiler
from tests.kernels.running import all_kernels

pytestmark = needs_compiler

CAPABILITIES = [OLDEST_CAPABILITY, (8, 0), (9, 0)]
NEWEST = CAPABILITIES[-1]
MOST_REGISTERS = 128
HOT = [
    "dense",
    "dense_parameter_gradients",
    "matmul",
    "matmul_transposed_left",
    "matmul_transposed_right",
    "adam",
    "relu",
    "softmax_cross_entropy",
]
"""Kernels in which most of the time goes; what a thread of theirs has to remember fits into registers."""


def named(each: str | tuple[int, int]) -> str:
    return each if isinstance(each, str) else f"{each[0]}.{each[1]}"


def entry(name: str, real_name: str, capability: tuple[int, int]) -> str:
    """PTX of a kernel's entry for the whole GPU, or of what is done between rows."""
    from kernels.targets.cuda import matmul, row_kernels

    if name in row_kernels.BESIDE_ROWS:
        return _entry(name, real_name, capability)
    return _entry(matmul.lowered_kernel(all_kernels()[name]), real_name, capability)


@functools.cache
def _entry(kernel: Kernel | str, real_name: str, capability: tuple[int, int]) -> str:
    from kernels.targets.cuda import code_generation, compiler, row_kernels

    if isinstance(kernel, str):
        text, names = row_kernels.BESIDE_ROWS[kernel], {}
    else:
        text = row_kernels.source(kernel, real_name, row_kernels.needs_one_block(kernel))
        names = {f"kernel_{kernel.name}": row_kernels._body(kernel, real_name)}
    return compiler.to_ptx(code_generation.generated("entry", text, names), capability)[0]


def assemble(ptx: str, capability: tuple[int, int]) -> list[Use]:
    from kernels.targets.cuda import nvidia_compilers

    return uses(nvidia_compilers.to_machine_code(ptx, capability, MOST_REGISTERS))


def check(ptx: str, capability: tuple[int, int]) -> None:
    """One entry for this capability, which calls nothing that nobody has."""
    assert f".target sm_{capability[0]}{capability[1]}" in ptx
    assert len(re.findall(r"\.entry\s", ptx)) == 1
    assert not re.findall(r"\.extern\s+\.func\s+(?:\([^)]*\)\s*)?([\w$]+)", ptx)


def assembles(name: str, real_name: str, capability: tuple[int, int]) -> None:
    ptx = entry(name, real_name, capability)
    check(ptx, capability)
    assert assemble(ptx, capability)


@pytest.mark.cuda
@pytest.mark.parametrize("name", ["", "next round", *HOT], ids=lambda name: name or "beginning of a walk")
def test_hot_kernel_on_the_oldest(name):
    assembles(name, "float32", OLDEST_CAPABILITY)


@pytest.mark.verify
@pytest.mark.parametrize(
    "name", ["", "next round", *sorted(all_kernels())], ids=lambda name: name or "beginning of a walk"
)
@pytest.mark.parametrize(
    ("real_name", "capability"), [("float32", OLDEST_CAPABILITY), ("float32", (8, 0)), ("float64", NEWEST)], ids=named
)
def test_kernel(name, real_name, capability):
    assembles(name, real_name, capability)


@pytest.mark.cuda
@pytest.mark.parametrize("name", HOT)
def test_hot_kernels_spill_nothing(name):
    found = assemble(entry(name, "float32", NEWEST), NEWEST)
    assert max(each.frame for each in found) == 0
    assert max(each.registers for each in found) <= MOST_REGISTERS


@functools.cache
def kernels_of(*scenarios: str) -> tuple[Kernel, ...]:
    """What all variants of some scenarios need."""
    found: dict[Kernel, None] = {}
    for name in scenarios:
        loaded = load(name)
        for variant in loaded.variants:
            experiment = task_of(variant.scenario).build(variant.scenario, 0, loaded.folder)
            found |= dict.fromkeys(experiment.kernels())
    return tuple(found)


def interpret(kernels: tuple[Kernel, ...], real_name: str, tiled: bool, capability: tuple[int, int]) -> list[Use]:
    from kernels.targets.cuda import kept_rows, persistent_kernel_source

    ptx, _ = kept_rows.to_ptx(persistent_kernel_source.ordered(kernels), real_name, tiled, capability)
    check(ptx, capability)
    return assemble(ptx, capability)


@pytest.mark.cuda
def test_interpreter():
    found = interpret(kernels_of("dead-relu"), "float32", False, NEWEST)
    assert max(each.registers for each in found) <= MOST_REGISTERS


@pytest.mark.parametrize(
    ("tiled", "capability"),
    [
        pytest.param(
            tiled,
            each,
            id=f"{named(each)}, {'tiles' if tiled else 'small thread groups'}",
            marks=pytest.mark.cuda if each == OLDEST_CAPABILITY and not tiled else pytest.mark.verify,
        )
        for tiled in (False, True)
        for each in CAPABILITIES
    ],
)
def test_interpreter_everywhere(tiled, capability):
    interpret(kernels_of("dead-relu", "adam", "batch-norm", "dropout"), "float32", tiled, capability)


def begin() -> Callable:
    from kernels.targets.cuda import code_generation, row_kernels

    return code_generation.generated("entry", row_kernels.STEP_SOURCE, {})


@pytest.mark.cuda
def test_a_gpu_that_the_compiler_does_not_know_is_named():
    from kernels.targets.cuda import compiler, nvidia_compilers

    ptx, _ = compiler.to_ptx(begin(), NEWEST)
    with pytest.raises(
        DeviceProblem, match=r"makes no code for compute capability 99\.0 \(.*\); a newer one may"
    ) as told:
        nvidia_compilers.to_machine_code(ptx, (99, 0))
    assert "\n" not in str(told.value)


@pytest.mark.cuda
@pytest.mark.parametrize(
    ("module", "function", "library"),
    [("nvvm", "create_program", "NVVM"), ("nvjitlink", "create", "nvJitLink")],
)
def test_a_library_that_is_missing_is_named(module, function, library, monkeypatch):
    from cuda import pathfinder

    from kernels.targets.cuda import nvidia_compilers

    def missing(*arguments):
        raise pathfinder.DynamicLibNotFoundError("no such file")

    monkeypatch.setattr(importlib.import_module(f"cuda.bindings.{module}"), function, missing)
    calls = {
        "nvvm": lambda: nvidia_compilers.to_ptx(["; nothing"], "compute_90", b""),
        "nvjitlink": lambda: nvidia_compilers.to_machine_code("// nothing", NEWEST),
    }
    with pytest.raises(DeviceProblem, match=f"^Code for a GPU needs {library}, which is not installed: pip install"):
        calls[module]()


@pytest.mark.cuda
def test_garbage_is_not_looked_for_while_something_is_compiled():
    """To look for it took a quarter of the time."""
    from kernels.targets.cuda import compiler

    def compile_badly():
        with compiler._compiling_for(NEWEST, small=True):
            assert not gc.isenabled()
            raise ValueError("no code")

    with pytest.raises(ValueError, match="no code"):
        compile_badly()
    assert gc.isenabled()
    gc.disable()
    try:
        compiler.to_ptx(begin(), NEWEST)
        assert not gc.isenabled()  # whoever wants none gets none
    finally:
        gc.enable()


@pytest.mark.cuda
def test_machine_code_that_was_damaged_is_made_anew():
    from kernels.targets import cache
    from kernels.targets.cuda import machine_code_cache

    key = ["of a test"]

    def make():
        return machine_code_cache.ptx_of(begin, NEWEST)

    made = machine_code_cache.machine_code(key, make, NEWEST)
    path = cache._place(machine_code_cache._place(key))
    path.write_bytes(path.read_bytes()[:-100])
    name, code = machine_code_cache.machine_code(key, make, NEWEST)
    assert len(code) == len(made[1])
    assert machine_code_cache.machine_code(key, make, NEWEST) == (name, code)
    path.unlink()


LOOPS = """
def entry(place, count):
    numbers = float32_pointer(place)
    found, best, last = numbers[0], 0, 1
    for i in range(count):
        if i % 3 == 0:
            a, b = load2(numbers, 2 * i)
            found += twice(a) * b
        elif numbers[i] > found and i != last:
            found, best = numbers[i], i
        last = (last + i) // 2
    while best > 0:
        found, best = min(found, numbers[best]), best - last
    numbers[0] = found
"""
"""Variables that are assigned in several branches and rounds, and a function that is called."""


def loops() -> Callable:
    from kernels.targets.cuda import code_generation

    twice = code_generation.on_device(code_generation.generated("twice", "def twice(x):\n    return x + x\n", {}))
    return code_generation.generated("entry", LOOPS, {"twice": twice})


def without_names(ptx: str) -> str:
    """PTX whose functions are numbered in the order in which they come, and their lines without remarks."""
    found: dict[str, str] = {}
    return re.sub(
        r"\b(?:_Z|kept_)\w+", lambda each: found.setdefault(each[0], f"name_{len(found)}"), re.sub("//.*", "", ptx)
    )


@pytest.mark.cuda
def test_code_is_what_all_of_numbas_passes_make(monkeypatch):
    from kernels.targets.cuda import compiler, front_end, kept_functions, numba_cuda

    monkeypatch.setattr(kept_functions, "_file", lambda *_: None)  # nothing is kept of one run for the next
    manager = numba_cuda.part("core.compiler_machinery").PassManager
    usual, names = manager._runPass, []
    monkeypatch.setattr(
        manager, "_runPass", lambda self, index, each, state: names.append(each) or usual(self, index, each, state)
    )
    short = compiler.to_ptx(loops(), NEWEST)[0]
    few = len(names)
    assert few == 2 * len(front_end.PASSES)
    monkeypatch.setattr(front_end, "in_short", contextlib.nullcontext)
    assert without_names(compiler.to_ptx(loops(), NEWEST)[0]) == without_names(short)
    assert len(names) - few > 1.5 * few
