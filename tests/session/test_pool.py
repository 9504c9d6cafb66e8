"""Sessions that run a few at a time: in their order, as many as asked, none after a stop."""

from __future__ import annotations

import threading

import pytest

from lab.session.pool import Pool


class Waiting:
    """A session that runs until it is stopped or let go."""

    def __init__(self, log):
        self.log, self.gate = log, threading.Event()

    def start(self):
        self.log.append("began")

    def wait(self):
        assert self.gate.wait(20)

    def stop(self):
        self.log.append("stopped")
        self.gate.set()


def test_after_a_stop_what_runs_is_stopped_and_the_others_never_begin():
    log, ended, begun = [], [], threading.Event()

    def make():
        begun.set()
        return Waiting(log)

    pool = Pool([make] * 3, 1, ended.append)
    pool.start()
    assert begun.wait(20)
    while not pool.running:
        pass
    pool.stop()
    assert pool.wait(20)
    assert sorted(log) == ["began", "stopped"]
    assert len(ended) == 1
    assert pool.running == []


def test_what_made_a_session_fail_is_raised_and_the_others_never_begin():
    made = []

    def fail():
        made.append(1)
        raise ZeroDivisionError

    pool = Pool([fail] * 3, 1, lambda session: None)
    pool.start()
    with pytest.raises(ZeroDivisionError):
        pool.wait(20)
    assert made == [1]
