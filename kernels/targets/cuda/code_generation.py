"""Code for a GPU is generated as text; what it is made with, and what it may use.

Under numba's simulator (`NUMBA_ENABLE_CUDASIM=1`) functions stay Python and a thread is one of Python's. What generated
code may use has a version for each: `kernels.targets.cuda.intrinsics` and `kernels.targets.cuda.simulated_intrinsics`.
Shared memory is what CUDA calls so; data that replicas have in common is never called that here. A block of threads is
`blockDim.y` thread groups of `blockDim.x` threads; a thread group works on one replica.

Only who compiles something needs numba: a run whose code is kept starts without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from kernels.language import REALS
from kernels.targets.cuda.simulated_device import simulating

SIMULATED = simulating()
WARP = 1 if SIMULATED else 32
"""Threads that run in step and can read each other's registers; the simulator knows no such thing."""
HEADER_BYTES = 16
"""Bytes at the beginning of a block's shared memory, before the memory of its thread groups."""
REDUCTION_BYTES = 512
"""Bytes at the beginning of a thread group's shared memory, in which its threads' results are combined."""
NUMBERS = ("int32", "int64", *REALS)


def on_device(function: Callable) -> Any:
    """A function that others on the device call."""
    from kernels.targets.cuda.numba_cuda import cuda

    return cuda.jit(device=True, **({} if SIMULATED else {"forceinline": True}))(function)


def generated(name: str, source: str, names: dict[str, Any], plain: bool = False) -> Callable:
    """The function `name` of a generated text, which may use `PROVIDED` and `names`.

    plain: whether `kernels.targets.cuda.plain_code` can do without numba for it
    """
    from kernels.targets.cuda.numba_cuda import cuda

    namespace: dict[str, Any] = {"cuda": cuda, **PROVIDED, **names}
    exec(compile(source, f"<generated {name}>", "exec"), namespace)
    if plain:
        _PLAIN[namespace[name]] = source
    return namespace[name]


_PLAIN: WeakKeyDictionary[Callable, str] = WeakKeyDictionary()


def text_of(function: Callable) -> str | None:
    """The text of a generated function that is plain; None for others."""
    return _PLAIN.get(function)


PROVIDED: dict[str, Any] = {}
"""What generated code may use:

int64_pointer(address), float32_pointer, …  a pointer to numbers of one type
float32_global_pointer(address), float64_…  the same, for what is always in the GPU's memory
group_sync()                                a barrier for one thread group, which works on one replica
int64_shared(offset), float32_shared, …     a pointer into the thread group's shared memory, at so many bytes
block_shared_memory()                       the first eight bytes of the block's: how many each thread group has
view(pointer, offset, shape)                the array of this shape, an integer or a tuple, behind a pointer
view_at_constant(pointer, offset, shape)    the same, for an offset that is known when it is compiled
to_int32(number)                            a whole number in 32 bits
assume_positive(number)                     the number, of which the compiler then knows that it is positive
assume_equal(number, known)                 the number, of which the compiler then knows that it is this one
opaque(number)                              the number, of which the compiler then knows nothing, so that what follows
                                            from it is computed again and not kept in registers
select_base(first, second, offset)          (first, offset), or, for a negative offset, (second, -1 - offset)
load2(numbers, index), load4                so many from a place on that is aligned to them, or to 16 bytes, of an array
                                            or behind a pointer
store2(numbers, index, first, second), …    the same for writing
offset_pointer(pointer, offset)             a pointer to what is so many numbers further on
pointer_into(numbers, index)                a pointer to a number of an array, from which others lie at known distances
"""
