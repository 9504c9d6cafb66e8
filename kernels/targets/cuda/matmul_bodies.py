"""What `kernels.targets.cuda.matmul.multiplied` does on each kind of target; loaded only where something has to be
compiled, since it needs numba."""

from __future__ import annotations

from kernels.language import REALS
from kernels.targets.cuda import code_generation, matmul_interpreted, matmul_options, matmul_tiled
from kernels.targets.cuda.matmul import TILED_FROM, multiplied

for _real_name in REALS:
    _direct = matmul_interpreted.product(_real_name)
    multiplied.on("cuda", _real_name)(_direct)
    _arguments = ", ".join(matmul_options.ARGUMENTS)
    _choice = f"""
def chosen_by_size({_arguments}):
    if rows * columns >= {TILED_FROM * matmul_tiled.THREADS}:
        tiled({_arguments})
    else:
        direct({_arguments})
"""
    _names = {
        "direct": code_generation.on_device(_direct),
        "tiled": code_generation.on_device(matmul_tiled.product(matmul_tiled.BY_GROUP, _real_name)),
    }
    multiplied.on("cuda-tiles", _real_name)(code_generation.generated("chosen_by_size", _choice, _names))
    # What is too small for tiles is specialized in another way (`kernels.targets.cuda.matmul_specialized`).
    multiplied.on("cuda-specialized", _real_name)(matmul_tiled.product(matmul_tiled.BY_GROUP, _real_name))
    multiplied.on("cuda-grid", _real_name)(matmul_tiled.product(matmul_tiled.BY_GRID, _real_name))
