"""Plans that are specialized: when, how, and that the compiled code needs no GPU to be made."""

from __future__ import annotations

import functools
import re
from types import SimpleNamespace

import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.targets.cuda import compiler as to_gpu
from kernels.targets.cuda import (
    launch_configuration,
    matmul_options,
    matmul_specialized,
    nvidia_compilers,
    persistent_kernel_source,
)
from kernels.targets.cuda.driver import OLDEST_CAPABILITY
from kernels.targets.cuda.launch_configuration import analysis_of
from kernels.targets.cuda.placement import whole
from kernels.targets.cuda.specialized_source import SpecializedPlan, SpecializedSource
from lab.api import load
from lab.scenario import Loaded
from lab.tasks import task_of
from tests.cuda.machine_code import uses
from tests.session.scenarios import small

pytestmark = pytest.mark.cuda

NEWEST = (9, 0)


def kinds_of(name: str, variant: str | None = None):
    return programs_of(load(name), variant)


def programs_of(loaded: Loaded, variant: str | None = None):
    scenario = loaded.variant(variant).scenario if variant else loaded.variants[0].scenario
    return task_of(scenario).build(scenario, 0, loaded.folder).replica_programs()


def specialized(name: str, variant: str | None = None, in_shared_memory: bool = True) -> list[SpecializedPlan]:
    (kind,) = kinds_of(name, variant)
    arena_end = max(kind.kept, *(analysis_of(plan).arena_end for plan in kind.training))
    placement = whole(arena_end) if in_shared_memory else ()
    return [
        SpecializedPlan(
            analysis_of(plan).specialized,
            () if plan is kind.measure else placement,
            kind.plan.stored if plan is kind.plan else None,
        )
        for plan in kind.plans
    ]


@functools.cache
def compiled(capability: tuple[int, int], programs: int | None = None) -> str:
    """PTX of the first programs of a network; of all by default."""
    plans = specialized("dead-relu", "good")[:programs]
    return to_gpu.to_ptx(
        persistent_kernel_source.specialized_kernel(plans, "float32", launch_configuration.FEWEST_THREADS),
        capability,
        small=False,
    )[0]


def test_it_compiles_and_spills_nothing():
    found = uses(nvidia_compilers.to_machine_code(compiled(NEWEST), NEWEST, launch_configuration.MOST_REGISTERS))
    assert max(each.registers for each in found) <= launch_configuration.MOST_REGISTERS
    assert max(each.frame for each in found) == 0


def test_it_compiles_for_the_oldest_gpu():
    """The training step; the others have kernels of the same kind."""
    ptx = compiled(OLDEST_CAPABILITY, 1)
    assert uses(nvidia_compilers.to_machine_code(ptx, OLDEST_CAPABILITY, launch_configuration.MOST_REGISTERS))


def test_operands_in_shared_memory_are_read_from_there():
    """With instructions for that memory, not for any, which only what moves the arena there and back needs."""
    ptx = compiled(NEWEST)
    assert ptx.count("ld.shared") > 100
    assert ptx.count("ld.f32") + ptx.count("ld.v4.f32") < 10


def test_barriers_know_for_how_many_threads_they_are():
    barriers = re.findall(r"bar\.sync\s+([^;]*);", compiled(NEWEST))
    assert len(barriers) > 20
    assert {each.partition(",")[2].strip() for each in barriers} == {"", str(launch_configuration.FEWEST_THREADS)}
    assert sum("," not in each for each in barriers) == 1  # that of the whole block


def test_rows_that_may_be_left_out_stand_in_a_branch():
    plans = specialized("stochastic-depth", "half")
    lines = SpecializedSource("float32", 64).lines(plans[0])
    depth = [len(line) - len(line.lstrip()) for line in lines]
    assert lines.count("if further == 0:") == sum(line.startswith("specialized_enter_block(") for line in lines) > 0
    assert max(depth) == 4
    for number, line in enumerate(lines):
        if line == "if further == 0:":
            assert lines[number + 1].startswith("    thread =")


def gpu(multiprocessors: int = 132) -> SimpleNamespace:
    return SimpleNamespace(properties=SimpleNamespace(multiprocessors=multiprocessors))


@pytest.mark.parametrize(
    ("wished", "walks", "expected"),
    [
        ("specialized", 1, True),
        ("block", 10**9, False),
        ("grid", 10**9, False),
        ("auto", 1, False),
        ("auto", 10**9, True),
    ],
)
def test_it_is_done_as_wished_or_where_it_saves_time(wished, walks, expected):
    assert launch_configuration.worth_specializing(kinds_of("dead-relu"), walks, wished) is expected


def test_plans_that_would_take_minutes_to_compile_are_not_written_out():
    kind = kinds_of("dead-relu")[0]
    models = [[{"dense": width}, "relu", {"dense": width + 1}, "relu", {"dense": "classes"}] for width in range(5, 40)]
    many = [programs_of(small(overrides={"model": model}))[0] for model in models]
    assert launch_configuration.worth_specializing([kind] * 20, 1, "specialized")  # the same one is written once
    assert launch_configuration.rows_to_write(many, 1) > launch_configuration.MOST_SPECIALIZED_ROWS
    assert not launch_configuration.worth_specializing(many, 1, "specialized")


def product(rows: int, columns: int, depth: int, threads: int = 64, options: int = 0) -> matmul_specialized.MatmulShape:
    return matmul_specialized.MatmulShape(rows, columns, depth, depth, 1, columns, 1, options, threads)


@pytest.mark.parametrize("shape", [(32, 16, 16), (32, 16, 2), (16, 2, 32), (1, 1, 1), (7, 5, 3), (33, 17, 40)])
@pytest.mark.parametrize("threads", [64, 256])
def test_every_shape_has_a_tile_that_covers_it(shape, threads):
    tile = matmul_specialized.best_tile(product(*shape, threads))
    assert tile.tiles * tile.high * tile.wide >= shape[0] * shape[1]
    assert tile.turns * tile.groups >= tile.tiles
    assert tile.units * tile.unit * tile.shares == shape[2]
    assert tile.shares <= 32


def test_as_many_threads_as_there_are_have_something_to_do():
    """A product with fewer numbers than threads is shared along its sum."""
    tile = matmul_specialized.best_tile(product(2, 2, 64))
    assert tile.tiles * tile.shares >= 32


def test_four_neighbours_are_read_at_once_where_they_lie_so():
    options = matmul_options.A_ALONG_DEPTH | matmul_options.B_ALONG_COLUMNS | matmul_options.OUT_ALONG_COLUMNS
    text = matmul_specialized.source(product(32, 32, 16, options=options))
    assert "load4(a_from, " in text
    assert "load4(b_from, " in text
    assert "store4(to, " in text
    assert "load4(" not in matmul_specialized.source(product(32, 32, 16))
