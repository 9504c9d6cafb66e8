"""What makes the simulator quicker, and quieter."""

from __future__ import annotations

import sys

import pytest

from kernels.targets.cuda import grid_launches


@pytest.fixture
def no_tiles(monkeypatch):
    """Products for the whole GPU as other kernels do them: tiles take 256 simulated threads each."""
    monkeypatch.setattr(grid_launches, "tiled", False)
    grid_launches.row_kernels.cache_clear()
    yield
    grid_launches.row_kernels.cache_clear()


def pytest_configure(config: pytest.Config) -> None:
    # Its threads are Python's, and one of them waits in a loop for the others to come to a barrier.
    sys.setswitchinterval(5e-5)
    # NumPy warns in each of them anew.
    config.addinivalue_line("filterwarnings", "ignore::RuntimeWarning")
