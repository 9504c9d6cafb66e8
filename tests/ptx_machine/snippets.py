"""Small programs of PTX for the machine's own tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.ptx_machine.block import Order, forwards
from tests.ptx_machine.code import Code
from tests.ptx_machine.machine import Machine

FRAME = """
.version 8.0
.target sm_90
.address_size 64
.extern .shared .align 16 .b8 lab_shared_memory[];
.visible .entry snippet(
	.param .u64 words
)
{
	.reg .pred %p<9>;
	.reg .b16 %rs<9>;
	.reg .b32 %r<20>;
	.reg .b64 %rd<20>;
	.reg .f32 %f<9>;
	.reg .f64 %fd<9>;
	ld.param.u64 %rd0, [words];
	mov.u32 %r0, %tid.x;
	mov.u32 %r1, %tid.y;
	mov.u32 %r2, %ctaid.x;
	mul.wide.u32 %rd1, %r0, 4;
	add.s64 %rd2, %rd0, %rd1;
	mov.u64 %rd3, lab_shared_memory;
	add.s64 %rd3, %rd3, %rd1;
"""
"""Before each body: %rd0 is the address of the words, %r0 to %r2 are a thread's place in its thread group, its thread
group and its block, %rd2 is the address of the thread's own word and %rd3 that of its word in shared memory."""


def snippet(body: str) -> Code:
    return Code(FRAME + body + "\n\tret;\n}\n")


def run(
    body: str,
    words: Sequence[int] | np.ndarray = (0,) * 64,
    threads: int = 64,
    groups: int = 1,
    blocks: int = 1,
    order: Order = forwards,
) -> np.ndarray:
    """The words that a body leaves of those it is given."""
    machine = Machine(order=order)
    array = np.array(words, getattr(words, "dtype", np.int32))
    address = machine.allocate(array.nbytes)
    machine.upload(address, array)
    machine.launch(snippet(body), blocks, (threads, groups), 4 * threads, (address,))
    machine.download(array, address)
    return array
