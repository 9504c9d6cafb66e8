"""Tests in `simulated` run in a process of their own, which `test_simulator.py` starts: numba decides on its simulator
when it is imported."""

from __future__ import annotations

import os

import pytest

from kernels.targets.cuda import driver
from kernels.targets.cuda.driver_answers import DeviceProblem

collect_ignore = [] if os.environ.get("NUMBA_ENABLE_CUDASIM") == "1" else ["simulated"]


@pytest.fixture
def install(monkeypatch):
    """Puts a driver in the place of the real one, or, for a sentence, a machine on which nothing can be used."""
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(driver, "toolkit_version", lambda: 13)

    def put(new):
        def bindings():
            if isinstance(new, str):
                raise DeviceProblem(new)
            return new

        monkeypatch.setattr(driver, "_bindings", bindings)
        driver._initialised.cache_clear()
        driver.device.cache_clear()
        return new

    yield put
    driver._initialised.cache_clear()
    driver.device.cache_clear()
