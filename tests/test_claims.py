"""Every claim of the curriculum on several seeds. Slow: `pytest -m verify`."""

from __future__ import annotations

import pytest

from lab.scenario import library, load
from lab.tasks import check
from lab.verification import Verification

ENTRIES = library()
SEEDS = range(200, 210)


@pytest.mark.verify
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.slug for entry in ENTRIES])
def test_claims_hold_on_nine_of_ten_seeds(entry):
    loaded = load(entry.path)
    check(loaded)
    verification = Verification([loaded], SEEDS)
    verification.start()
    assert verification.wait(1800)
    (report,) = verification.reports
    assert report.claims
    for claim in report.claims:
        evidence = {
            seed: verdict.evidence[seed]
            for seed in claim.missed
            for verdict in report.verdicts[seed]
            if verdict.says == claim.says
        }
        assert claim.held, f"{claim.says} {evidence}"
