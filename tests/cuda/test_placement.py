"""What of a replica's numbers stands in shared memory, and that it makes no difference to them."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.jobs import ReplicaPrograms
from kernels.matrix import dense_parameter_gradients, matmul
from kernels.optimizers import adam
from kernels.plan import ARENA, SHARED, Loop, Row
from kernels.relu import relu
from kernels.targets.cuda import matmul as products
from kernels.targets.cuda import specialized_kernels, tabled_rows
from kernels.targets.cuda.cut_rows import cut, joined
from kernels.targets.cuda.placement import (
    Accessed,
    Placement,
    SharedStretch,
    accessed,
    chosen,
    elements,
    place_of,
    share,
    while_measuring,
    whole,
)
from lab.graph.devices import on, settle
from lab.graph.running import shared_memory_share, specialize
from lab.tasks.side_by_side import advance_together
from lab.tasks.task import Measurements
from tests.cuda.ptx_gpu import machine
from tests.cuda.simulated.training import alike, curves, finished, same
from tests.cuda.test_compiled_training import net, stepped
from tests.graph.unrolled import Unrolled
from tests.ptx_machine.block import shuffled

pytestmark = pytest.mark.cuda


def test_what_is_accessed_most_for_its_size_is_placed_first():
    found = [Accessed(0, 100, 400), Accessed(100, 108, 8), Accessed(120, 160, 200), Accessed(160, 200, 80)]
    assert chosen(found, 200) == (SharedStretch(0, 108, 0), SharedStretch(120, 200, 108))
    assert chosen(found, 99) == (SharedStretch(100, 108, 0), SharedStretch(120, 200, 8))
    assert chosen(found, 40) == (SharedStretch(120, 160, 0),)
    assert chosen(found, 4) == ()
    assert share(found, chosen(found, 40)) == pytest.approx(200 / 688)


def test_what_is_measured_stands_beside_the_state_that_stays_where_it_is():
    training = (SharedStretch(0, 100, 0), SharedStretch(150, 260, 100))  # of it 200 elements are the replica's state
    state = [Accessed(0, 40, 80), Accessed(110, 130, 20), Accessed(160, 200, 40)]
    beyond = [Accessed(220, 260, 400), Accessed(300, 390, 90), Accessed(400, 420, 100)]
    kept = (SharedStretch(0, 100, 0), SharedStretch(150, 200, 100))
    assert while_measuring(training, 200, [*state, *beyond], 300) == (
        *kept,
        SharedStretch(220, 260, 152),
        SharedStretch(400, 420, 192),
    )
    assert while_measuring((), 200, [*state, *beyond], 40) == (SharedStretch(220, 260, 0),)
    assert while_measuring(training, 200, [Accessed(90, 110, 1)], 1000) is None


def test_what_is_read_four_at_a_time_stays_aligned():
    placed = chosen([Accessed(6, 7, 1), Accessed(17, 31, 14)], 100)
    assert placed == (SharedStretch(4, 8, 0), SharedStretch(16, 32, 4))
    assert [place_of(placed, begin, begin + 1) for begin in (6, 16, 31, 8)] == [2, 4, 19, None]
    assert place_of(placed, 6, 9) is None
    assert elements(placed) == 20
    assert place_of(whole(40), 8, 40) == 8


def test_operands_that_overlap_stand_together_and_data_stays_where_it_is():
    rows = [
        Row(relu, ((SHARED, 0), (ARENA, 64)), (16,), ()),
        Row(relu, ((ARENA, 72), (ARENA, 128)), (16,), ()),
        Loop((Row(relu, ((ARENA, 256), (ARENA, 512)), (16,), ()),), ((16, 0),), 5),
    ]
    assert accessed(rows, 64) == [
        Accessed(64, 88, 32),
        Accessed(128, 144, 16),
        Accessed(256, 256 + 5 * 16, 5 * 16),
        Accessed(512, 528, 5 * 16),
    ]


def test_a_product_reads_its_operands_as_often_as_it_has_tiles_for_them():
    product = products.lowered(Row(matmul, ((ARENA, 0), (ARENA, 10000), (ARENA, 30000)), (64, 128, 128), ()))
    a, b, out = accessed([product], 256)
    assert [each.accesses / (each.end - each.begin) for each in (a, b, out)] == [2, 1, 1]


def adam_row(size: int = 6000, at: int = 0) -> Row:
    """Of parameters at 0, gradients at 10,000, moments at 20,000 and 30,000; its numbers stand from 40,000 on."""
    numbers = [(ARENA, place) for place in (40000, 40004, 40008, 40012)]
    parameters, gradient, *moments = [(ARENA, start + at) for start in (0, 10000, 20000, 30000)]
    return Row(adam, (gradient, *numbers, parameters, *moments), (size,), (1,))


def relu_row(x: int, y: int, size: int) -> Row:
    return Row(relu, ((ARENA, x), (ARENA, y)), (size,), ())


LAYERS = (relu_row(0, 50000, 1597), relu_row(60000, 11600, 4300), relu_row(5900, 50000, 100))
"""They read 1,597 parameters, write the gradient of those from 1,600 on, and read the last 100, which are few."""


def test_an_optimizer_is_cut_where_other_rows_begin_or_end():
    assert cut((*LAYERS, adam_row()), 64) == (*LAYERS, adam_row(1600), adam_row(4400, 1600))
    assert cut((adam_row(),), 64) == (adam_row(),)


def test_what_a_product_does_not_use_is_no_edge():
    """Its place is that of the result: a gradient of [80, 64] from 11,600 on, behind which its sums follow."""
    places = [(ARENA, place) for place in (60000, 70000, 11600, 11600 + 80 * 64)]
    product = products.lowered(Row(dense_parameter_gradients, tuple(places), (8, 80, 64), ()))
    assert cut((product, adam_row(7000)), 64)[1:] == (adam_row(1600), adam_row(5400, 1600))


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        pytest.param((), [adam_row()], id="all in the GPU's memory"),
        pytest.param(whole(40016), [adam_row()], id="all in shared memory"),
        pytest.param((SharedStretch(0, 6000, 0), SharedStretch(20000, 26000, 6000)), [adam_row()], id="whole operands"),
        pytest.param(
            (SharedStretch(20000, 21600, 0),), [adam_row(1600), adam_row(4400, 1600)], id="a moment of one layer"
        ),
    ],
)
def test_its_pieces_are_one_again_unless_they_are_in_different_places(placement, expected):
    assert joined(cut((*LAYERS, adam_row()), 64), placement) == (*LAYERS, *expected)


def unrolled(shared_bytes: int) -> tuple[np.ndarray, Placement]:
    made = Unrolled(6)
    programs = ReplicaPrograms(made.plan)
    with machine(shuffled(1), shared_bytes=shared_bytes), on("cuda:0", "block", 1, specialized=True):
        memory = made.memory()
        settle(memory, made.plan)
        specialize([programs], 1, "cuda:0")
        found = made.run(made.plan, memory=memory)
        return found, memory.kernel.placement(programs)


def test_the_share_of_accesses_in_shared_memory_is_told():
    """A training step that has room for all, and for less and less of it."""
    shares = []
    for room in (1 << 16, 2048, 1024):
        with machine(shared_bytes=room):
            shares.append(shared_memory_share([ReplicaPrograms(Unrolled(6).plan)], 1, "cuda:0"))
    assert shares[0] == 1 > shares[1] > shares[2] >= 0


def test_rows_and_loops_compute_the_same_wherever_their_operands_are():
    right, placed = unrolled(1 << 16)
    assert placed == whole(elements(placed))
    size = elements(placed)
    for room in (0, size // 2):
        found, placed = unrolled(1024 + 4 * room)
        assert 0 < elements(placed) <= size // 2 + 256 if room else elements(placed) < 256
        np.testing.assert_array_equal(found, right)


def trained(shared_bytes: int) -> tuple:
    scenario, options = net("adam")
    with (
        machine(shuffled(5), shared_bytes=shared_bytes),
        mock.patch.object(
            specialized_kernels, "placement_for", side_effect=specialized_kernels.placement_for
        ) as placing,
    ):
        made = finished(scenario, "cuda", "specialized", **options)
        (arguments, *_) = [each.args for each in placing.call_args_list]
        return made, specialized_kernels.placement_for(*arguments)


def test_a_training_that_has_room_for_a_part_is_as_on_the_cpu():
    """With what is measured on the way, from which state it is read and to which it is written."""
    scenario, options = net("adam")
    made, placed = trained(7000)
    assert len(placed) > 1
    alike(made, finished(scenario, "cpu", **options))


@pytest.mark.verify
def test_a_training_has_the_same_bits_wherever_its_numbers_are():
    (some, placed), (every, whole_arena) = trained(7000), trained(1 << 17)
    assert len(placed) > 1 == len(whole_arena)
    same(curves(some), curves(every))


def measured(every: int, room: int) -> tuple[int, Placement | None, Measurements]:
    """Bytes of the GPU's memory that four steps move of a network that is measured, where it stands meanwhile, and what
    was found."""
    scenario, _ = net("adam")
    with machine(shuffled(2), shared_bytes=room) as used, on("cuda:0", "block", 1, specialized=True):
        made = stepped(scenario, 0)
        (programs,) = made.replica_programs()
        specialize([programs], 1, "cuda:0")
        (found,) = advance_together([(made, 4)], [every])
        kernel = made.memory.kernel
        where = kernel.measuring(programs.measure, kernel.placement(programs))[1]
        return int(used.counts["bytes of its memory"].sum()), where, found


@pytest.mark.parametrize(
    ("room", "part", "by_kinds"),
    [
        pytest.param(1 << 16, 0.6, False, id="room for all"),
        pytest.param(2304, 0.3, False, id="room for some"),
        pytest.param(1 << 16, 0.75, True, id="rows in a table, which is read there either way"),
    ],
)
def test_measuring_works_in_shared_memory(room, part, by_kinds, monkeypatch):
    """It then moves at most this part of what it does where the arena is at home."""
    monkeypatch.setattr(tabled_rows, "worth", lambda *_: by_kinds)
    often, where, found = measured(1, room)
    seldom, _, _ = measured(4, room)
    assert where
    monkeypatch.setattr(specialized_kernels, "while_measuring", lambda *_: None)
    often_at_home, nowhere, right = measured(1, room)
    seldom_at_home, _, _ = measured(4, room)
    assert nowhere is None
    assert often - seldom < part * (often_at_home - seldom_at_home)
    assert found == right
