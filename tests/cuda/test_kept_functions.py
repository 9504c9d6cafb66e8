"""What numba made for one network serves the next: its functions are kept, and found again by other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cuda.needs import needs_compiler
from tests.kernels.running import all_kernels

pytestmark = [needs_compiler, pytest.mark.cuda]

CAPABILITY = (9, 0)


def noted() -> list[str]:
    """The names of the functions that numba compiles from now on."""
    from kernels.targets.cuda import numba_cuda

    compiled: list[str] = []
    modules = [numba_cuda.part(each) for each in ("compiler", "dispatcher")]
    usual = modules[0].compile_cuda

    def compile_cuda(function, *arguments, **options):
        compiled.append(function.__name__)
        return usual(function, *arguments, **options)

    for each in modules:
        each.compile_cuda = compile_cuda
    return compiled


def compile_interpreter(names: list[str]) -> None:
    """In a process of its own: say which functions numba compiles for an interpreter of some kernels, and its PTX."""
    compiled = noted()
    print(json.dumps([compiled, interpreter(names)]))


def interpreter(names: list[str]) -> str:
    """PTX of an interpreter of some kernels."""
    from kernels.targets.cuda import kept_rows, persistent_kernel_source

    kernels = persistent_kernel_source.ordered([all_kernels()[name] for name in names])
    return kept_rows.to_ptx(kernels, "float32", False, CAPABILITY)[0]


def interpreter_of_what_is_kept(names: list[str]) -> None:
    """In a process of its own: say whether the compiler was loaded for an interpreter, and its PTX."""
    ptx = interpreter(names)
    print(json.dumps(["numba" in sys.modules, ptx]))


def compile_network(hidden: list[int]) -> None:
    """The same for code made for a network with hidden layers of so many units."""
    from kernels.targets.cuda import compiler, persistent_kernel_source
    from kernels.targets.cuda.launch_configuration import analysis_of
    from kernels.targets.cuda.placement import whole
    from kernels.targets.cuda.specialized_source import SpecializedPlan
    from lab.tasks import task_of
    from tests.session.scenarios import small

    layers = [layer for units in hidden for layer in ({"dense": units}, "relu")]
    loaded = small(overrides={"model": [*layers, {"dense": "classes"}]})
    scenario = loaded.variants[0].scenario
    (programs,) = task_of(scenario).build(scenario, 0, loaded.folder).replica_programs()
    end = max(programs.kept, *(analysis_of(plan).arena_end for plan in programs.plans))
    plans = [SpecializedPlan(analysis_of(plan).specialized, whole(end)) for plan in programs.plans]
    compiled = noted()
    ptx, _ = compiler.to_ptx(persistent_kernel_source.specialized_kernel(plans, "float32", 64), CAPABILITY, small=False)
    print(json.dumps([compiled, ptx]))


def elsewhere(cache: Path, program: str) -> tuple[list[str], str]:
    found = subprocess.run(
        [sys.executable, "-c", f"from tests.cuda.test_kept_functions import *; {program}"],
        env={**os.environ, "LAB_CACHE": str(cache)},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    compiled, ptx = json.loads(found.stdout.splitlines()[-1])
    return compiled, ptx


def files(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.code"))


def test_another_process_compiles_what_is_new(tmp_path):
    first, ptx = elsewhere(tmp_path, "compile_interpreter(['tanh', 'softmax_cross_entropy'])")
    assert {"tanh", "_softmax_cross_entropy_cuda", "sum_over_threads"} <= set(first)
    further, other = elsewhere(tmp_path, "compile_interpreter(['tanh', 'sigmoid'])")
    assert "sigmoid" in further
    assert not {"tanh", "softmax_cross_entropy", "float32_shared"} & set(further)
    assert other != ptx
    assert elsewhere(tmp_path, "compile_interpreter(['softmax_cross_entropy', 'tanh'])") == ([], ptx)
    for each in files(tmp_path):
        each.write_bytes(each.read_bytes()[:-1])
    again, same = elsewhere(tmp_path, "compile_interpreter(['tanh', 'softmax_cross_entropy'])")
    assert (sorted(again), same) == (sorted(first), ptx)
    assert elsewhere(tmp_path, "compile_interpreter(['tanh', 'softmax_cross_entropy'])") == ([], ptx)


def test_an_interpreter_of_kernels_that_others_had_needs_no_compiler(tmp_path):
    elsewhere(tmp_path, "compile_interpreter(['tanh', 'softmax_cross_entropy', 'sigmoid'])")
    loaded, ptx = elsewhere(tmp_path, "interpreter_of_what_is_kept(['sigmoid', 'tanh'])")
    assert not loaded
    assert "ex2.approx" in ptx
    alone, same = elsewhere(tmp_path / "empty", "interpreter_of_what_is_kept(['tanh', 'sigmoid'])")
    assert (alone, same) == (True, ptx)


def test_nothing_is_new_to_numba_in_a_network_of_other_shapes(tmp_path):
    first, ptx = elsewhere(tmp_path, "compile_network([8])")
    assert len(first) > 10
    none, other = elsewhere(tmp_path, "compile_network([12, 5])")
    assert none == []
    assert other.count("fma.rn.f32") > ptx.count("fma.rn.f32") > 100


def made(text: str, **names):
    """The function `f` of a text, for a GPU, by nobody known yet."""
    from kernels.targets.cuda import primitives
    from kernels.targets.cuda.code_generation import generated, on_device

    assert primitives
    return on_device(generated("f", f"def f(x):\n    {text}\n", names))


def file_of(function, argument="float32", capability=CAPABILITY):
    from numba import types

    from kernels.targets.cuda import kept_functions

    return kept_functions._file(function, (getattr(types, argument),), capability)


def test_what_makes_a_difference_is_in_the_name(monkeypatch):
    from kernels.targets.cuda import machine_code_cache

    inner, other = made("return x + one", one=np.float32(1)), made("return x + one", one=np.float32(2))
    function = made("return g(x)", g=inner)
    name = file_of(function)
    assert name == file_of(made("return g(x)", g=inner))
    different = [
        file_of(function, "float64"),
        file_of(function, capability=(8, 0)),
        file_of(made("return g(x) * g(x)", g=inner)),
        file_of(made("return g(x)", g=other)),
        file_of(made("return x + one", one=np.float64(1))),
    ]
    monkeypatch.setattr(machine_code_cache, "_versions", lambda: "of another compiler")
    assert len({name, *different, file_of(function)}) == 7


def test_what_nobody_can_compare_is_compiled_each_time():
    assert file_of(made("return x + numbers[0]", numbers=np.ones(1))) is None


def test_functions_of_one_name_stay_apart():
    from kernels.targets.cuda import compiler
    from kernels.targets.cuda.code_generation import generated

    functions = {f"f_{number}": made("return x * by", by=np.float32(number)) for number in (3, 5)}
    text = """
def entry(place):
    numbers = float32_pointer(place)
    numbers[0] = f_3(numbers[0])
    numbers[1] = f_5(numbers[1])
"""
    ptx, _ = compiler.to_ptx(generated("entry", text, functions), CAPABILITY)
    assert "0f40400000" in ptx
    assert "0f40A00000" in ptx
