"""What kernels share with a thread group on a GPU: barriers, reductions, and functions of CUDA's library."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kernels.elementary import exp, expm1, log, log1p, tanh
from kernels.language import REALS
from kernels.targets.cuda.code_generation import (
    HEADER_BYTES,
    NUMBERS,
    PROVIDED,
    SIMULATED,
    WARP,
    generated,
    on_device,
)
from kernels.targets.cuda.numba_cuda import cuda
from kernels.threads import max_over_threads, sum_over_threads, sync_threads

THREADS = (64, 128, 256)
"""How many threads the thread groups have for which code is made (`kernels.targets.cuda.launch_configuration`)."""
parts: Any = importlib.import_module(f"kernels.targets.cuda.{'simulated_intrinsics' if SIMULATED else 'intrinsics'}")

PROVIDED |= {f"{kind}_pointer": parts.pointer_to(kind) for kind in NUMBERS}
PROVIDED |= {f"{kind}_global_pointer": parts.pointer_to(kind, on_device=True) for kind in REALS}
PROVIDED |= {f"{kind}_shared_from_start": parts.shared_memory_pointer(kind) for kind in NUMBERS}
for _kind in NUMBERS:
    _text = f"""
def {_kind}_shared(offset):
    return {_kind}_shared_from_start({HEADER_BYTES} + cuda.threadIdx.y * int64_shared_from_start(0)[0] + offset)
"""
    PROVIDED[f"{_kind}_shared"] = on_device(generated(f"{_kind}_shared", _text, {}))
group_sync_of = parts.group_sync_of
PROVIDED["block_shared_memory"] = on_device(
    generated("block_shared_memory", "def block_shared_memory():\n    return int64_shared_from_start(0)\n", {})
)
PROVIDED |= {
    name: getattr(parts, name)
    for name in (
        "group_sync", "view", "view_at_constant", "to_int32", "assume_positive", "assume_equal", "opaque",
        "select_base", "offset_pointer", "pointer_into", "load2", "load4", "store2", "store4",
    )
}  # fmt: skip

if SIMULATED:

    def shuffle_down(value: Any, distance: int) -> Any:
        raise AssertionError("a warp of one thread has nobody to ask")

else:

    @cuda.jit(device=True, forceinline=True)
    def shuffle_down(value, distance):
        return cuda.shfl_down_sync(0xFFFFFFFF, value, distance)


def _combined(name: str, combine: str, real_name: str, threads: int | None = None) -> Callable:
    """A thread group's reduction: inside each warp by halves, then every thread combines the warps' results in their
    order.

    threads: of the group, where that is known
    """
    warps = -(-threads // WARP) if threads else f"(cuda.blockDim.x + {WARP - 1}) // {WARP}"
    source = f"""
def {name}(value):
    value = real(value)
    found = {real_name}_shared(0)
    thread = cuda.threadIdx.x
    distance = {WARP // 2}
    while distance > 0:
        other = shuffle_down(value, distance)
        value = {combine}
        distance //= 2
    if thread % {WARP} == 0:
        found[thread // {WARP}] = value
    group_sync()
    value = found[0]
    for index in range(1, {warps}):
        other = found[index]
        value = {combine}
    group_sync()
    return value
"""
    names = {"real": getattr(np, real_name), "shuffle_down": shuffle_down, "group_sync": group_sync_of(threads)}
    return generated(name, source, names)


for _threads in (None, *THREADS):
    _target = f"cuda-specialized-{_threads}" if _threads else "cuda"
    _names = {"group_sync": group_sync_of(_threads)}
    sync_threads.on(_target)(generated("sync_threads", "def sync_threads():\n    group_sync()\n", _names))
    for _real_name in REALS:
        _sum = _combined("sum_over_threads", "value + other", _real_name, _threads)
        _max = _combined("max_over_threads", "max(value, other)", _real_name, _threads)
        sum_over_threads.on(_target, _real_name)(_sum)
        max_over_threads.on(_target, _real_name)(_max)
if not SIMULATED:  # there NumPy's functions serve, which raise nothing where the result overflows
    for _device in (exp, expm1, log, log1p, tanh):
        _text = f"def {_device.name}(x):\n    return math.{_device.name}(x)\n"
        _device.on("cuda")(generated(_device.name, _text, {"math": math}))
