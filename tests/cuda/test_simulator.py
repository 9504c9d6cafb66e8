"""The CUDA target without a GPU: numba's simulator runs threads as Python, and its device has this process's memory.

Each file of `simulated` runs in a process of its own, since numba decides on the simulator when it is imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cuda.needs import needs_compiler

FOLDER = Path(__file__).parent / "simulated"


@needs_compiler
@pytest.mark.cuda
@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("test_*.py")))
def test_simulated(name):
    run(name, "not verify")


@needs_compiler
@pytest.mark.verify
@pytest.mark.parametrize("name", ["test_failing", "test_sessions", "test_training"])
def test_simulated_in_every_mode(name):
    run(name, "verify")


def run(name: str, marks: str) -> None:
    """The tests of one file that have such marks, all of which pass."""
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", marks, "-p", "no:cacheprovider", "--color=no",
            str(FOLDER / f"{name}.py"),
        ],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        cwd=FOLDER.parents[2],
        capture_output=True,
        text=True,
        timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
