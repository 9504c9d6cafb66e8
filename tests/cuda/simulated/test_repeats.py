"""Loops of a plan by simulated threads: by the interpreter, by code made for the plan, and by the whole GPU."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.jobs import ReplicaPrograms
from kernels.targets.cuda import tabled_rows
from lab.graph.devices import on, settle
from lab.graph.running import specialize
from tests.graph.unrolled import Unrolled, written_out


@pytest.mark.parametrize(
    ("mode", "specialized", "by_kinds"),
    [("block", False, False), ("block", True, False), ("block", True, True), ("grid", False, False)],
    ids=["rows", "code", "code by kinds of rows", "grid"],
)
def test_bits_are_those_of_rows_written_out(mode, specialized, by_kinds, no_tiles, monkeypatch):
    monkeypatch.setattr(tabled_rows, "worth", lambda *_: by_kinds)
    made = Unrolled(6)
    found = []
    for plan in (made.plan, written_out(made.plan)):
        with on("cuda:0", mode, 1, specialized):
            memory = made.memory()
            settle(memory, plan)
            if specialized:
                specialize([ReplicaPrograms(plan)], 1, "cuda:0")
            found.append(made.run(plan, memory=memory))
    np.testing.assert_allclose(found[0], made.run(made.plan), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found[0], found[1])
