"""The instructions of convolution's tiles for processors that are not this one."""

from __future__ import annotations

import re

import llvmlite.binding
import pytest
from llvmlite import ir

from kernels.targets.convolution_pooling import tile_channels, tile_code, turn_code
from kernels.targets.window_code import WindowCode, most_rows

NEON, AVX2 = 4, 8
"""Numbers of a vector."""
SPILLED = r"\[sp|ymm\d+, [^%]*\(%rsp|\(%rsp\), %ymm"
"""Vectors that are kept on the stack."""


@pytest.mark.parametrize(
    ("triple", "processor"), [("aarch64-linux-gnu", "neoverse-n1"), ("arm64-apple-macosx", "apple-m1")]
)
def test_tiles_for_aarch64_multiply_in_registers(triple, processor):
    rows = most_rows({}, 2)
    module = ir.Module()
    name = WindowCode(module, rows, 2, False, NEON).function.name
    module.globals[name].linkage = ""  # so that it is not removed
    assembly = _assembly(str(module), triple, processor)
    blocks = re.split(r"\n[.L\w]+:|\n\tb\.", assembly)  # between labels and branches
    inner = max(blocks, key=lambda block: block.count("fmla"))
    # Each step: two vectors of b, and one number of a per row for two multiplications of whole vectors.
    assert len(re.findall(r"fmla(\.4s|\s+v\d+\.4s)", inner)) == 2 * rows
    assert "[sp" not in inner  # no sum leaves its register
    assert not re.search(r"\bst[rp]\b", inner)


@pytest.mark.parametrize(
    ("triple", "processor", "features", "lanes", "multiply"),
    [
        ("aarch64-linux-gnu", "neoverse-n1", {}, NEON, r"fmla(\.4s|\s+v\d+\.4s)"),
        ("arm64-apple-macosx", "apple-m1", {}, NEON, r"fmla(\.4s|\s+v\d+\.4s)"),
        ("x86_64-linux-gnu", "haswell", {"avx2": True}, AVX2, r"vfmadd\d+ps\s.*ymm"),
    ],
)
def test_tiles_that_are_pooled_at_once_multiply_in_registers(triple, processor, features, lanes, multiply):
    for channels in tile_channels(features):
        module = ir.Module()
        module.globals[tile_code(module, "tile", channels, lanes).name].linkage = ""
        blocks = re.split(r"\n[.L\w]+:|\n\tb\.", _assembly(str(module), triple, processor))
        inner = max(blocks, key=lambda block: len(re.findall(multiply, block)))
        # Each step: two vectors of pixels in two rows, times one number of the weights per channel.
        found = len(re.findall(multiply, inner))
        assert found > 0
        assert found % (4 * channels) == 0  # perhaps of several steps
        assert not re.search(SPILLED, inner)


@pytest.mark.parametrize(
    ("triple", "processor", "lanes"),
    [("aarch64-linux-gnu", "neoverse-n1", NEON), ("x86_64-linux-gnu", "haswell", AVX2)],
)
def test_windows_are_turned_in_registers(triple, processor, lanes):
    module = ir.Module()
    module.globals[turn_code(module, "turn", lanes).name].linkage = ""
    assembly = _assembly(str(module), triple, processor)
    assert not re.search(SPILLED, assembly)


def _assembly(text: str, triple: str, processor: str) -> str:
    llvmlite.binding.initialize_all_targets()
    llvmlite.binding.initialize_all_asmprinters()
    module = llvmlite.binding.parse_assembly(text)
    machine = llvmlite.binding.Target.from_triple(triple).create_target_machine(cpu=processor, opt=3)
    tuning = llvmlite.binding.create_pipeline_tuning_options(speed_level=3)
    builder = llvmlite.binding.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)
    return machine.emit_assembly(module)
