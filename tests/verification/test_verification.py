"""Checking claims on many seeds: the same verdicts as one scenario after the other, and times that mean something."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from lab.cli.verification import as_json, table
from lab.errors import BadInput
from lab.events import Claimed
from lab.scenario import library, load
from lab.scenario.loading import load_text
from lab.session import Session
from lab.tasks import judges_time
from lab.verification import ClaimReport, Verification, merged
from lab.verification.claim_report import NO_SURPRISES

from ..session.scenarios import HOT, SMALL, small

LONGER = SMALL.replace("steps: 60", "steps: 300").replace("spiral", "circles")
NARROW = SMALL.replace("dense: 8", "dense: 3").replace("calm: {}", "calm: {optimizer.momentum: 0}")
TIMED = SMALL.replace("watch: [", "watch: [step_time, ").replace("last(calm.accuracy) > 1", "last(calm.step_time) > 0")


def several():
    return [small(), small(LONGER), small(NARROW), small(HOT)]


def one_after_the_other(loaded, seeds):
    session = Session(loaded, seeds=seeds, threads=1)
    session.start()
    session.wait()
    return session.verdicts


def test_verdicts_are_those_of_one_scenario_after_the_other():
    scenarios, seeds = several(), range(4)
    verification = Verification(scenarios, seeds, threads=3)
    verification.start()
    assert verification.wait(120)
    for report, loaded in zip(verification.reports, scenarios, strict=True):
        alone = one_after_the_other(loaded, seeds)
        for seed in seeds:
            # Evidence has every number of the claim in it, so it tells runs apart that differ in a digit.
            assert [each.evidence[seed] for each in report.verdicts[seed]] == [each.evidence[seed] for each in alone]
        judged = [each for each in report.claims if each.says != NO_SURPRISES]
        assert [(each.says, each.held) for each in judged] == [(each.says, each.held) for each in alone]
        assert [each.missed for each in judged] == [
            tuple(seed for seed, held in each.seeds.items() if not held) for each in alone
        ]
        assert report.seconds > 0
    assert verification.done == verification.total == 16
    assert verification.seconds_left == 0


def test_never_more_sessions_at_once_than_threads(monkeypatch):
    most, now, lock = 0, 0, threading.Lock()
    wait = Session.wait

    def counted(self, timeout=None):
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        done = wait(self, timeout)
        with lock:
            now -= 1
        return done

    monkeypatch.setattr(Session, "wait", counted)
    verification = Verification(several(), range(3), threads=2)
    verification.start()
    assert verification.wait(120)
    assert most == 2


def test_scenarios_about_time_run_last_and_alone(monkeypatch):
    running, order, lock = set(), [], threading.Lock()
    start, wait = Session.start, Session.wait

    def started(self, *arguments, **options):
        with lock:
            running.add(id(self))
            order.append((judges_time(self.loaded), len(running), self._scheduler._threads))
        start(self, *arguments, **options)

    def waited(self, timeout=None):
        done = wait(self, timeout)
        with lock:
            running.discard(id(self))
        return done

    monkeypatch.setattr(Session, "start", started)
    monkeypatch.setattr(Session, "wait", waited)
    verification = Verification([small(TIMED), *several()], range(2), threads=2)
    verification.start()
    assert verification.wait(120)
    assert [timed for timed, _, _ in order] == [False] * 8 + [True] * 2
    assert all(beside == threads == 1 for timed, beside, threads in order if timed)
    assert [report.alone for report in verification.reports] == [True, False, False, False, False]


def test_claims_about_time_are_found_in_the_curriculum():
    timed = {entry.slug for entry in library() if judges_time(load(entry.path))}
    assert {"exp-is-expensive", "minibatch", "newton", "one-sigmoid-gate"} <= timed
    assert not {"dead-relu", "adam", "k-fold"} & timed


def test_a_time_that_is_only_watched_is_no_reason_to_run_alone():
    assert judges_time(small(TIMED))
    assert not judges_time(small(SMALL.replace("watch: [", "watch: [step_time, ")))


def test_fewer_units_than_threads_use_all_threads(monkeypatch):
    threads, start = [], Session.start
    monkeypatch.setattr(Session, "start", lambda self: (threads.append(self._scheduler._threads), start(self)))
    verification = Verification([small()], [0], threads=2)
    verification.start()
    assert verification.wait(60)
    assert threads == [2]


def test_what_is_done_when_it_is_stopped_counts():
    endless = small(SMALL.replace("steps: 60", "steps: 1000000000"))
    verification = Verification([small(), endless], [0, 1], threads=1)
    verification.start()
    deadline = time.monotonic() + 60
    while verification.done < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert verification.complete == verification.reports[:1]
    verification.stop()
    assert verification.wait(30)
    assert verification.done == 2
    assert [len(each.verdicts) for each in verification.reports] == [2, 0]
    assert verification.reports[1].claims == []


def test_a_variant_that_diverges_unasked_falls_short():
    verification = Verification([small(HOT)], [0, 1], threads=2)
    verification.start()
    assert verification.wait(60)
    surprise = verification.reports[0].claims[-1]
    assert (surprise.says, surprise.held, surprise.missed) == (NO_SURPRISES, False, (0, 1))


def test_what_fails_is_raised_and_the_others_stop(tmp_path):
    gone = tmp_path / "table.csv"
    gone.write_text("x,y,kind\n" + "".join(f"{n},{n % 3},{'ab'[n % 2]}\n" for n in range(40)))
    text = SMALL.replace("{name: spiral, points: 60}", "{csv: table.csv, target: kind}")
    broken = load_text(text, Path(tmp_path / "broken.yaml"))
    gone.unlink()
    verification = Verification([broken, *several()], range(5), threads=1)
    verification.start()
    with pytest.raises(BadInput, match=r"table\.csv"):
        verification.wait(60)
    assert verification.done == 0


def test_what_was_set_from_outside_is_said_of_the_claims_that_it_concerns():
    verification = Verification([small(overrides={"variants.quick.optimizer.rate": 0.4})], [0])
    verification.start()
    assert verification.wait(60)
    about_both, about_one = verification.reports[0].claims[:2]
    assert about_both.changed == {"variants.quick.optimizer.rate": 0.4}
    assert about_one.changed == {}
    told = table(verification.reports, 1.0, markdown=False)
    note = "(judged with variants.quick.optimizer.rate = 0.4; the claim is about the scenario's own)"
    assert [note in line for line in told[:2]] == [True, False]
    assert json.loads(as_json(verification.reports[0])[0])["changed"] == dict(about_both.changed)


def test_wilson_interval():
    """Against the figures in Newcombe, "Two-sided confidence intervals for the single proportion", 1998."""
    assert ClaimReport("", tuple(range(263)), tuple(range(182))).interval == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert ClaimReport("", tuple(range(148)), tuple(range(133))).interval == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert ClaimReport("", tuple(range(20)), tuple(range(20))).interval == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert ClaimReport("", tuple(range(29)), tuple(range(28))).interval == pytest.approx((0.0061, 0.1718), abs=1e-4)


def test_seeds_are_merged_in_their_order():
    def verdict(seed, held):
        return Claimed("It holds.", "", held, {seed: held}, {seed: ""})

    claim, surprise = merged({3: [verdict(3, True)], 1: [verdict(1, False)], 2: [verdict(2, True)]}, [3])
    assert (claim.seeds, claim.missed, claim.held_on, claim.held) == ((1, 2, 3), (1,), 2, False)
    assert surprise.missed == (3,)
    assert merged({}, []) == []
