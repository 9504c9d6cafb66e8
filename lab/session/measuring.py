"""What a session does with a replica between two stretches of training: measure it, draw it, keep it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from lab.events import Event, Measured, PictureTaken
from lab.session.history import History
from lab.session.replica import Replica
from lab.tasks import DIVERGED


class Recorder(Protocol):
    """What keeps a run: `lab.store.RunWriter`."""

    def write(self, event: Event) -> None: ...

    def checkpoint(self, variant: str, seed: int, step: int, state: Mapping[str, np.ndarray]) -> None: ...

    def rewind(self, variant: str, seed: int, step: int) -> None: ...


class Measuring:
    """Base of `lab.session.engine.Engine`."""

    history: History
    _begun: float
    _recorder: Recorder | None
    _takes_pictures: bool
    _pictured: tuple[str, int] | None

    def _publish(self, event: Event) -> None:
        raise NotImplementedError

    def _measure(self, replica: Replica, diverged: str | None = None) -> None:
        experiment = replica.experiment
        assert experiment is not None
        if experiment.step == replica.measured_at and diverged is None:
            return
        self._record(replica, experiment.step, experiment.measure(), diverged)

    def _record(self, replica: Replica, step: int, values: dict[str, float], diverged: str | None = None) -> None:
        if diverged is not None:
            values[DIVERGED] = 1.0
        self._record_all(replica, [(step, values)], diverged)

    def _record_all(
        self, replica: Replica, measured: Sequence[tuple[int, dict[str, float]]], diverged: str | None = None
    ) -> None:
        """(step, values) of measurements that follow one another."""
        if not measured:
            return
        replica.measured_at = measured[-1][0]
        self.history.extend(replica.name, replica.seed, measured)
        seconds = time.monotonic() - self._begun
        for step, values in measured:
            changed, replica.changed = replica.changed, {}
            self._publish(Measured(replica.name, replica.seed, step, values, diverged, changed, seconds))

    def _wants_picture(self, replica: Replica) -> bool:
        return self._pictured in (None, (replica.name, replica.seed))

    def _picture(self, replica: Replica) -> None:
        assert replica.experiment is not None
        if not self._takes_pictures:
            return
        for picture in replica.experiment.pictures():
            self._publish(PictureTaken(replica.name, replica.seed, replica.experiment.step, picture))
        replica.pictured = time.monotonic()

    def _save(self, replica: Replica) -> None:
        assert replica.experiment is not None
        begun = time.monotonic()
        step, state = replica.experiment.step, replica.experiment.state()
        replica.moments.keep(step, state)
        if self._recorder is not None:
            self._recorder.checkpoint(replica.name, replica.seed, step, state)
        replica.saved = time.monotonic()
        replica.save_every = max(1.0, 20 * (replica.saved - begun))
