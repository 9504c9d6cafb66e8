"""What makes the simulator quicker, and quieter."""

from __future__ import annotations

import sys

import pytest

from kernels.targets.cuda import row_kernels
from tests.cuda.simulated import barrier


@pytest.fixture
def no_tiles(monkeypatch):
    """Products for the whole GPU as other kernels do them: tiles take 256 simulated threads each."""
    monkeypatch.setattr(row_kernels, "tiled", False)
    row_kernels.of_device.cache_clear()
    yield
    row_kernels.of_device.cache_clear()


def pytest_configure(config: pytest.Config) -> None:
    barrier.install()
    # Its threads are Python's: they are to overtake each other between two barriers as those of a GPU do.
    sys.setswitchinterval(5e-5)
    # NumPy warns in each of them anew.
    config.addinivalue_line("filterwarnings", "ignore::RuntimeWarning")
