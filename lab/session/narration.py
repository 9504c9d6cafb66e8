"""What is said of a session while it trains: every measurement is shown to the detectors of `lab.noticing`."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lab.events import Noticed
from lab.noticing import Facts, Narrator
from lab.noticing.first_to_target import FirstToTarget
from lab.session.history import History
from lab.session.replica import Replica
from lab.session.roster import Roster

Key = tuple[str, int]
EARLY_STOPPING = "early_stopping"
"""What sentences are called in which a training says why it ended, and which weights it keeps."""


class Narration:
    """The narrators of all replicas, and for each seed the one detector that compares variants.

    A replica that goes back, or begins in the middle, has its past told to a new narrator, who keeps it to himself.
    """

    def __init__(self, roster: Roster, history: History) -> None:
        self._roster, self._history = roster, history
        self._narrators: dict[Key, Narrator] = {}
        self._races: dict[int, FirstToTarget] = {}
        self._lock = threading.Lock()

    def see(
        self, replica: Replica, step: int, values: Mapping[str, float], changed: Mapping[str, float]
    ) -> list[Noticed]:
        """What there is to say after a measurement; from the thread that has the replica."""
        key = replica.name, replica.seed
        narrator = self._narrators.get(key)
        if narrator is None:
            narrator = self._narrators[key] = self._with_past(replica, step)
        found = [
            Noticed(*key, step, name, each.sentence, dict(each.values))
            for name, each in narrator.see(step, values, changed)
        ]
        if self._wants(replica, FirstToTarget.name):
            with self._lock:
                race = self._race(replica.seed)
                race.see(replica.name, step, values, narrator.facts.share)
                found += self._decided(replica.seed, race)
        return found

    def end(self, replica: Replica) -> list[Noticed]:
        """What there is to say now that a replica goes no further."""
        sentence = replica.running.farewell() if replica.state in ("finished", "diverged") else None
        step = replica.steps_done
        found = [Noticed(replica.name, replica.seed, step, EARLY_STOPPING, sentence, {})] if sentence else []
        with self._lock:
            race = self._races.get(replica.seed)
            return found + (self._decided(replica.seed, race) if race is not None else [])

    def rewind(self, replica: Replica, step: int) -> None:
        """A replica goes back to a step."""
        self._narrators.pop((replica.name, replica.seed), None)
        with self._lock:
            if (race := self._races.get(replica.seed)) is not None:
                race.rewind(replica.name, step)

    def forget(self, variant: str) -> None:
        """A variant was removed."""
        self._narrators = {key: each for key, each in self._narrators.items() if key[0] != variant}
        with self._lock:
            for race in self._races.values():
                race.forget(variant)

    def _wants(self, replica: Replica, detector: str) -> bool:
        wanted = replica.variant.scenario.show.notice
        return wanted is None or detector in wanted

    def _race(self, seed: int) -> FirstToTarget:
        race = self._races.get(seed)
        if race is None:
            race = self._races[seed] = FirstToTarget()
        return race

    def _decided(self, seed: int, race: FirstToTarget) -> list[Noticed]:
        over = {each.name: each.over for each in self._roster.replicas if each.seed == seed}
        concluded = race.conclude(over)
        if concluded is None:
            return []
        variant, step, finding = concluded
        return [Noticed(variant, seed, step, race.name, finding.sentence, dict(finding.values))]

    def _with_past(self, replica: Replica, step: int) -> Narrator:
        """A narrator who has seen what was measured of a replica before a step."""
        narrator = Narrator(facts_of(replica), replica.variant.scenario.show.notice)
        changes = list(replica.changes_made)
        for at, values in self._rows(replica, step):
            changed = {name: value for when, name, value in changes if when < at}
            changes = [each for each in changes if each[0] >= at]
            narrator.see(at, values, changed)
            with self._lock:
                self._race(replica.seed).see(replica.name, at, values, narrator.facts.share)
        return narrator

    def _rows(self, replica: Replica, step: int) -> Sequence[tuple[int, dict[str, float]]]:
        rows: dict[int, dict[str, float]] = {}
        for metric in self._history.metrics(replica.name):
            try:
                steps, values = self._history.curve(replica.name, replica.seed, metric)
            except KeyError:
                continue
            for at, value in zip(steps.tolist(), values.tolist(), strict=True):
                if at < step:
                    rows.setdefault(at, {})[metric] = value
        return sorted(rows.items())


def facts_of(replica: Replica) -> Facts:
    """What detectors know of a replica that has begun."""
    experiment: Any = replica.running
    scenario = replica.variant.scenario
    units = {part.name: int(part.y.shape[-1]) for part in experiment.layers}
    classes = None
    split = getattr(experiment, "split", None)
    if scenario.task == "classify" and scenario.options.get("loss", "softmax") == "softmax" and split is not None:
        classes = int(split.train.outputs)
    largest, share = "", 0.0
    if split is not None and split.train.kind == "classes" and split.train.targets.ndim == 1:
        counts = np.bincount(split.train.targets, minlength=len(split.train.classes))
        largest, share = split.train.classes[int(counts.argmax())], float(counts.max() / counts.sum())
    weighed = scenario.options.get("class_weights") is not None
    return Facts(int(experiment.steps), units, classes, largest, share, weighed)
