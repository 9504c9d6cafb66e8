"""One replica of a session: an experiment, what was asked of it, and the checkpoints it can go back to."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from lab.outcome import Outcome
from lab.scenario import Variant
from lab.session.checkpoints import Checkpoints
from lab.session.commands import Command
from lab.session.finished import FinishedExperiment
from lab.tasks import Experiment


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
        self.seconds_worked = 0.0  # measuring included
        self.steps_per_second = 0.0
        self.fastest = 0.0  # the most steps a second that it has done
        self.halt_at: int | None = None  # pause when this step is reached (single steps)
        self.measured_at = -1
        self.changes_waiting: dict[str, float] = {}  # settings that were asked for, and are not yet changed
        self.changes_unreported: dict[str, float] = {}  # since the last measurement
        self.changes_made: list[tuple[int, str, float]] = []  # all of them: step, name, value
        self.not_before = 0.0  # when a replica that keeps a pace may go on
        self.checkpoints = Checkpoints()
        self.begin: Callable[[Replica], None] | None = None  # instead of at step 0: a branch, a resumed run
        self.commands: deque[Command] = deque()
        self.lock = threading.RLock()
        self.pictured = -1e9
        self.pictured_step: int | None = None
        self.picture_every = 0.0  # seconds between its pictures at least, so that they take a twentieth of its time
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
    def steps_done(self) -> int:
        """How many steps it has done."""
        return self.experiment.step if self.experiment else 0

    @property
    def over(self) -> bool:
        """Whether nothing is left to do, unless somebody rewinds it."""
        return self.state in ("finished", "diverged", "interrupted", "failed")

    def let_go(self) -> None:
        """Keep of an experiment that is over what is asked of it at the end, and give its memory back."""
        with self.lock:
            if self.experiment is not None and self.over:
                self.experiment = FinishedExperiment(self.experiment)
                self.checkpoints = Checkpoints()

    def outcome(self) -> Outcome:
        return Outcome(self.name, self.seed, self.steps_done, self.state, round(self.seconds_worked, 3), self.message)
