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
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", str(FOLDER / f"{name}.py")],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        cwd=FOLDER.parents[2],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
