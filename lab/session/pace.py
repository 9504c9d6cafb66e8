"""The pace of a session: when which step is due. It only ever slows; nothing that is measured depends on it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Protocol

from lab.session.replica import Replica
from lab.session.roster import Roster

TICK = 0.05
"""Seconds of a pace's time that a replica goes ahead at once: shorter than a screen's frame."""
LONGEST = 20.0
"""Seconds: a run that takes longer than this by itself is not slowed down as well."""
_NEAR = 0.1
"""Replicas that are within this share of the steps keep together; one further behind was rewound or branched off."""
_SLACK = 0.01
"""The share of the steps by which one may be ahead of the slowest of them."""
_LATE = 0.25
"""Seconds by which a replica may be behind its time and still catch up."""


class Pace(Protocol):
    """When a step is due, in seconds after the first. Both functions ascend."""

    def seconds_at(self, step: float) -> float: ...

    def step_at(self, seconds: float) -> float: ...


class Steady:
    """So many steps a second, for each replica by itself. Raises ValueError for what is no number above 0."""

    def __init__(self, steps_per_second: float) -> None:
        if not 0 < steps_per_second < math.inf:
            raise ValueError(f"The steps a second must be a number above 0, not {steps_per_second:g}.")
        self._rate = steps_per_second

    def seconds_at(self, step: float) -> float:
        return step / self._rate

    def step_at(self, seconds: float) -> float:
        return seconds * self._rate


class Watched:
    """All steps in so many seconds, the early ones slower, since most happens early; the replicas keep together.

    With c = `slow_until`, half of the time belongs to the first c steps: there, the step is c (2t/T)², so that the
    very first can be told apart. Then it goes on from that speed, c · 4/T, evenly faster or slower. Without, or where
    c is more than half of all, the step is S (t/T)² throughout.
    """

    def __init__(self, steps: int, seconds: float, slow_until: int | None = None) -> None:
        self.steps, self.seconds = max(1, steps), seconds
        slow = slow_until is not None and 0 < slow_until <= self.steps / 2
        self._turn = float(slow_until) if slow and slow_until is not None else float(self.steps)
        self._half = seconds / 2 if slow else seconds
        self._speed = 2 * self._turn / self._half
        self._gain = (self.steps - self._turn - self._speed * self._half) / self._half**2 if slow else 0.0

    def seconds_at(self, step: float) -> float:
        if step <= self._turn:
            return self._half * math.sqrt(max(0.0, step) / self._turn)
        beyond = min(step, float(self.steps)) - self._turn
        root = math.sqrt(max(0.0, self._speed**2 + 4 * self._gain * beyond))
        return self._half + 2 * beyond / (self._speed + root) + max(0.0, step - self.steps) / self._speed

    def step_at(self, seconds: float) -> float:
        if seconds <= self._half:
            return self._turn * (seconds / self._half) ** 2
        beyond = seconds - self._half
        return self._turn + self._speed * beyond + self._gain * beyond**2


class Pacing:
    """Holds replicas back so that they keep a session's pace; without a pace none is held.

    threads: how many replicas run at the same time
    """

    def __init__(self, roster: Roster, threads: int) -> None:
        self._roster, self._threads = roster, threads
        self.pace: Pace | None = None

    def take(self, pace: Pace | None) -> None:
        """Keep this pace from now on."""
        self.pace = pace
        for replica in self._roster.replicas:
            replica.not_before = 0.0

    def allows(self, replica: Replica) -> bool:
        """Whether a replica may do its next step now."""
        pace = self.pace
        if pace is None:
            return True
        if isinstance(pace, Watched) and self._takes_long(pace):
            return True
        if time.monotonic() < replica.not_before:
            return False
        return not isinstance(pace, Watched) or self._is_together(replica, pace)

    def target(self, step: int) -> int | None:
        """The step to which a replica that is at `step` may go at once; None: as far as it likes."""
        if self.pace is None:
            return None
        return max(step + 1, int(self.pace.step_at(self.pace.seconds_at(step) + TICK)))

    def advanced(self, replica: Replica, before: int, begun: float) -> None:
        """A replica has gone on from step `before`, at the time `begun`."""
        if self.pace is not None:
            due = replica.not_before if begun - replica.not_before < _LATE else begun
            replica.not_before = due + self.pace.seconds_at(replica.steps_done) - self.pace.seconds_at(before)

    def seconds_left(self, replica: Replica, steps: int) -> float | None:
        """Seconds until a replica has done so many steps at this pace; None where none holds it back."""
        pace = self.pace
        if pace is None or (isinstance(pace, Watched) and self._takes_long(pace)):
            return None
        return max(0.0, pace.seconds_at(steps) - pace.seconds_at(replica.steps_done))

    def patience(self, replicas: Iterable[Replica]) -> float:
        """Seconds until one of these may go on."""
        if self.pace is None:
            return 0.5
        now = time.monotonic()
        return max(0.002, min((each.not_before - now for each in replicas), default=0.5))

    def _is_together(self, replica: Replica, pace: Watched) -> bool:
        """Whether no other that keeps it company is left behind; at the beginning, whether all have begun."""
        others = [each for each in self._roster.replicas if not each.over]
        step = replica.steps_done
        if step == 0 and any(each.experiment is None for each in others):
            return False
        near = step - max(1.0, _NEAR * pace.steps)
        slowest = min((each.steps_done for each in others if each.steps_done >= near), default=step)
        return step <= slowest + max(1.0, _SLACK * pace.steps)

    def _takes_long(self, pace: Watched) -> bool:
        """Whether the whole, at the speeds seen, takes longer anyway than one would slow it down to."""
        replicas = self._roster.replicas
        needed = [self._roster.steps_of(each) / each.fastest for each in replicas if each.fastest]
        if not needed:
            return False
        whole = sum(needed) * len(replicas) / len(needed)
        return max(max(needed), whole / self._threads) > max(LONGEST, pace.seconds)
