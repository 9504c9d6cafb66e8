"""What every test can rely on: a run store of its own, and compiled kernels that are kept between runs."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kernels.cores import available_cores

# How long an example takes, and how long it takes to draw one, says something about the machine alone.
settings.register_profile("lab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lab")

# Seven thousand tests and a compiler are in memory for good; to look for garbage among them as often as is usual would
# take a twentieth of the time.
gc.set_threshold(*gc.get_threshold()[:2], 100)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the reader's own runs, settings or progress."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LAB_CONFIG", str(tmp_path / "config"))
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: tests of screens and of other processes mostly wait."""
    return available_cores() + 1


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes and long texts are not part of a test's name, which must be the same in every process: a gzip file has the
    time in it at which it was made."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > 60) else None
