"""The instructions of convolution's tiles for processors that are not this one."""

from __future__ import annotations

import re

import llvmlite.binding
import pytest
from llvmlite import ir

from kernels.targets.window_code import WindowCode, most_rows

NEON = 4
"""Numbers of a vector."""


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


def _assembly(text: str, triple: str, processor: str) -> str:
    llvmlite.binding.initialize_all_targets()
    llvmlite.binding.initialize_all_asmprinters()
    module = llvmlite.binding.parse_assembly(text)
    machine = llvmlite.binding.Target.from_triple(triple).create_target_machine(cpu=processor, opt=3)
    tuning = llvmlite.binding.create_pipeline_tuning_options(speed_level=3)
    builder = llvmlite.binding.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)
    return machine.emit_assembly(module)
