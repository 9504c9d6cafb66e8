"""Every claim of the curriculum on several seeds. Slow: `pytest -m verify`."""

from __future__ import annotations

import pytest

from lab.scenario import library, load
from lab.session import Session
from lab.tasks import check

ENTRIES = library()
SEEDS = range(200, 210)


@pytest.mark.verify
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.slug for entry in ENTRIES])
def test_claims_hold_on_nine_of_ten_seeds(entry):
    loaded = load(entry.path)
    check(loaded)
    session = Session(loaded, seeds=SEEDS)
    session.start()
    assert session.wait(1800)
    assert session.verdicts
    for verdict in session.verdicts:
        assert verdict.held, f"{verdict.says} {verdict.evidence}"
