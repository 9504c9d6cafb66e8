"""Forms of kernels on the CPU: which rows have which, and that no other is compiled."""

from __future__ import annotations

import pytest

from kernels.convolution import convolution, convolution_input_gradient
from kernels.plan import Row
from kernels.relu import relu
from kernels.targets import cache, compile_workers, cpu, forms, tile_geometry
from kernels.targets.compile_workers import Unit
from kernels.targets.forms import COMMON, SCATTERED, TILES, WINOGRAD, form_of, forms_of
from kernels.targets.vector_code import LANES


def row(channels: int, stride: int = 1) -> Row:
    """A convolution of 3×3 on an image of 8×8 with a border."""
    given = {"B": 2, "H": 8, "W": 8, "C": channels, "P": 3, "Q": 3, "D": channels}
    integers = dict.fromkeys(convolution.integers, 1) | {"stride_y": stride, "stride_x": stride}
    extents = convolution.derive(given, integers)
    return Row(
        convolution,
        ((0, 0),) * len(convolution.operands),
        tuple(extents[each] for each in convolution.extents),
        tuple(integers[each] for each in convolution.integers),
    )


@pytest.fixture(autouse=True)
def with_masks(monkeypatch):
    """As on a processor with AVX-512."""
    monkeypatch.setattr(forms, "HAS_AVX512", True)
    monkeypatch.setattr(tile_geometry, "AVAILABLE", True)


def test_geometry_and_processor_decide(monkeypatch):
    assert form_of(row(16), "float32") == WINOGRAD
    assert form_of(row(8), "float32") == form_of(row(16, stride=2), "float32") == TILES
    assert form_of(row(16), "float64") == COMMON
    monkeypatch.setattr(forms, "HAS_AVX512", False)
    assert form_of(row(16), "float32") == TILES
    monkeypatch.setattr(tile_geometry, "AVAILABLE", False)
    assert form_of(row(16), "float32") == COMMON


def test_a_kernel_has_the_forms_of_its_rows():
    both = [row(16), row(8), row(32)]
    assert forms_of([relu, convolution], both, "float32") == [
        (relu, COMMON),
        (convolution, WINOGRAD),
        (convolution, TILES),
    ]
    assert forms_of([convolution], both[:1], "float32") == [(convolution, WINOGRAD)]
    assert forms_of([convolution], [], "float32") == [(convolution, COMMON)]


def test_no_other_form_is_compiled(monkeypatch):
    compiled = []
    monkeypatch.setattr(cpu, "_entries", {})
    monkeypatch.setattr(cache, "has", lambda name: False)
    monkeypatch.setattr(cpu, "entry", lambda *arguments: 1)
    monkeypatch.setattr(cpu, "executor", lambda: None)
    monkeypatch.setattr(compile_workers, "compile_all", lambda units, progress: compiled.extend(units))
    cpu.prepare([convolution], "float32", rows=[row(16)])
    assert [each.name for each in compiled] == ["executor", "convolution-winograd_float32"]
    compiled.clear()
    cpu.prepare([convolution], "float32", rows=[row(8)])
    assert [each.name for each in compiled] == ["windows", "executor", "convolution-tiles_float32"]


def gradient(**given: int) -> str:
    """The form of the input's gradient for an image of 8×8 and 3×3 taps, but for what is given."""
    integers = dict.fromkeys(convolution_input_gradient.integers, 1)
    sizes = {"B": 2, "H": 8, "W": 8, "C": 8, "P": 3, "Q": 3, "D": 8} | given
    integers |= {name: sizes.pop(name) for name in list(sizes) if name in integers}
    extents = convolution.derive(sizes, integers)
    return form_of(
        Row(
            convolution_input_gradient,
            ((0, 0),) * len(convolution_input_gradient.operands),
            tuple(extents[each] for each in convolution_input_gradient.extents),
            tuple(integers[each] for each in convolution_input_gradient.integers),
        ),
        "float32",
    )


def test_what_tiles_cannot_do_is_done_the_plain_way(monkeypatch):
    monkeypatch.setattr(tile_geometry, "FULL_VECTORS", True)
    half = LANES // 2  # so many channels fill half a vector of this processor
    assert gradient(C=half) == gradient(stride_y=2, C=64) == SCATTERED
    assert gradient(C=64, D=8) == gradient(groups=2) == TILES
    assert gradient(groups=4) == COMMON  # two channels in each group
    assert gradient(H=16, dilation_y=2, stride_y=2) == COMMON
    assert gradient(C=64, D=512) == COMMON  # no room for the weights turned round
    assert gradient(C=64, D=128, P=1, Q=5, W=4096) == COMMON  # nor for a row with its border
    assert gradient(C=64, D=128, P=1, Q=1, W=4096, top=0, left=0, bottom=0, right=0) == TILES  # which has none
    monkeypatch.setattr(tile_geometry, "FULL_VECTORS", False)
    assert gradient(C=half) == gradient(stride_y=2) == TILES


def test_a_worker_is_told_which_form():
    for unit in (Unit.of(convolution, "float32", WINOGRAD), Unit.of(relu, "float64"), compile_workers.EXECUTOR):
        assert Unit.from_line(unit.line) == unit
