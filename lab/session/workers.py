"""The threads of a session: each takes replicas that have something to do, runs them for a slice, and puts them back.

On the CPU a thread runs one replica at a time. A GPU has one thread, which runs all of its replicas side by side. What
is wished of a replica (see `lab.session.session`) are commands in its queue, carried out between two chunks by whoever
runs it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Sequence

from kernels.targets.cuda.driver import DeviceProblem
from lab.errors import BadInput, DeviceMissing, InvalidValue, LabError
from lab.graph.devices import CPU, on
from lab.scenario import Loaded, Variant
from lab.session.measuring import Measuring
from lab.session.replica import Replica
from lab.tasks import task_of
from lab.tasks.side_by_side import advance_together, streams, taken_measurements

SLICE = 0.1
"""Seconds for which a replica runs before another one that is waiting gets its thread."""
CHUNK = 0.03
"""Seconds of training, about, after which wishes (pause, change, stop) are looked at."""


class Workers(Measuring):
    """Base of `lab.session.engine.Engine`."""

    loaded: Loaded
    steps: int | None
    mode: str
    replicas: list[Replica]
    _ready: deque[Replica]
    _changed: threading.Condition
    _active: int
    _failure: BaseException | None
    _stopping: bool
    _paused: bool
    _keep_open: bool
    _pace: float | None
    _specialized: frozenset[str]
    _pictures: float | None

    @property
    def on_gpu(self) -> bool:
        raise NotImplementedError

    def _fail(self, error: BaseException) -> None:
        raise NotImplementedError

    def _located(self, error: InvalidValue, variant: Variant) -> BadInput:
        raise NotImplementedError

    def _shared_by(self, device: str) -> int:
        # A device that has none yet may be given one, which is then computed as it would be on its own.
        return max(1, sum(each.device == device for each in self.replicas))

    def _work(self, device: str) -> None:
        with on(device, self.mode, self._shared_by(device), device in self._specialized):
            while taken := self._take(device):
                try:
                    with contextlib.ExitStack() as locks:
                        for replica in taken:
                            locks.enter_context(replica.lock)
                        self._run_slice(taken)
                except DeviceProblem as problem:
                    self._fail(DeviceMissing(str(problem)))
                except LabError as error:
                    self._fail(error)
                except BaseException as error:
                    self._fail(error)
                with self._changed:
                    self._active -= len(taken)
                    self._ready.extend(each for each in taken if not each.over or each.commands)
                    self._changed.notify_all()

    def _take(self, device: str) -> list[Replica]:
        """What a worker runs next: a replica that has something to do, on a GPU all that have; empty at the end."""
        most = 1 if device == CPU else len(self.replicas)
        with self._changed:
            while True:
                if self._stopping or self._failure is not None:
                    return []
                taken: list[Replica] = []
                for _ in range(len(self._ready)):
                    replica = self._ready.popleft()
                    if len(taken) < most and replica.device == device and self._can_run(replica):
                        taken.append(replica)
                    elif not replica.over or replica.commands:
                        self._ready.append(replica)
                if taken:
                    self._active += len(taken)
                    return taken
                if not self._ready and not self._active and not self._keep_open:
                    self._changed.notify_all()
                    return []
                self._changed.wait(self._patience())

    def _patience(self) -> float:
        """Seconds after which a waiting thread looks again by itself."""
        if self._pace is None or self._paused:
            return 0.5
        now = time.monotonic()
        return max(0.001, min((each.not_before - now for each in self._ready), default=0.5))

    def _can_run(self, replica: Replica) -> bool:
        if replica.commands:
            return True
        if replica.over:
            return False
        return replica.experiment is None or self._may_go_on(replica)

    def _may_go_on(self, replica: Replica) -> bool:
        """Whether pausing and pace allow a replica a further step."""
        if not self._paused:
            return self._pace is None or time.monotonic() >= replica.not_before
        return replica.goal is not None and replica.done < replica.goal

    def _run_slice(self, replicas: Sequence[Replica]) -> None:
        """Run replicas for a while: one on the CPU, on a GPU side by side."""
        end = time.monotonic() + SLICE
        for replica in replicas:
            if self._stopping:
                return
            if replica.experiment is None:
                self._build(replica)
            self._carry_out(replica)
        running = list(replicas)
        while running and not self._stopping:
            running = [each for each in running if not each.over and not each.commands]
            going = [each for each in running if each.done < self._goal(each) and self._may_go_on(each)]
            before = {id(each): each.done for each in going}
            self._advance(going)
            for replica in running:
                # More steps may have been asked for than there are.
                exhausted = replica.done == before.get(id(replica), -1)
                if (replica.done >= self._goal(replica) or exhausted) and not replica.over:
                    replica.state = "finished"
                    self._picture(replica)
                    self._save(replica)
            if time.monotonic() > end or self._paused or self._pace is not None:
                break

    def _carry_out(self, replica: Replica) -> None:
        """Do what was asked of a replica. Until it is done it counts as waiting: what is over is not over before."""
        while True:
            with self._changed:
                command = replica.commands[0] if replica.commands else None
            if command is None:
                return
            command(replica)
            with self._changed:
                if replica.commands:  # none, if the replica was removed
                    replica.commands.popleft()

    def _goal(self, replica: Replica) -> int:
        assert replica.experiment is not None
        return self.steps if self.steps is not None else replica.experiment.steps

    def _build(self, replica: Replica) -> None:
        scenario = replica.variant.scenario
        begun = time.monotonic()
        try:
            experiment = replica.built or task_of(scenario).build(scenario, replica.seed, self.loaded.folder)
        except InvalidValue as error:
            raise self._located(error, replica.variant) from None
        replica.built = None
        experiment.prepare()
        replica.experiment = experiment
        replica.state = "running"
        if replica.beginning is not None:
            replica.beginning(replica)
        else:
            replica.moments.keep(experiment.step, experiment.state())
            self._measure(replica)
            if self._pictures is not None and self._wants_picture(replica):
                self._picture(replica)
        replica.busy += time.monotonic() - begun

    def _advance(self, replicas: Sequence[Replica]) -> None:
        """Train to the next measurement, or as far as about `CHUNK` seconds go."""
        if not replicas:
            return
        begun = time.monotonic()
        asked = [(each, each.running, self._target(each)) for each in replicas]
        before = [experiment.step for _, experiment, _ in asked]
        advance_together(
            [(experiment, target - experiment.step) for _, experiment, target in asked],
            [each.variant.scenario.train.measure for each in replicas],
        )
        spent = time.monotonic() - begun
        for (replica, experiment, _), step in zip(asked, before, strict=True):
            self._advanced(replica, experiment.step - step, begun, spent)

    def _target(self, replica: Replica) -> int:
        """The step to go to before anything else is done with a replica."""
        experiment, last = replica.running, self._goal(replica)
        every, before = replica.variant.scenario.train.measure, experiment.step
        target = last
        if not streams(experiment):
            target = min(target, before - before % every + every)
        if replica.goal is not None and self._paused:
            target = min(target, replica.goal)
        if replica.steps_per_second:
            target = min(target, before + max(1, int(replica.steps_per_second * CHUNK)))
        else:
            target = min(target, before + 1)
        if self._pace is not None and not self._paused:
            target = min(target, before + max(1, int(self._pace * CHUNK)))
        return target

    def _advanced(self, replica: Replica, done: int, begun: float, spent: float) -> None:
        """What follows a stretch of training: `done` steps that took `spent` seconds from `begun` on."""
        experiment, last = replica.running, self._goal(replica)
        every = replica.variant.scenario.train.measure
        if done and spent > 0:
            rate = done / spent
            replica.steps_per_second = rate if done > 1 else (replica.steps_per_second or rate)
        message = experiment.diverged()
        due = experiment.step % every == 0 or experiment.step >= last or experiment.step == replica.goal
        self._record_all(
            replica,
            [
                each
                for each in taken_measurements(experiment)
                if each[0] % every == 0 and (each[0] < experiment.step or message is None)
            ],
        )
        if message is not None:
            replica.state, replica.message = "diverged", message
            self._measure(replica, message)
        elif due:
            self._measure(replica)
        now = time.monotonic()
        replica.busy += now - begun
        if self._pace is not None:
            replica.not_before = begun + done / self._pace
        if self._wants_picture(replica) and self._pictures is not None and now - replica.pictured > self._pictures:
            self._picture(replica)
        if now - replica.saved > replica.save_every:
            self._save(replica)
