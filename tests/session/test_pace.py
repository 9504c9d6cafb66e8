"""A pace slows a run so that it can be watched: nothing that is measured depends on it."""

from __future__ import annotations

import numpy as np
import pytest

from lab.session import Session
from lab.session.pace import LONGEST, Pacing, Watched
from lab.session.roster import Roster

from .scenarios import SMALL, small
from .test_session import curves, finished, same, until


@pytest.mark.parametrize(
    ("steps", "slow_until"), [(2000, None), (2000, 100), (2000, 900), (200, 100), (200, 150), (60, 1), (1, None)]
)
def test_all_steps_take_the_time_and_early_ones_the_longest(steps, slow_until):
    pace = Watched(steps, 15.0, slow_until)
    every = np.arange(steps + 1)
    due = np.array([pace.seconds_at(each) for each in every])
    assert due[0] == 0
    assert due[-1] == pytest.approx(15.0)
    assert (np.diff(due) > 0).all()
    assert [pace.step_at(each) for each in due] == pytest.approx(every.tolist(), rel=1e-6, abs=1e-6)
    if steps > 1:
        assert due[1] == max(np.diff(due))
        assert due[max(1, steps // 10)] > 15.0 / 5
    if slow_until == 100 and steps == 2000:
        assert due[100] == pytest.approx(7.5)
        assert pace.seconds_at(3000) > 15.0  # steps beyond what was expected


def test_a_paced_run_has_the_same_bits_and_its_variants_keep_together():
    plain = finished(steps=300)
    session = Session(small(), steps=300, threads=2)
    session.pace(2.0, 60)
    apart = []
    session.also(lambda event: apart.append({each.steps_done for each in session.replicas if not each.over}))
    session.start()
    assert session.wait(120)
    assert same(curves(session), curves(plain))
    for one, other in zip(session.replicas, plain.replicas, strict=True):
        weights = one.experiment.weights(), other.experiment.weights()
        assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert all(max(each) - min(each) <= 0.1 * 300 for each in apart if each)


def test_a_paced_run_is_paused_rewound_and_goes_on_at_full_speed():
    session = Session(small(), steps=400, threads=2)
    session.pace(3600.0)
    session.start(keep_open=True)
    until(lambda: all(each.experiment is not None for each in session.replicas))
    session.pause()
    until(lambda: session.idle)
    assert max(each.steps_done for each in session.replicas) < 100
    reached = [each.steps_done for each in session.replicas]
    session.single_step(30)  # which is not slowed down
    until(lambda: session.idle)
    assert [each.steps_done for each in session.replicas] == [each + 30 for each in reached]
    session.rewind("calm", 0)
    session.resume()
    session.pace(None)
    until(lambda: session.finished)
    assert {each.steps_done for each in session.replicas} == {400}
    session.stop()
    assert session.wait(30)


def test_a_run_that_takes_long_anyway_is_not_slowed():
    roster = Roster(small(), None, None, 1000, ("cpu",))
    pacing = Pacing(roster, threads=1)
    pacing.take(Watched(1000, 15.0))
    one, other = roster.replicas
    one.not_before = 1e18  # not due for long
    assert not pacing.allows(one)
    one.fastest = other.fastest = 2 * 1000 / LONGEST * 1.1  # both, one after the other, take less
    assert not pacing.allows(one)
    one.fastest = other.fastest = 2 * 1000 / LONGEST * 0.9
    assert pacing.allows(one)
    pacing.take(None)
    assert pacing.target(5) is None


def test_a_variant_that_ends_long_before_the_others_is_seen():
    session = Session(small(SMALL.replace("quick: {", "quick: {train.steps: 5, ")), threads=2)
    asked = []
    session._scheduler._take_pace = asked.append
    session.pace(15.0)
    assert asked[0].seconds_at(5) == pytest.approx(7.5)
    session.pace(15.0, 20)
    assert asked[1].seconds_at(20) == pytest.approx(7.5)


def test_the_time_left_is_what_the_pace_still_takes():
    session = Session(small(), steps=400, threads=2)
    name = session.variants[0].name
    assert session.paced_seconds_left(name) is None
    session.pace(20.0)
    assert session.paced_seconds_left(name) == pytest.approx(20.0)
    session.start(keep_open=True)
    until(lambda: all(each.steps_done > 2 for each in session.replicas))
    session.pause()
    until(lambda: session.idle)
    fewest = min(each.steps_done for each in session.replicas if each.variant.name == name)
    # With steps ~ seconds squared, the first hundredth of the steps takes a tenth of the time.
    assert session.paced_seconds_left(name) == pytest.approx(20.0 * (1 - (fewest / 400) ** 0.5))
    session.stop()
    assert session.wait(60)
