"""Many scenarios on many seeds, shared out over the cores.

The unit of work is one seed of one scenario: all its variants, trained by one thread (by several if there are fewer
units than threads). As many threads as there are cores take one unit after the other, whatever scenario it is of: no
core waits for the last replica of a scenario, and no more units are in memory than there are threads. Nothing that is
computed depends on what else runs.

Times do. Scenarios whose claims are about time (`lab.tasks.judges_time`) wait until all others are done, and are then
run unit by unit, with nothing beside them.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from lab.events import Claimed
from lab.scenario import Loaded
from lab.session import Session, available_cores
from lab.session.verdict import expected_divergence
from lab.tasks import judges_time
from lab.verification.judged import Judged, merged


@dataclass(eq=False)
class Report:
    """What is known of one scenario.

    alone:    it is run with nothing beside it, because its claims are about time
    verdicts: seed to the verdicts on that seed;  diverged: seeds on which a variant diverged that should not
    seconds:  what the seeds took that are done, each by its thread: building, compiling, training and judging,
              added up. On n cores about n such seconds pass at once; less is done in one on a busy machine
    """

    loaded: Loaded
    alone: bool
    verdicts: dict[int, Sequence[Claimed]] = field(default_factory=dict)
    diverged: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def judged(self) -> list[Judged]:
        """Its claims on the seeds that are done."""
        return merged(self.verdicts, self.diverged)


@dataclass(frozen=True, eq=False)
class _Unit:
    """One seed of one scenario."""

    report: Report
    seed: int


class Verification:
    """Checks every claim of some scenarios on some seeds.

    threads: how many units are worked on at the same time; by default one per core
    """

    def __init__(self, scenarios: Sequence[Loaded], seeds: Sequence[int], threads: int | None = None) -> None:
        self.seeds = tuple(seeds)
        self.reports = [Report(each, judges_time(each)) for each in scenarios]
        self.threads = threads or available_cores()
        self._shared = self._units(alone=False)
        self._alone = self._units(alone=True)
        self.total = len(self._shared) + len(self._alone)
        self._running: dict[_Unit, Session] = {}
        self._begun: dict[_Unit, float] = {}
        self._lock = threading.RLock()  # a signal that stops it may come while its own thread holds the lock
        self._stopping = False
        self._failure: BaseException | None = None
        self._conductor = threading.Thread(target=self._conduct, name="verification", daemon=True)

    def _units(self, alone: bool) -> deque[_Unit]:
        return deque(_Unit(each, seed) for each in self.reports if each.alone == alone for seed in self.seeds)

    # From outside

    def start(self) -> None:
        """Begin."""
        self._conductor.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; False if it has not come after `timeout` seconds. Raises what made a unit fail."""
        self._conductor.join(timeout)
        if self._conductor.is_alive():
            return False
        if self._failure is not None:
            raise self._failure
        return True

    def stop(self) -> None:
        """End soon. Units that are done count, those that are not yet are forgotten."""
        with self._lock:
            self._stopping = True
            running = list(self._running.values())
        for session in running:
            session.stop()

    @property
    def done(self) -> int:
        """How many units are done."""
        return sum(len(each.verdicts) for each in self.reports)

    @property
    def complete(self) -> list[Report]:
        """The scenarios of which every seed is done."""
        return [each for each in self.reports if len(each.verdicts) == len(self.seeds)]

    @property
    def running(self) -> list[str]:
        """The slugs of the scenarios that are being worked on."""
        with self._lock:
            return list(dict.fromkeys(unit.report.loaded.slug for unit in self._running))

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take, if unknown scenarios take as long as the known ones; None before the first."""
        with self._lock:
            spent = {unit: time.monotonic() - begun for unit, begun in self._begun.items()}
            waiting = [*self._shared, *self._alone]
        known = {id(each): each.seconds / len(each.verdicts) for each in self.reports if each.verdicts}
        if not known:
            return None
        usual = sum(known.values()) / len(known)
        work = {True: 0.0, False: 0.0}
        for unit in (*waiting, *spent):
            expected = known.get(id(unit.report), usual)
            work[unit.report.alone] += max(expected - spent.get(unit, 0.0), 0.0)
        return work[False] / self.threads + work[True]

    # Inside

    def _conduct(self) -> None:
        self._share(self._shared, self.threads)
        self._share(self._alone, 1)

    def _share(self, waiting: deque[_Unit], threads: int) -> None:
        """Let so many threads do the units that wait."""
        units = min(threads, len(waiting))
        workers = [
            threading.Thread(
                target=self._work, args=(waiting, threads // units), name=f"verifier-{number}", daemon=True
            )
            for number in range(units)
        ]
        for each in workers:
            each.start()
        for each in workers:
            each.join()

    def _work(self, waiting: deque[_Unit], threads: int) -> None:
        while (unit := self._take(waiting, threads)) is not None:
            try:
                self._run(unit)
            except BaseException as error:  # handed on to whoever waits
                self._failure = self._failure or error
                self.stop()

    def _take(self, waiting: deque[_Unit], threads: int) -> _Unit | None:
        with self._lock:
            if self._stopping or not waiting:
                return None
            unit = waiting.popleft()
            self._begun[unit] = time.monotonic()
            # Pictures are drawn for people; nobody sees these.
            self._running[unit] = Session(unit.report.loaded, seeds=[unit.seed], threads=threads, pictures=False)
            return unit

    def _run(self, unit: _Unit) -> None:
        session = self._running[unit]
        try:
            session.start()
            session.wait()
        finally:
            with self._lock:
                del self._running[unit]
                spent = time.monotonic() - self._begun.pop(unit)
        ended, report = session.ended, unit.report
        assert ended is not None
        if ended.interrupted:
            return
        expected = expected_divergence(report.loaded.scenario.claims)
        surprised = any(each.state == "diverged" and each.variant not in expected for each in ended.outcomes)
        with self._lock:
            report.seconds += spent
            report.diverged += [unit.seed] if surprised else []
            report.verdicts = {**report.verdicts, unit.seed: session.verdicts}
