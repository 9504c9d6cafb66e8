"""Which replica runs when: threads that take replicas that have something to do, run them for a slice, put them back.

On the CPU a thread runs one replica at a time. A GPU has one thread, which runs all of its replicas side by side. What
is asked of a replica (see `lab.session.steering`) are commands in its queue, carried out between two chunks by whoever
runs it.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from kernels.cores import available_cores
from kernels.targets.cuda.driver_answers import DeviceProblem
from lab.errors import BadInput, DeviceMissing
from lab.graph.devices import CPU, on
from lab.scenario import Variant
from lab.session.chunks import Chunks
from lab.session.commands import Command, drop_commands, give_up_all
from lab.session.kernel_thread import KernelThread
from lab.session.pace import Pace, Pacing, Steady, Watched
from lab.session.recorder import Recorder
from lab.session.replica import Replica
from lab.session.roster import Roster

SLICE = 0.1
"""Seconds for which a replica runs before another one that is waiting gets its thread."""
MOST_BEGUN = 32
"""Replicas on the CPU that have begun and are not over, where memory is given back at the end; further ones wait."""


class Scheduler:
    """The threads of a session.

    mode:      how a GPU is used;  threads: how many replicas run at the same time on the CPU

    at_rest:     called, where a session is kept open, whenever every replica is over
    failure:     what has made the session fail
    stopping:    whether somebody has stopped it
    begun, ended: whether the session was started, and has come to its end
    specialized: the devices for which code was made for the networks
    lets_go:     whether what is over gives its memory back at once, since nobody will go back to it
    """

    def __init__(self, roster: Roster, recorder: Recorder, mode: str, threads: int | None) -> None:
        self._roster, self._recorder, self._mode = roster, recorder, mode
        self.failure: BaseException | None = None
        self.stopping = False
        self.paused = False
        self.specialized: frozenset[str] = frozenset()
        self.keep_open = self.lets_go = False
        self.at_rest: Callable[[], None] | None = None
        self.begun = self.ended = False
        self._changed = threading.Condition()
        self._ready: deque[Replica] = deque(roster.replicas)
        self._active = 0
        self._resting, self._rested = False, False  # whether `at_rest` is being called, and has been
        on_cpu = max(1, min(threads or available_cores(), max(len(roster.replicas), 1)))
        self._threads = on_cpu if roster.devices == (CPU,) else 1
        self._pacing = Pacing(roster, self._threads)
        self._chunks = Chunks(roster, recorder, self._pacing)
        self._workers: list[threading.Thread] = []

    # Running

    def run(self) -> None:
        """Let replicas run in threads of their own until all are over and none is kept open, or somebody stops, or it
        fails."""
        self._workers = [
            KernelThread(self._work, f"replica-{device}-{number}", (device,))
            for device in self._roster.devices
            for number in range(self._threads)
        ]
        for each in self._workers:
            each.start()
        while self.at_rest is not None and self._comes_to_rest():
            self.attempt(self.at_rest)
            with self._changed:
                self._resting, self._rested = False, True
                self._changed.notify_all()
        for each in self._workers:
            each.join()

    def _comes_to_rest(self) -> bool:
        """Wait until every replica is over and nothing was asked of any; False if it ends before. From then on until
        `at_rest` has returned no thread takes a replica."""
        with self._changed:
            while not self.stopping and self.failure is None and self.keep_open:
                replicas = self._roster.replicas
                over = all(each.over and not each.commands for each in replicas)
                if over and not self._active and not self._rested:
                    self._resting = True
                    return True
                self._changed.wait(0.5)
            return False

    def attempt(self, act: Callable[[], None]) -> None:
        """Do something that makes the session fail if it fails."""
        try:
            act()
        except DeviceProblem as problem:
            self._fail(DeviceMissing(str(problem)))
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            if self.failure is None:
                self.failure = error
            dropped = drop_commands(self._roster.replicas)
            self._changed.notify_all()
        give_up_all(dropped)

    # Steering

    def pause(self) -> None:
        """Let every replica come to a halt at the end of its chunk."""
        with self._changed:
            self.paused = True
            self._changed.notify_all()

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._changed:
            self.paused = False
            for replica in self._roster.replicas:
                replica.halt_at = None
            self._changed.notify_all()

    def throttle(self, steps_per_second: float | None) -> None:
        """Let each replica do so many steps a second at most; None: as fast as it can.

        Raises BadInput for what is no number above 0.
        """
        try:
            self._take_pace(None if steps_per_second is None else Steady(steps_per_second))
        except ValueError as error:
            raise BadInput(str(error)) from None

    def pace(self, seconds: float | None, slow_until: int | None = None) -> None:
        """Let all steps take so many seconds, the early ones longer, and all replicas keep together, so that they can
        be watched; a run that takes longer than that anyway goes on as fast as it can, as with None.

        slow_until: the step until which half of the time is spent; by default until the shortest replica is over, if
                    the longest goes on for long after that
        """
        shortest, longest = self._roster.lengths
        if slow_until is None and shortest <= longest / 4:
            slow_until = shortest
        self._take_pace(None if seconds is None else Watched(longest, seconds, slow_until))

    def paced_seconds_left(self, variant: str) -> float | None:
        """Seconds until all of a variant's replicas are over at the pace that is kept; None where none is kept."""
        with self._changed:
            of = [each for each in self._roster.replicas if each.variant.name == variant and not each.over]
            left = [self._pacing.seconds_left(each, self._roster.steps_of(each)) for each in of]
        return max((each for each in left if each is not None), default=None)

    def _take_pace(self, pace: Pace | None) -> None:
        with self._changed:
            self._pacing.take(pace)
            self._changed.notify_all()

    def stop(self) -> None:
        """End cleanly: replicas stop at the next chunk, what was measured is judged and kept."""
        with self._changed:
            self.stopping = True
            self._changed.notify_all()

    def close(self) -> None:
        """Say that it has come to its end; what was asked for and not yet begun is given up."""
        with self._changed:
            self.ended = True
            dropped = drop_commands(self._roster.replicas)
        give_up_all(dropped)

    def ask(
        self,
        replicas: Iterable[Replica],
        act: Callable[[Replica], None],
        give_up: Callable[[], None] | None = None,
    ) -> None:
        """Let whoever runs each of these replicas carry out a command between two chunks, in the order of asking.

        give_up: called instead if that will never be, since the replica was removed or the session has ended
        """
        dropped = []
        with self._changed:
            for replica in replicas:
                command = Command(act, give_up)
                if self.over or replica not in self._roster.replicas:
                    dropped.append(command)
                    continue
                replica.commands.append(command)
                if replica.over and replica not in self._ready:
                    self._ready.append(replica)
            self._changed.notify_all()
        give_up_all(dropped)

    def add(self, variant: Variant, replicas: Sequence[Replica], announce: Callable[[], None]) -> None:
        """Let a further variant take part, which `announce` says."""
        with self._changed:
            self._roster.add(variant, replicas)
            self._active += 1  # until they are ready, so that the session does not end before
        try:
            announce()  # without the lock: who listens may steer
        finally:
            with self._changed:
                self._active -= 1
                self._ready.extend(each for each in replicas if each in self._roster.replicas)
                self._changed.notify_all()

    def remove(self, variant: str) -> list[Replica]:
        """Let a variant take part no more; its replicas, one of which a thread may still have in hand."""
        with self._changed:
            gone = self._roster.of(variant)
            for replica in gone:
                replica.state = "interrupted"
            dropped = drop_commands(gone)
            self._roster.remove(variant)
            self._ready = deque(each for each in self._ready if each.name != variant)
        give_up_all(dropped)
        return gone

    def stirred(self) -> None:
        """Something else than a replica has changed what the session stands for."""
        with self._changed:
            self._rested = False
            self._changed.notify_all()

    def let_run(self, replica: Replica) -> bool:
        """Count a replica as running from now on; False if it was removed meanwhile, and stays as it is."""
        with self._changed:
            takes_part = replica in self._roster.replicas
            if takes_part:
                replica.state = "running"
            return takes_part

    @property
    def over(self) -> bool:
        """Whether no thread carries out commands any more."""
        return self.ended or self.failure is not None

    @property
    def idle(self) -> bool:
        """Whether nothing happens until somebody steers: every replica is over, or halts because of a pause."""
        with self._changed:
            replicas = self._roster.replicas
            halted = all(each.over or (self.paused and not self._can_run(each)) for each in replicas)
            return halted and not self._active and not any(each.commands for each in replicas)

    # Inside: what a thread does next

    def _work(self, device: str) -> None:
        with on(device, self._mode, self._roster.sharing(device), device in self.specialized):
            while taken := self._take(device):
                self.attempt(functools.partial(self._run_locked, taken))
                for replica in taken:
                    if self.lets_go and device == CPU and not replica.commands:
                        self.attempt(replica.let_go)
                with self._changed:
                    self._active -= len(taken)
                    self._ready.extend(each for each in taken if not each.over or each.commands)
                    self._changed.notify_all()

    def _run_locked(self, replicas: Sequence[Replica]) -> None:
        with contextlib.ExitStack() as locks:
            for replica in replicas:
                locks.enter_context(replica.lock)
            self._run_slice(replicas)

    def _take(self, device: str) -> list[Replica]:
        """What a worker runs next: a replica that has something to do, on a GPU all that have; empty at the end."""
        most = 1 if device == CPU else len(self._roster.replicas)
        with self._changed:
            while True:
                if self.stopping or self.failure is not None:
                    return []
                if self._resting:
                    self._changed.wait(0.5)
                    continue
                taken: list[Replica] = []
                for _ in range(len(self._ready)):
                    replica = self._ready.popleft()
                    if len(taken) < most and replica.device == device and self._can_run(replica):
                        taken.append(replica)
                    elif not replica.over or replica.commands:
                        self._ready.append(replica)
                if taken:
                    self._rested = False
                    self._active += len(taken)
                    return taken
                if not self._ready and not self._active and not self.keep_open:
                    self._changed.notify_all()
                    return []
                self._changed.wait(self._patience())

    def _patience(self) -> float:
        """Seconds after which a waiting thread looks again by itself."""
        return 0.5 if self.paused else self._pacing.patience(self._ready)

    def _can_run(self, replica: Replica) -> bool:
        if replica.commands:
            return True
        if replica.over:
            return False
        if replica.experiment is None:
            return self._may_begin(replica)
        # Pictures of where it halts; of one that only waits for its next step they are taken on the way.
        return self._may_go_on(replica) or (self.paused and self._recorder.picture_is_old(replica))

    def _may_begin(self, replica: Replica) -> bool:
        """Whether so few are on their way that another one may take memory; where what is over keeps its own, all."""
        if replica.device != CPU or not self.lets_go:
            return True
        return sum(each.experiment is not None and not each.over for each in self._roster.replicas) < MOST_BEGUN

    def _may_go_on(self, replica: Replica) -> bool:
        """Whether pausing and pacing allow a replica a further step."""
        if not self.paused:
            return self._pacing.allows(replica)
        return replica.halt_at is not None and replica.steps_done < replica.halt_at

    # Inside: running

    def _run_slice(self, replicas: Sequence[Replica]) -> None:
        """Run replicas for a while: one on the CPU, on a GPU side by side."""
        end = time.monotonic() + SLICE
        for replica in replicas:
            if self.stopping:
                return
            if replica.experiment is None:
                self._chunks.begin(replica, self.let_run)
            self._carry_out(replica)
        running = list(replicas)
        while running and not self.stopping:
            running = [each for each in running if not each.over and not each.commands]
            last = {id(each): self._roster.last_step(each) for each in running}
            going = [each for each in running if each.steps_done < last[id(each)] and self._may_go_on(each)]
            before = {id(each): each.steps_done for each in going}
            self._chunks.advance(going, self.paused)
            for replica in running:
                # More steps may have been asked for than there are.
                exhausted = replica.steps_done == before.get(id(replica), -1)
                if (replica.steps_done >= last[id(replica)] or exhausted) and not replica.over:
                    self._recorder.end(replica, "finished")
            if time.monotonic() > end or self.paused or self._pacing.pace is not None:
                break
        if self.paused:
            for replica in replicas:
                if not replica.over and not self._may_go_on(replica):
                    self._recorder.draw_where_it_halts(replica)

    def _carry_out(self, replica: Replica) -> None:
        """Do what was asked of a replica. Until it is done it counts as waiting: what is over is not over before."""
        while True:
            with self._changed:
                command = replica.commands[0] if replica.commands else None
                if command is None:
                    return
                command.begun = True
            command.act(replica)
            with self._changed:
                if replica.commands:  # none, if the replica was removed
                    replica.commands.popleft()
