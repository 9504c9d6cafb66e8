"""Tests in `simulated` run in a process of their own, which `test_simulator.py` starts: numba decides on its simulator
when it is imported."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("NUMBA_ENABLE_CUDASIM") == "1" else ["simulated"]
