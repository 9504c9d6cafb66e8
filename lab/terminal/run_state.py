"""What has happened so far, put together from the events alone, so that a live run and a replay look the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from lab.curve import Curve
from lab.events import Claimed, Compiling, Ended, Event, Failed, Measured, Noticed, PictureTaken, Started
from lab.outcome import Outcome
from lab.terminal.picture_scales import PictureScales

CAPACITY = 2048
"""Points of a curve: more than any plot has columns, so that nothing is missing on the screen."""


@dataclass(slots=True)
class Replica:
    """One variant with one seed: how far it is, what was last measured, and why it stopped if it diverged."""

    variant: str
    seed: int
    step: int = 0
    began: float | None = None  # when it was first measured, in seconds of the events, and at which step
    began_at: int = 0
    moved: float = 0.0
    values: dict[str, float] = field(default_factory=dict)
    diverged: str | None = None
    diverged_at: int | None = None
    outcome: Outcome | None = None

    @property
    def over(self) -> bool:
        """Whether it will go no further."""
        return self.diverged is not None or self.outcome is not None

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before its end, or never begun."""
        return self.outcome is not None and self.outcome.state in ("interrupted", "waiting")


@dataclass(frozen=True, slots=True)
class Change:
    """A hyperparameter that somebody changed while training."""

    variant: str
    seed: int
    step: int
    name: str
    value: float


class RunState:
    """The state behind every reporter: `handle` each event, then read.

    keep: which metrics to keep curves of (default: all)
    """

    def __init__(self, keep: Callable[[str], bool] | None = None) -> None:
        self._keep = keep
        self.started: Started | None = None
        self.kernel: str | None = None
        self.kernels_left = 0
        self.kernels = 0
        self.compiled_in: float | None = None
        self.replicas: dict[tuple[str, int], Replica] = {}
        self.curves: dict[tuple[str, int, str], Curve] = {}
        self.pictures: dict[tuple[str, int, str], PictureTaken] = {}
        self._taken: dict[tuple[str, int, str], PictureTaken] = {}  # as they came, without their common scales
        self._scales = PictureScales()
        self.changes: list[Change] = []
        self.noticed: list[Noticed] = []
        self.claims: list[Claimed] = []
        self.ended: Ended | None = None
        self.failed: Failed | None = None
        self.finished = (
            False  # nothing is left to do, though some ended before their last step: whoever drives it says so
        )
        self.unsaved = ""  # why it is not kept any more, where it has not ended yet

    def handle(self, event: Event) -> None:
        """Take in one event. None is refused: what comes too early or twice is kept, what is unknown is added."""
        match event:
            case Started():
                self._start(event)
            case Compiling():
                self._compile(event)
            case Measured():
                self._measure(event)
            case Noticed() if event not in self.noticed:  # a run that was taken up again may say it once more
                self.noticed.append(event)
            case PictureTaken():
                self._take_picture(event)
            case Claimed() if event.seeds:  # without a seed nothing can be said
                self.claims = [claim for claim in self.claims if (claim.says, claim.that) != (event.says, event.that)]
                self.claims.append(event)
            case Ended():
                self.ended = event
                for outcome in event.outcomes:
                    self._replica(outcome.variant, outcome.seed).outcome = outcome
            case Failed():
                self.failed = event

    @property
    def title(self) -> str:
        """The scenario's title, or its name, or "" before the start."""
        return (self.started.title or self.started.scenario) if self.started else ""

    @property
    def variants(self) -> tuple[str, ...]:
        """All variants: those announced, in their order, then any other that was heard of."""
        announced = self.started.variants if self.started else ()
        return tuple(dict.fromkeys((*announced, *(variant for variant, _ in self.replicas))))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The watched metrics: those announced, or before that the global ones that were measured."""
        if self.started and self.started.metrics:
            return self.started.metrics
        measured = (name for replica in self.replicas.values() for name in replica.values)
        return tuple(dict.fromkeys(name for name in measured if "." not in name))

    def steps(self, variant: str) -> int:
        """How many steps the variant will make (0: not known)."""
        return self.started.steps.get(variant, 0) if self.started else 0

    def epochs(self, variant: str) -> tuple[int, float]:
        """How many epochs these are, and the steps of each, where the scenario says it in epochs (0: it does not)."""
        return self.started.epochs.get(variant, (0, 0.0)) if self.started else (0, 0.0)

    def of(self, variant: str) -> list[Replica]:
        """The variant's replicas that were heard of, by seed."""
        return sorted((each for each in self.replicas.values() if each.variant == variant), key=lambda each: each.seed)

    def furthest(self, variant: str) -> int:
        """The step that the first of its seeds has reached."""
        return max((each.step for each in self.of(variant)), default=0)

    def progress(self, variant: str) -> float:
        """The share of the variant's work that is done, 0 to 1, over all its seeds."""
        steps, seeds = self.steps(variant), max(1, len(self.started.seeds) if self.started else 1)
        replicas = self.of(variant)
        if replicas and len(replicas) >= seeds and all(each.over and not each.interrupted for each in replicas):
            return 1.0
        done = sum(steps if each.over and not each.interrupted else min(each.step, steps) for each in replicas)
        return min(1.0, done / (steps * seeds)) if steps else 0.0

    def over(self, variant: str) -> bool:
        """Whether the variant has nothing left to do."""
        return self.ended is not None or self.finished or self.progress(variant) >= 1.0

    def speed(self, variant: str) -> float:
        """Steps per second of all the variant's replicas together, since the first of them was first measured; NaN
        where it cannot be known yet."""
        measured = [each for each in self.of(variant) if each.began is not None]
        if not measured:
            return math.nan
        seconds = max(each.moved for each in measured) - min(each.began for each in measured if each.began is not None)
        steps = sum(each.step - each.began_at for each in measured)
        return steps / seconds if seconds > 0 and steps > 0 else math.nan

    def seconds_left(self, variant: str) -> float:
        """How long the variant still takes at its pace so far; NaN where it cannot be known yet."""
        done = self.progress(variant)
        if done >= 1.0:
            return 0.0
        seeds = max(1, len(self.started.seeds) if self.started else 1)
        return (1.0 - done) * self.steps(variant) * seeds / self.speed(variant)

    def latest(self, variant: str, metric: str) -> list[float]:
        """The metric's last measured value of each seed; of those that diverged only if all of them did."""
        replicas = [each for each in self.of(variant) if metric in each.values]
        return [each.values[metric] for each in replicas if each.diverged is None] or [
            each.values[metric] for each in replicas
        ]

    def picture(self, decisive: Sequence[str] = (), variants: Sequence[str] = ()) -> PictureTaken | None:
        """The picture to show if there is room for one: the first one that decides the lesson; or else the newest of
        the first variant and seed that have any.

        decisive, variants: names of metrics and pictures, and of variants, as in `show.first` and `show.variants`
        """
        if named := self.decisive_pictures(decisive, variants):
            return named[0]
        keys = self._by_variant()
        return max((self.pictures[key] for key in keys if key[:2] == keys[0][:2]), key=_step, default=None)

    def decisive_pictures(self, decisive: Sequence[str], variants: Sequence[str] = ()) -> list[PictureTaken]:
        """The pictures that decide the lesson, in their order, each of the first variant and seed that have it; those
        variants that matter most are the first."""
        keys = self._by_variant(variants)
        found = ([self.pictures[key] for key in keys if self.pictures[key].picture.name == name] for name in decisive)
        return [each[0] for each in found if each]

    def same_of_others(self, taken: PictureTaken, variants: Sequence[str] = ()) -> list[PictureTaken]:
        """The same picture of the same seed of the other variants, those first that matter most."""
        found = [self.pictures[key] for key in self._by_variant(variants) if key[1] == taken.seed]
        return [each for each in found if each.picture.name == taken.picture.name and each.variant != taken.variant]

    def _by_variant(self, first: Sequence[str] = ()) -> list[tuple[str, int, str]]:
        order = {variant: position for position, variant in enumerate(dict.fromkeys((*first, *self.variants)))}
        return sorted(self.pictures, key=lambda key: (order.get(key[0], len(order)), key[1]))

    def _start(self, event: Started) -> None:
        for variant in set(self.started.variants if self.started else ()) - set(event.variants):
            self._forget(variant)
        self.started = event
        for variant in event.variants:
            for seed in event.seeds:
                self._replica(variant, seed)

    def _forget(self, variant: str) -> None:
        """A variant that was announced has been removed again."""
        self.replicas = {key: each for key, each in self.replicas.items() if key[0] != variant}
        self.curves = {key: each for key, each in self.curves.items() if key[0] != variant}
        self.pictures = {key: each for key, each in self.pictures.items() if key[0] != variant}
        self._taken = {key: each for key, each in self._taken.items() if key[0] != variant}
        self.changes = [each for each in self.changes if each.variant != variant]
        self.noticed = [each for each in self.noticed if each.variant != variant]

    def _compile(self, event: Compiling) -> None:
        self.kernels = max(self.kernels, event.left)
        self.kernels_left = event.left
        self.kernel = event.kernel if event.left > 0 else None
        self.compiled_in = event.seconds

    def _measure(self, event: Measured) -> None:
        replica, now = self._replica(event.variant, event.seed), event.seconds
        self.kernel, self.kernels_left = None, 0
        if event.step < replica.step:
            self._rewind(replica, event.step)
        if now < replica.moved:
            self._begin_counting_after(now)
        if replica.began is None:
            replica.began, replica.began_at = now, event.step
        replica.step, replica.moved = event.step, now
        replica.values.update(event.values)
        if event.diverged is not None:
            replica.diverged, replica.diverged_at = event.diverged, event.step
        self.changes += [
            Change(event.variant, event.seed, event.step, name, value) for name, value in event.changed.items()
        ]
        for metric, value in event.values.items():
            key = (event.variant, event.seed, metric)
            curve = self.curves.get(key)
            if curve is None:
                if self._keep is not None and not self._keep(metric):
                    continue
                curve = self.curves[key] = Curve(CAPACITY)
            curve.append(event.step, value)

    def _take_picture(self, event: PictureTaken) -> None:
        """Keep the picture on the scale of all that have its title; runs that diverged do not stretch it."""
        title = event.picture.title
        self._give_way(event)
        self._taken[event.variant, event.seed, title] = event
        same = {key: each for key, each in self._taken.items() if key[2] == title}
        steady = [each for key, each in same.items() if self._replica(*key[:2]).diverged is None]
        changed = self._scales.fit(title, [each.picture for each in steady or same.values()])
        for key, each in same.items():
            if changed or each is event:
                self.pictures[key] = replace(each, picture=self._scales.scaled(each.picture))

    def _give_way(self, event: PictureTaken) -> None:
        """A picture whose title is another one each time, as it says a number, is the successor of the first of its
        name that is of an earlier step."""
        new = event.variant, event.seed, event.picture.title
        if not event.picture.name or new in self._taken:
            return
        for old, each in self._taken.items():
            if old[:2] == new[:2] and each.picture.name == event.picture.name and each.step < event.step:
                self._taken = {new if key == old else key: kept for key, kept in self._taken.items()}
                self.pictures = {new if key == old else key: kept for key, kept in self.pictures.items()}
                return

    def _begin_counting_after(self, now: float) -> None:
        """Another clock has begun, as after an interruption: times of the one before count for no speed."""
        for each in self.replicas.values():
            if each.moved > now:
                each.began, each.moved = None, 0.0

    def _rewind(self, replica: Replica, step: int) -> None:
        """The replica was set back: what it measured from `step` on is no longer its past."""
        replica.began, replica.diverged, replica.diverged_at, replica.outcome = None, None, None, None
        for (variant, seed, _), curve in self.curves.items():
            if (variant, seed) == (replica.variant, replica.seed):
                curve.rewind(step)
        self.changes = [
            change
            for change in self.changes
            if (change.variant, change.seed) != (replica.variant, replica.seed) or change.step < step
        ]
        self.noticed = [
            each
            for each in self.noticed
            if (each.variant, each.seed) != (replica.variant, replica.seed) or each.step < step
        ]

    def _replica(self, variant: str, seed: int) -> Replica:
        if (variant, seed) not in self.replicas:
            self.replicas[variant, seed] = Replica(variant, seed)
        return self.replicas[variant, seed]


def _step(taken: PictureTaken) -> int:
    return taken.step
