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
from functools import partial

from lab.events import Claimed
from lab.graph.devices import Choice
from lab.scenario import Loaded
from lab.scenario.own_settings import set_from_outside
from lab.session import Session, available_cores
from lab.session.pool import Pool
from lab.session.verdict import expected_divergence, judge
from lab.tasks import judges_time
from lab.verification.claim_report import ClaimReport, merged, within


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
    def claims(self) -> list[ClaimReport]:
        """Its claims on the seeds that are done."""
        return merged(self.verdicts, self.diverged)


class Verification:
    """Checks every claim of some scenarios on some seeds. A unit, one scenario with one seed, is called a run outside.

    threads: how many units are worked on at the same time; by default one per core
    device:  where; on a GPU all seeds of a scenario share its launches, so that a unit there is a whole scenario
    mode:    how a GPU is used
    """

    def __init__(
        self,
        scenarios: Sequence[Loaded],
        seeds: Sequence[int],
        threads: int | None = None,
        device: Choice | None = None,
        mode: str = "auto",
    ) -> None:
        self._device, self._mode = device, mode
        self.seeds = tuple(seeds)
        self.reports = [Report(each, judges_time(each)) for each in scenarios]
        on_gpu = device is not None and device.on_gpu
        self.threads = 1 if on_gpu else threads or available_cores()
        self.total = len(self.reports) * len(self.seeds)
        self._begun: dict[Session, tuple[Report, float]] = {}
        self._lock = threading.RLock()
        self._pools = deque((self._pool(alone=False, threads=self.threads), self._pool(alone=True, threads=1)))
        self._stopping = False

    def _pool(self, alone: bool, threads: int) -> Pool:
        together = self._device is not None and self._device.on_gpu
        shares = [self.seeds] if together else [(seed,) for seed in self.seeds]
        units = [(each, seeds) for each in self.reports if each.alone == alone for seeds in shares]
        at_once = min(threads, max(len(units), 1))
        makes = [partial(self._session, report, seeds, threads // at_once) for report, seeds in units]
        return Pool(makes, at_once, self._judge)

    # From outside

    def start(self) -> None:
        """Begin."""
        self._pools[0].start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, and see to it that it comes; False if it has not after about `timeout` seconds.

        Raises what made a unit fail.
        """
        while self._pools[0].wait(timeout):
            if len(self._pools) == 1 or self._stopping:
                return True
            self._pools.popleft()
            self._pools[0].start()
        return False

    def stop(self) -> None:
        """End soon. Units that are done count, those that are not yet are forgotten."""
        self._stopping = True
        for each in list(self._pools):
            each.stop()

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
            return list(dict.fromkeys(report.loaded.slug for report, _ in self._begun.values()))

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take, if unknown scenarios take as long as the known ones; None before the first."""
        with self._lock:
            spent = [(report, time.monotonic() - begun) for report, begun in self._begun.values()]
            left = {each: len(self.seeds) - len(each.verdicts) for each in self.reports}
        known = {each: each.seconds / len(each.verdicts) for each in self.reports if each.verdicts}
        if not known:
            return None
        usual = sum(known.values()) / len(known)
        work = {True: 0.0, False: 0.0}
        for report, units in left.items():
            work[report.alone] += known.get(report, usual) * units
        for report, seconds in spent:
            work[report.alone] -= min(seconds, known.get(report, usual))
        return work[False] / self.threads + work[True]

    # Inside

    def _session(self, report: Report, seeds: Sequence[int], threads: int) -> Session:
        # Pictures are drawn for people; nobody sees these.
        session = Session(
            report.loaded, seeds=seeds, threads=threads, pictures=False, device=self._device, mode=self._mode
        )
        with self._lock:
            self._begun[session] = report, time.monotonic()
        return session

    def _judge(self, session: Session) -> None:
        with self._lock:
            report, begun = self._begun.pop(session)
        ended = session.ended
        assert ended is not None
        if ended.interrupted:
            return
        scenario = report.loaded.scenario
        claims = [*scenario.claims, *(within(name, each) for name, each in scenario.measured.items())]
        expected, names = expected_divergence(scenario.claims), [each.name for each in session.variants]
        surprised = {each.seed for each in ended.outcomes if each.state == "diverged" and each.variant not in expected}
        changed = set_from_outside(report.loaded)
        verdicts = {seed: judge(claims, names, (seed,), session.history, changed) for seed in session.seeds}
        with self._lock:
            report.seconds += time.monotonic() - begun
            report.diverged += sorted(surprised)
            report.verdicts = {**report.verdicts, **verdicts}
