"""Plans that are written out: when, how, and that the compiled code needs no GPU to be made."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.targets.cuda import choices, fitted, interpreter
from kernels.targets.cuda import compiler as to_gpu
from kernels.targets.cuda import options as told
from kernels.targets.cuda.driver import OLDEST
from kernels.targets.cuda.written import Text, Written
from lab.api import load
from lab.tasks import task_of
from tests.cuda.machine_code import uses

pytestmark = pytest.mark.cuda

NEWEST = (9, 0)


def kinds_of(name: str, variant: str | None = None):
    loaded = load(name)
    scenario = loaded.variant(variant).scenario if variant else loaded.variants[0].scenario
    return task_of(scenario).build(scenario, 0, loaded.folder).kinds()


def written(name: str, variant: str | None = None, inside: bool = True) -> list[Written]:
    (kind,) = kinds_of(name, variant)
    return [Written(choices.facts(plan).rows, inside and plan is not kind.measure) for plan in kind.plans]


@functools.cache
def compiled(capability: tuple[int, int]) -> str:
    plans = written("dead-relu", "good")
    return to_gpu.to_ptx(interpreter.writer(plans, "float32", choices.FEWEST_LANES), capability, small=False)[0]


def test_it_compiles_and_spills_nothing():
    found = uses(to_gpu.to_machine_code(compiled(NEWEST), NEWEST, choices.MOST_REGISTERS))
    assert max(each.registers for each in found) <= choices.MOST_REGISTERS
    assert max(each.frame for each in found) == 0


def test_it_compiles_for_the_oldest_gpu():
    assert uses(to_gpu.to_machine_code(compiled(OLDEST), OLDEST, choices.MOST_REGISTERS))


def test_operands_in_scratch_memory_are_read_from_there():
    """With instructions for that memory, not for any, which only what moves the arena there and back needs."""
    ptx = compiled(NEWEST)
    assert ptx.count("ld.shared") > 100
    assert ptx.count("ld.f32") + ptx.count("ld.v4.f32") < 10


def test_rows_that_may_be_left_out_stand_in_a_branch():
    plans = written("stochastic-depth", "half")
    lines = Text("float32", 64).lines(plans[0])
    depth = [len(line) - len(line.lstrip()) for line in lines]
    assert lines.count("if further == 0:") == sum(line.startswith("written_enter_block(") for line in lines) > 0
    assert max(depth) == 4
    for number, line in enumerate(lines):
        if line == "if further == 0:":
            assert lines[number + 1].startswith("    lane =")


def gpu(multiprocessors: int = 132) -> SimpleNamespace:
    return SimpleNamespace(properties=SimpleNamespace(multiprocessors=multiprocessors))


@pytest.mark.parametrize(
    ("wished", "walks", "expected"),
    [
        ("written", 1, True),
        ("block", 10**9, False),
        ("grid", 10**9, False),
        ("auto", 1, False),
        ("auto", 10**9, True),
    ],
)
def test_it_is_done_as_wished_or_where_it_saves_time(wished, walks, expected):
    assert choices.writes_out(kinds_of("dead-relu"), walks, wished) is expected


def test_plans_that_would_take_minutes_to_compile_are_not_written_out():
    kind = kinds_of("dead-relu")[0]
    many = [
        kinds_of(name)[0]
        for name in ("dead-relu", "adam", "batch-norm", "dropout", "momentum", "xavier-relu", "maxout")
    ]
    assert choices.writes_out([kind] * 20, 1, "written")  # the same one is written once
    assert sum(len(plan.shortest) for each in many for plan in each.plans) > choices.MOST_WRITTEN_ROWS
    assert not choices.writes_out(many, 1, "written")


def product(rows: int, columns: int, depth: int, lanes: int = 64, options: int = 0) -> fitted.Product:
    return fitted.Product(rows, columns, depth, depth, 1, columns, 1, options, lanes)


@pytest.mark.parametrize("shape", [(32, 16, 16), (32, 16, 2), (16, 2, 32), (1, 1, 1), (7, 5, 3), (33, 17, 40)])
@pytest.mark.parametrize("lanes", [64, 256])
def test_every_shape_has_a_tile_that_covers_it(shape, lanes):
    tile = fitted.best_tile(product(*shape, lanes))
    assert tile.tiles * tile.high * tile.wide >= shape[0] * shape[1]
    assert tile.turns * tile.groups >= tile.tiles
    assert tile.units * tile.unit * tile.shares == shape[2]
    assert tile.shares <= 32


def test_as_many_lanes_as_there_are_have_something_to_do():
    """A product with fewer numbers than lanes is shared along its sum."""
    tile = fitted.best_tile(product(2, 2, 64))
    assert tile.tiles * tile.shares >= 32


def test_four_neighbours_are_read_at_once_where_they_lie_so():
    options = told.A_ALONG_DEPTH | told.B_ALONG_COLUMNS | told.OUT_ALONG_COLUMNS
    text = fitted.source(product(32, 16, 16, options=options))
    assert "four(a, " in text
    assert "four(b, " in text
    assert "put_four(out, " in text
    assert "four(" not in fitted.source(product(32, 16, 16))
