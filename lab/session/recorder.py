"""What is recorded of a session: measurements as curves, events to whoever listens, pictures, checkpoints."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import numpy as np

from lab.events import Event, Measured, Noticed, PictureTaken
from lab.session.broadcast import Broadcast, Subscription
from lab.session.history import History
from lab.session.narration import Narration
from lab.session.replica import Replica
from lab.session.roster import Roster
from lab.tasks import DIVERGED

BEGINNING = "beginning"
"""What sentences are called in which a training says how it begins."""


class RunSink(Protocol):
    """What keeps a run: `lab.store.RunWriter`."""

    def write(self, event: Event) -> None: ...

    def checkpoint(self, variant: str, seed: int, step: int, state: Mapping[str, np.ndarray]) -> None: ...

    def rewind(self, variant: str, seed: int, step: int) -> None: ...


class Recorder:
    """Measures replicas, draws them and keeps their states, always from the thread that has the replica.

    roster:         who takes part
    takes_pictures: whether pictures are taken, and sentences said, at all
    history:        every curve
    goes_back:      whether somebody may rewind a replica or look back, so that states are kept in memory to go back to
    """

    def __init__(self, roster: Roster, takes_pictures: bool) -> None:
        self.history = History()
        self._narration = Narration(roster, self.history) if takes_pictures else None
        self._takes_pictures = takes_pictures
        self.goes_back = True
        self._picture_interval: float | None = None
        self._pictured_replicas: Collection[tuple[str, int]] | None = None
        self._sink: RunSink | None = None
        self._readers: list[Callable[[Event], object]] = []
        self._broadcast = Broadcast()
        self._publishing = threading.Lock()
        self._started = 0.0

    # Who listens

    def subscribe(self, lossless: bool = False) -> Subscription:
        """A stream of the events from now on; see `lab.session.broadcast`."""
        return self._broadcast.subscribe(lossless)

    def also(self, reader: Callable[[Event], object]) -> None:
        """Call `reader` with every event, from the thread in which it happens; it should be quick."""
        self._readers.append(reader)

    def show_pictures(self, every: float | None, only: Collection[tuple[str, int]] | None = None) -> None:
        """Also take pictures on the way, one of each replica in so many seconds at most, or only of those (variant,
        seed) that somebody looks at. None: only at the end of each replica."""
        self._picture_interval, self._pictured_replicas = every, only

    def start(self, sink: RunSink | None) -> None:
        """Time begins; `sink` keeps what is recorded from now on."""
        self._sink, self._started = sink, time.monotonic()

    @property
    def seconds(self) -> float:
        """The time since the session was started."""
        return time.monotonic() - self._started

    def publish(self, event: Event) -> None:
        """Hand an event to whoever listens, in one order for all."""
        with self._publishing:
            if self._sink is not None:
                self._sink.write(event)
            for reader in self._readers:
                reader(event)
            self._broadcast.publish(event)

    # Measuring

    def begin(self, replica: Replica) -> None:
        """Record a replica that stands at its first step."""
        experiment = replica.running
        if sentence := experiment.greeting():
            self.publish(Noticed(replica.name, replica.seed, experiment.step, BEGINNING, sentence, {}))
        self.measure(replica)
        if self.goes_back:
            replica.checkpoints.keep(experiment.step, experiment.state())  # with what the measurement leaves behind
        if self._picture_interval is not None and self._wants_picture(replica):
            self.draw(replica)

    def measure(self, replica: Replica, diverged: str | None = None) -> None:
        """Measure a replica as it is, unless that was done. `diverged` is the sentence that says that it has."""
        experiment = replica.running
        if experiment.step == replica.measured_at and diverged is None:
            return
        values = experiment.measure()
        if diverged is not None:
            values[DIVERGED] = 1.0
        self.record(replica, [(experiment.step, values)], diverged)

    def record(
        self, replica: Replica, measured: Sequence[tuple[int, dict[str, float]]], diverged: str | None = None
    ) -> None:
        """Record measurements that follow one another, each (step, values)."""
        if not measured:
            return
        replica.measured_at = measured[-1][0]
        self.history.extend(replica.name, replica.seed, measured)
        seconds = self.seconds
        for step, values in measured:
            changed, replica.changes_unreported = replica.changes_unreported, {}
            self.publish(Measured(replica.name, replica.seed, step, values, diverged, changed, seconds))
            if self._narration is not None:
                for noticed in self._narration.see(replica, step, values, changed):
                    self.publish(noticed)

    # Pictures and checkpoints

    def _wants_picture(self, replica: Replica) -> bool:
        wanted = self._pictured_replicas
        return wanted is None or (replica.name, replica.seed) in wanted

    def draw(self, replica: Replica) -> None:
        """Take the pictures of a replica."""
        if not self._takes_pictures:
            return
        begun = time.monotonic()
        for picture in replica.running.pictures():
            self.publish(PictureTaken(replica.name, replica.seed, replica.running.step, picture))
        replica.pictured, replica.pictured_step = time.monotonic(), replica.running.step
        replica.picture_every = 20 * (replica.pictured - begun)

    def save(self, replica: Replica) -> None:
        """Keep the state of a replica."""
        if not self.goes_back and self._sink is None:
            return
        begun = time.monotonic()
        step, state = replica.running.step, replica.running.state()
        if self.goes_back:
            replica.checkpoints.keep(step, state)
        if self._sink is not None:
            self._sink.checkpoint(replica.name, replica.seed, step, state)
        replica.saved = time.monotonic()
        replica.save_every = max(1.0, 20 * (replica.saved - begun))

    def draw_and_save_if_due(self, replica: Replica) -> None:
        """Take pictures, and keep the state, if the last time is long enough ago."""
        now, interval = time.monotonic(), self._picture_interval
        due = interval is not None and now - replica.pictured > max(interval, replica.picture_every)
        if due and self._wants_picture(replica):
            self.draw(replica)
        if now - replica.saved > replica.save_every:
            self.save(replica)

    def picture_is_old(self, replica: Replica) -> bool:
        """Whether pictures are taken on the way, and the last ones of a replica are of another step than its own."""
        wanted = self._takes_pictures and self._picture_interval is not None and self._wants_picture(replica)
        return wanted and replica.pictured_step != replica.running.step

    def draw_where_it_halts(self, replica: Replica) -> None:
        """Take pictures of a replica that goes no further, so that they show the step that the numbers speak of."""
        if self.picture_is_old(replica):
            self.draw(replica)

    def end(self, replica: Replica, state: str) -> None:
        """Record that a replica is over, for the reason `state`."""
        replica.state = state
        self.tell_end(replica)
        self.draw(replica)
        self.save(replica)

    def tell_end(self, replica: Replica) -> None:
        """Publish what there is to say of a replica that goes no further."""
        if self._narration is not None:
            for noticed in self._narration.end(replica):
                self.publish(noticed)

    # Going back

    def rewind(self, replica: Replica, step: int) -> None:
        """Forget what was recorded of a replica at a step and later."""
        replica.checkpoints.forget_after(step)
        replica.changes_made = [each for each in replica.changes_made if each[0] < step]
        if self._sink is not None:
            self._sink.rewind(replica.name, replica.seed, step - 1)
        replica.measured_at = -1
        self.history.rewind(replica.name, replica.seed, step)
        if self._narration is not None:
            self._narration.rewind(replica, step)
        measured = self.history.last_step(replica.name, replica.seed)
        replica.changes_unreported = {name: value for at, name, value in replica.changes_made if at >= measured}

    def forget(self, variant: str, replicas: Sequence[Replica]) -> None:
        """Forget all about a variant, once no thread has one of its replicas any more."""
        for replica in replicas:
            with replica.lock:
                if self._sink is not None:
                    self._sink.rewind(variant, replica.seed, -1)
        self.history.forget(variant)
        if self._narration is not None:
            self._narration.forget(variant)
