"""One replica of a session: an experiment, what was asked of it, and the moments it can go back to."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from lab.events import Outcome
from lab.scenario import Variant
from lab.tasks import Experiment

State = dict[str, np.ndarray]

MOMENTS = 24
MOMENTS_BYTES = 32 * 1024**2


class Moments:
    """Saved states of one replica by step: the first, the latest, and between them as many as memory allows."""

    def __init__(self) -> None:
        self._states: dict[int, State] = {}

    def keep(self, step: int, state: State) -> None:
        """Keep a state; thins out the older ones where they stand closest."""
        # Readers in other threads see the old states or the new ones, never something between.
        states = {**self._states, step: state}
        size = sum(each.nbytes for each in state.values())
        allowed = max(2, min(MOMENTS, MOMENTS_BYTES // max(size, 1)))
        while len(states) > allowed:
            steps = sorted(states)
            gaps = {steps[i]: steps[i + 1] - steps[i - 1] for i in range(1, len(steps) - 1)}
            del states[min(gaps, key=lambda each: (gaps[each], each))]
        self._states = states

    def at_or_before(self, step: int) -> tuple[int, State]:
        """The latest saved state that is not after a step. Raises KeyError."""
        states = self._states
        candidates = [each for each in states if each <= step]
        if not candidates:
            raise KeyError(step)
        return max(candidates), states[max(candidates)]

    def forget_after(self, step: int) -> None:
        """Drop the states after a step, when the replica has gone back to it."""
        self._states = {each: state for each, state in self._states.items() if each <= step}

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(sorted(self._states))


class Replica:
    """One variant with one seed.

    state: waiting, running, finished, diverged, interrupted or failed
    """

    def __init__(self, variant: Variant, seed: int) -> None:
        self.variant, self.seed = variant, seed
        self.device = ""  # where it runs, once that is decided
        self.built: Experiment | None = None  # before it is prepared
        self.experiment: Experiment | None = None
        self.state = "waiting"
        self.message = ""
        self.busy = 0.0  # seconds of work, measuring included
        self.steps_per_second = 0.0
        self.goal: int | None = None  # pause when this step is reached (single steps)
        self.measured_at = -1
        self.asked: dict[str, float] = {}  # settings that wait to be changed
        self.changed: dict[str, float] = {}  # since the last measurement
        self.changes: list[tuple[int, str, float]] = []  # all of them: step, name, value
        self.not_before = 0.0  # when a throttled replica may go on
        self.moments = Moments()
        self.beginning: Callable[[Replica], None] | None = None  # instead of step 0: a branch, a resumed run
        self.commands: deque[Callable[[Replica], None]] = deque()
        self.lock = threading.RLock()
        self.pictured = -1e9
        self.saved = time.monotonic()
        self.save_every = 1.0

    @property
    def name(self) -> str:
        return self.variant.name

    @property
    def running(self) -> Experiment:
        """The experiment, of a replica that has begun."""
        assert self.experiment is not None
        return self.experiment

    @property
    def done(self) -> int:
        """How many steps it has done."""
        return self.experiment.step if self.experiment else 0

    @property
    def over(self) -> bool:
        """Whether nothing is left to do, unless somebody rewinds it."""
        return self.state in ("finished", "diverged", "interrupted", "failed")

    def outcome(self) -> Outcome:
        return Outcome(self.name, self.seed, self.done, self.state, round(self.busy, 3), self.message)
