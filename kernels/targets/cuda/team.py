"""What kernels share with a team of lanes on a GPU: barriers, reductions, and functions of CUDA's library."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kernels.elementary import exp, expm1, log, log1p, tanh
from kernels.lanes import lane_max, lane_sum, sync
from kernels.language import REALS
from kernels.targets.cuda.generation import (
    HEADER_BYTES,
    NUMBERS,
    PROVIDED,
    SIMULATED,
    WARP,
    generated,
    on_device,
)
from kernels.targets.cuda.numba_cuda import cuda

parts: Any = importlib.import_module(f"kernels.targets.cuda.{'simulation' if SIMULATED else 'intrinsics'}")

PROVIDED |= {f"{kind}_at": parts.pointer_to(kind) for kind in NUMBERS}
PROVIDED |= {f"{kind}_raw": parts.raw_scratch(kind) for kind in NUMBERS}
for _kind in NUMBERS:
    _text = f"""
def {_kind}_scratch(offset):
    return {_kind}_raw({HEADER_BYTES} + cuda.threadIdx.y * int64_raw(0)[0] + offset)
"""
    PROVIDED[f"{_kind}_scratch"] = on_device(generated(f"{_kind}_scratch", _text, {}))
PROVIDED["block_scratch"] = on_device(generated("block_scratch", "def block_scratch():\n    return int64_raw(0)\n", {}))
PROVIDED |= {
    "team_sync": parts.team_sync,
    "view": parts.view,
    "chosen": parts.chosen,
    "four": parts.four,
    "put_four": parts.put_four,
    "behind": parts.behind,
}
PROVIDED |= {"short": parts.short, "positive": parts.positive}

if SIMULATED:

    def from_further_on(value: Any, distance: int) -> Any:
        raise AssertionError("a warp of one lane has nobody to ask")

else:

    @cuda.jit(device=True, forceinline=True)
    def from_further_on(value, distance):
        return cuda.shfl_down_sync(0xFFFFFFFF, value, distance)


def _combined(name: str, combine: str, real_name: str) -> Callable:
    """A team's reduction: inside each warp by halves, then every lane combines the warps' results in their order."""
    source = f"""
def {name}(value):
    value = real(value)
    found = {real_name}_scratch(0)
    lane = cuda.threadIdx.x
    distance = {WARP // 2}
    while distance > 0:
        other = from_further_on(value, distance)
        value = {combine}
        distance //= 2
    if lane % {WARP} == 0:
        found[lane // {WARP}] = value
    team_sync()
    value = found[0]
    for index in range(1, (cuda.blockDim.x + {WARP - 1}) // {WARP}):
        other = found[index]
        value = {combine}
    team_sync()
    return value
"""
    return generated(name, source, {"real": getattr(np, real_name), "from_further_on": from_further_on})


sync.on("cuda")(generated("sync", "def sync():\n    team_sync()\n", {}))
for _real_name in REALS:
    lane_sum.on("cuda", _real_name)(_combined("lane_sum", "value + other", _real_name))
    lane_max.on("cuda", _real_name)(_combined("lane_max", "max(value, other)", _real_name))
if not SIMULATED:  # there NumPy's functions serve, which raise nothing where the result overflows
    for _device in (exp, expm1, log, log1p, tanh):
        _text = f"def {_device.name}(x):\n    return math.{_device.name}(x)\n"
        _device.on("cuda")(generated(_device.name, _text, {"math": math}))
