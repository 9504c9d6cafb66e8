"""A pytest plugin, `-p tests.mutation.durations`: how long each test took, into the file of MUTATION_DURATIONS."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

_seconds: dict[str, float] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up set-up, call and tear-down."""
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration


def pytest_sessionfinish() -> None:
    """Write the file; workers of xdist tell the process that started them, which writes it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        Path(os.environ["MUTATION_DURATIONS"]).write_text(json.dumps(_seconds), encoding="utf-8")
