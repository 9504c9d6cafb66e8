"""How replicas are trained for one chunk: to which step, and what follows from it (pace, measurements, divergence)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from lab.session.pace import Pacing
from lab.session.recorder import Recorder
from lab.session.replica import Replica
from lab.session.roster import Roster
from lab.tasks.divergence import bad_weights
from lab.tasks.side_by_side import advance_together
from lab.tasks.task import Measurements

CHUNK = 0.03
"""Seconds of training, about, after which what was asked for (pause, change, stop) is looked at."""


class Chunks:
    """Takes replicas from where they are to where the session wants them next; called by the thread that has them."""

    def __init__(self, roster: Roster, recorder: Recorder, pacing: Pacing) -> None:
        self._roster, self._recorder, self._pacing = roster, recorder, pacing

    def begin(self, replica: Replica, let_run: Callable[[Replica], bool]) -> None:
        """Take memory for a replica, and put it at its first step.

        let_run: counts it as running; False if it was removed meanwhile
        """
        begun = time.monotonic()
        experiment = replica.built or self._roster.build(replica)
        replica.built = None
        experiment.prepare()
        replica.experiment = experiment
        if not let_run(replica):
            return
        if replica.begin is not None:
            replica.begin(replica)
        else:
            self._recorder.begin(replica)
        replica.seconds_worked += time.monotonic() - begun

    def advance(self, replicas: Sequence[Replica], paused: bool) -> None:
        """Train to the next measurement, or as far as about `CHUNK` seconds go.

        paused: whether the session is, so that nobody goes beyond the step at which it is to halt
        """
        if not replicas:
            return
        begun = time.monotonic()
        asked = [(each, each.running, self._target(each, paused)) for each in replicas]
        before = [experiment.step for _, experiment, _ in asked]
        measured = advance_together(
            [(experiment, target - experiment.step) for _, experiment, target in asked],
            [each.variant.scenario.train.measure for each in replicas],
        )
        spent = time.monotonic() - begun
        for (replica, experiment, _), step, some in zip(asked, before, measured, strict=True):
            self._advanced(replica, experiment.step - step, begun, spent, some)

    def _target(self, replica: Replica, paused: bool) -> int:
        """The step to go to before anything else is done with a replica."""
        experiment = replica.running
        every, before = replica.variant.scenario.train.measure, experiment.step
        target = self._roster.last_step(replica)
        if not experiment.measures_on_the_way:
            target = min(target, before - before % every + every)
        if replica.halt_at is not None and paused:
            target = min(target, replica.halt_at)
        if replica.steps_per_second:
            target = min(target, before + max(1, int(replica.steps_per_second * CHUNK)))
        else:
            target = min(target, before + 1)
        if not paused and (allowed := self._pacing.target(before)) is not None:
            target = min(target, allowed)
        return target

    def _advanced(self, replica: Replica, done: int, begun: float, spent: float, measured: Measurements) -> None:
        """What follows a stretch of training: `done` steps that took `spent` seconds from `begun` on, and what was
        measured on the way."""
        experiment, every = replica.running, replica.variant.scenario.train.measure
        if done and spent > 0:
            rate = done / spent
            replica.steps_per_second = rate if done > 1 else (replica.steps_per_second or rate)
            replica.fastest = max(replica.fastest, rate)
        message = experiment.diverged()
        ends = experiment.step >= self._roster.last_step(replica)
        if ends and message is None:
            message = bad_weights(experiment)
        ends = ends or experiment.step == replica.halt_at
        self._recorder.record(
            replica,
            [each for each in measured if each[0] % every == 0 and (each[0] < experiment.step or message is None)],
        )
        if message is not None:
            replica.state, replica.message = "diverged", message
            self._recorder.measure(replica, message)
            self._recorder.tell_end(replica)
        elif ends or experiment.step % every == 0:
            self._recorder.measure(replica)
        replica.seconds_worked += time.monotonic() - begun
        self._pacing.advanced(replica, experiment.step - done, begun)
        self._recorder.draw_and_save_if_due(replica)
