"""What is compiled for a GPU keeps NaN where it takes the largest of several numbers, as the CPU does."""

from __future__ import annotations

from unittest import mock

import pytest

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.targets.cuda import interpreter_kernels
from kernels.targets.cuda.launch_configuration import FEWEST_THREADS
from kernels.targets.cuda.memory import Memory
from tests.cuda.ptx_gpu import machine
from tests.kernels.nan_cases import CASES, KERNELS
from tests.kernels.running import all_kernels


@pytest.mark.cuda
def test_nan_stays():
    with machine(), mock.patch.object(Memory, "threads_of", return_value=FEWEST_THREADS):
        interpreter_kernels.interpreter(0, [all_kernels()[name] for name in KERNELS], "float32", False)
        for check in CASES.values():
            check({"target": "cuda", "dtype": "float32"})
