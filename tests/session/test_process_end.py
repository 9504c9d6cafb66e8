"""A process that ends while something trains ends as it would without that, and not with a segmentation fault."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import time
from functools import partial
from lab.scenario import load
from lab.session import Session
from lab.session.pool import Pool

loaded = load("lenet5", {"train.steps": 1_000_000})
make = partial(Session, loaded, pictures=False)
session = make()

def late():
    print("something is built while the process ends", file=sys.stderr)
    return make()

if %(pool)r:
    pool = Pool([lambda: session, late, late], 1, lambda ended: None)
    pool.start()
else:
    session.start()
while not any(each.steps_done for each in session.replicas):
    time.sleep(0.05)
raise SystemExit(7)
"""


@pytest.mark.parametrize("pool", [False, True], ids=["a session", "many"])
def test_a_process_may_end_while_something_trains(pool):
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT % {"pool": pool}], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 7, ended.stderr
    assert not ended.stderr
