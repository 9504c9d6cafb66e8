"""What tests of the CUDA target need to be there, none of it a GPU."""

from __future__ import annotations

import importlib.util

import pytest

needs_compiler = pytest.mark.skipif(
    importlib.util.find_spec("numba_cuda") is None,
    reason="numba-cuda is not installed: pip install '.[cuda]'",
)
