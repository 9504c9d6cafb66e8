"""The machine finds what a program must not do, says where, and lets pass what is right."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ptx_machine.block import Fault, backwards, forwards, shuffled
from tests.ptx_machine.code import Code
from tests.ptx_machine.machine import Machine
from tests.ptx_machine.snippets import run, snippet
from tests.ptx_machine.text import NotUnderstood

pytestmark = pytest.mark.cuda

ORDERS = [forwards, backwards, shuffled(1)]
WRITE_OWN = "st.shared.u32 [%rd3], %r0;"
READ_NEXT = """
	add.s32 %r3, %r0, 1;
	and.b32 %r3, %r3, 63;
	mul.wide.u32 %rd4, %r3, 4;
	mov.u64 %rd5, lab_shared_memory;
	add.s64 %rd5, %rd5, %rd4;
	ld.shared.u32 %r4, [%rd5];
"""
STORE = "st.global.u32 [%rd2], %r4;"


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("barrier", ["bar.sync 0;", "barrier.sync 1, 64;"])
def test_threads_that_meet_see_what_the_others_wrote(order, barrier):
    found = run(WRITE_OWN + "\n" + barrier + READ_NEXT + STORE, order=order)
    np.testing.assert_array_equal(found, (np.arange(64) + 1) % 64)


@pytest.mark.parametrize("order", ORDERS)
def test_a_missing_barrier_is_a_race_in_every_order(order):
    with pytest.raises(Fault, match="race"):
        run("st.global.u32 [%rd2], %r0;\nld.global.u32 %r4, [%rd0];", order=order)


def test_a_write_after_others_have_read_is_a_race():
    overwritten = WRITE_OWN + "\nbar.sync 0;" + READ_NEXT + WRITE_OWN + "\n" + STORE
    with pytest.raises(
        Fault, match=r"race: thread 1 of block 0 stores 4 bytes at byte 4 of a segment of 256.*thread 0 of"
    ):
        run(overwritten)
    run(overwritten.replace(WRITE_OWN + "\n" + STORE, "bar.sync 0;\n" + WRITE_OWN + "\n" + STORE))


def test_a_reader_of_another_warp_is_not_forgotten():
    """All threads read one word; the thread that was the last to do so may not write it yet."""
    read_first = "ld.global.u32 %r4, [%rd0];\nsetp.ne.s32 %p1, %r0, 63;\n@%p1 bra $L__END;\n"
    with pytest.raises(Fault, match="race"):
        run(read_first + "st.global.u32 [%rd0], %r4;\n$L__END:")


def test_a_shuffle_orders_no_memory():
    meeting = "shfl.sync.down.b32 %r5|%p1, %r0, 1, 31, -1;"
    with pytest.raises(Fault, match="race"):
        run(WRITE_OWN + "\n" + meeting + READ_NEXT + STORE, threads=32)


def test_teams_meet_without_each_other():
    """Each thread group has a barrier of its own; what another thread group wrote is not seen by that."""
    apart = """
	setp.ne.s32 %p1, %r1, 0;
	@%p1 bra $L__SECOND;
	st.global.u32 [%rd2], %r0;
	barrier.sync 1, 32;
	bra $L__END;
$L__SECOND:
	barrier.sync 2, 32;
	ld.global.u32 %r4, [%rd2+{}];
$L__END:
"""
    run(apart.format(128), groups=2, threads=32)
    with pytest.raises(Fault, match=r"race: thread 32 .* loads"):
        run(apart.format(0), groups=2, threads=32)


def test_blocks_meet_nowhere():
    run("ld.global.u32 %r4, [%rd2];", blocks=2)
    with pytest.raises(Fault, match=r"race: thread 0 of block 1 stores .* thread 0 of block 0 was there"):
        run("st.global.u32 [%rd2], %r2;", blocks=2)


def test_a_launch_sees_what_the_one_before_did():
    machine = Machine()
    address = machine.allocate(256)
    writing = snippet("st.global.u32 [%rd2], %r0;")
    reading = snippet(
        "sub.s32 %r3, 63, %r0;\nmul.wide.u32 %rd4, %r3, 4;\nadd.s64 %rd4, %rd0, %rd4;\nst.u32 [%rd4], %r0;"
    )
    for program in (writing, reading, writing):
        machine.launch(program, 1, (64, 1), 256, (address,))
    found = np.zeros(64, np.int32)
    machine.download(found, address)
    np.testing.assert_array_equal(found, np.arange(64))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "ld.global.u32 %r4, [%rd2+4];",
            r"outside: thread 63 of block 0 loads 4 bytes at byte 256 of a segment of 256",
        ),
        ("st.u32 [%rd2+-4], %r0;", r"outside: thread 0 of block 0 stores .*`st.u32 \[%rd2\+-4\], %r0;`"),
        ("ld.shared.u32 %r4, [%rd2];", "wrong space"),
        ("ld.global.u32 %r4, [%rd3];", "wrong space"),
        ("mov.u64 %rd4, 0;\nld.u32 %r4, [%rd4];", "outside"),
        ("ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%rd2];", "misaligned: thread 1 of block 0 loads 16 bytes"),
        ("ld.global.u64 %rd4, [%rd2];", "misaligned: thread 1"),
        ("ld.shared.u32 %r4, [%rd3];", "unwritten: thread 0"),
    ],
)
def test_memory_that_must_not_be_touched(body, said):
    with pytest.raises(Fault, match=said):
        run(body)


def test_memory_that_was_given_back():
    machine = Machine()
    address = machine.allocate(256)
    machine.free(address)
    with pytest.raises(Fault, match="outside"):
        machine.launch(snippet("st.global.u32 [%rd2], %r0;"), 1, (64, 1), 0, (address,))


FIRST_WARP = "setp.lt.s32 %p1, %r0, 32;\n@%p1 bra $L__OTHER;\n{}\nbra $L__END;\n$L__OTHER:\n{}\n$L__END:"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (FIRST_WARP.format("bar.sync 0;", ""), r"nobody goes on: threads 32, 33, 34, 35 and 28 more at .*; 32 of 64"),
        (FIRST_WARP.format("bar.sync 0;", "bar.sync 0;"), "different barriers"),
        (FIRST_WARP.format("barrier.sync 1, 64;", "barrier.sync 2, 64;"), "nobody goes on"),
        (FIRST_WARP.format("barrier.sync 1, 64;", "barrier.sync 1, 32;"), "a barrier for 32 or 64 threads"),
        ("barrier.sync 1, 32;", "more than the 32 threads"),
        ("barrier.sync 1, 48;", "a barrier for 48 threads"),
        ("setp.lt.s32 %p1, %r0, 9;\n@%p1 bar.sync 0;", "nobody goes on"),
        ("setp.lt.s32 %p1, %r0, 9;\n@%p1 shfl.sync.down.b32 %r5, %r0, 1, 31, -1;", "nobody goes on"),
        ("shfl.sync.down.b32 %r5, %r0, 1, 31, 255;", "not for the whole warp"),
    ],
)
def test_threads_that_do_not_meet(body, said):
    with pytest.raises(Fault, match=said):
        run(body)


@pytest.mark.parametrize("order", ORDERS)
def test_a_shuffle_gives_what_threads_further_on_have(order):
    found = run("shfl.sync.down.b32 %r4|%p1, %r0, 4, 31, -1;\n@!%p1 neg.s32 %r4, %r4;\n" + STORE, order=order)
    thread = np.arange(64)
    np.testing.assert_array_equal(found, np.where(thread % 32 < 28, thread + 4, -thread))


def test_what_threads_did_is_counted():
    machine = Machine()
    address = machine.allocate(256)
    body = "setp.lt.s32 %p1, %r0, 32;\n@%p1 bra $L__END;\nfma.rn.f32 %f1, %f1, %f1, %f1;\n$L__END:\nbar.sync 0;\n"
    machine.launch(snippet(body + "st.global.u32 [%rd2], %r0;"), 1, (64, 1), 0, (address,))
    assert set(machine.counts["stores"]) == set(machine.counts["barriers"]) == {1}
    np.testing.assert_array_equal(machine.counts["fused multiplications"], [0] * 32 + [1] * 32)
    assert machine.counts["instructions"][32] - machine.counts["instructions"][0] == 1


@pytest.mark.parametrize(
    "instruction",
    [
        "atom.add.u32 %r4, [%rd2], 1",
        "add.sat.s32 %r4, %r0, 1",
        "bar.arrive 0, 64",
        "shfl.sync.up.b32 %r4, %r0, 1, 0, -1",
    ],
)
def test_what_is_not_understood_is_named(instruction):
    with pytest.raises(NotUnderstood, match=instruction.split()[0]):
        snippet(instruction + ";")


CALLING = """
.version 8.0
.global .align 4 .b8 table[8] = {1, 0, 0, 0, 2, 1, 0, 0};
.visible .entry snippet(
	.param .u64 words
)
{
	.reg .b32 %r<9>;
	.reg .b64 %rd<9>;
	ld.param.u64 %rd0, [words];
	mov.u32 %r0, %tid.x;
	mul.wide.u32 %rd1, %r0, 4;
	add.s64 %rd2, %rd0, %rd1;
	{ // callseq 0, 0
	.reg .b32 temp_param_reg;
	.param .b32 param0;
	st.param.b32 	[param0+0], %r0;
	.param .align 8 .b8 retval0[16];
	call.uni (retval0),
	sum,
	(
	param0
	);
	ld.param.b32 	%r1, [retval0+8];
	} // callseq 0
	st.global.u32 [%rd2], %r1;
	ret;
}
.func  (.param .align 8 .b8 func_retval0[16]) sum(
	.param .b32 sum_param_0
)
{
	.local .align 8 .b8 	__local_depot1[8];
	.reg .b64 	%SPL;
	.reg .b32 %r<9>;
	.reg .b64 %rd<9>;
	mov.u64 	%SPL, __local_depot1;
	ld.param.u32 %r0, [sum_param_0];
	mov.u64 %rd1, table;
	ld.global.nc.u32 %r1, [%rd1+4];
	add.s32 %r2, %r0, %r1;
	st.local.u32 [%SPL+4], %r2;
	ld.local.u32 %r3, [%SPL+4];
	st.param.b32 	[func_retval0+8], %r3;
	ret;
}
"""


def test_a_function_with_constants_and_memory_of_its_own():
    machine = Machine()
    address = machine.allocate(256)
    machine.launch(Code(CALLING), 1, (64, 1), 0, (address,))
    found = np.zeros(64, np.int32)
    machine.download(found, address)
    np.testing.assert_array_equal(found, np.arange(64) + 258)
