"""Who takes part in a session: the variants of a scenario times the seeds, and on which device each replica runs."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lab.data import story
from lab.errors import BadInput, InvalidValue, nearest
from lab.events import Started
from lab.scenario import Loaded, Variant
from lab.session.replica import Replica
from lab.tasks import Experiment, task_of
from lab.tasks.epochs import in_steps


class Roster:
    """The variants and replicas of a session. They are added and removed while it runs, under the scheduler's lock.

    steps: how many each replica does, instead of its experiment's own number;  devices: where they run
    """

    def __init__(
        self,
        loaded: Loaded,
        variants: Iterable[str | Variant] | None,
        seeds: Sequence[int] | None,
        steps: int | None,
        devices: Sequence[str],
    ) -> None:
        self.loaded = loaded
        self.steps, self.devices = steps, tuple(devices)
        self.seeds = tuple(seeds) if seeds is not None else loaded.scenario.train.own_seeds
        self._steps_per_epoch: dict[str, float] = {}
        chosen = loaded.variants if variants is None else _chosen(loaded, variants)
        self.variants: list[Variant] = [self.counted(each) for each in chosen]
        self.replicas: list[Replica] = [Replica(each, seed) for each in self.variants for seed in self.seeds]
        self.made: dict[str, dict[str, Any]] = {}  # where variants come from that the scenario does not have
        self.place(self.replicas)

    def counted(self, variant: Variant) -> Variant:
        """The variant with all that it says in epochs counted in steps. Raises BadInput, with the place in the file."""
        task, scenario = task_of(variant.scenario), variant.scenario
        try:
            scenario = in_steps(task, scenario, self.loaded.folder)
            if variant.scenario.train.uncounted:
                self._steps_per_epoch[variant.name] = float(task.steps_per_epoch(scenario, self.loaded.folder))
        except InvalidValue as error:
            raise self._located(error, variant) from None
        return variant if scenario is variant.scenario else Variant(variant.name, scenario, variant.changes)

    def _located(self, error: InvalidValue, variant: Variant) -> BadInput:
        """What is wrong with a variant, with its place; one that was added while the session runs has none."""
        known = any(each.name == variant.name for each in self.loaded.variants)
        return self.loaded.locate(error, variant) if known else BadInput(str(error))

    def of(self, variant: str | None) -> list[Replica]:
        """The replicas of a variant, or all. Raises BadInput if there is no such variant."""
        found = [each for each in self.replicas if variant in (None, each.name)]
        if not found:
            raise BadInput(f"There is no variant {variant!r}; {nearest(variant, self.names)}.")
        return found

    @property
    def names(self) -> list[str]:
        """The names of the variants."""
        return [each.name for each in self.variants]

    def place(self, replicas: Sequence[Replica]) -> None:
        """Give each of these replicas that has none a device: the one with the fewest."""
        had = Counter(each.device for each in self.replicas)
        for replica in replicas:
            if not replica.device:
                replica.device = min(self.devices, key=lambda device: (had[device], device))
                had[replica.device] += 1

    def sharing(self, device: str) -> int:
        """How many replicas share a device."""
        # A device that has none yet may be given one, which is then computed as it would be on its own.
        return max(1, sum(each.device == device for each in self.replicas))

    def add(self, variant: Variant, replicas: Sequence[Replica]) -> None:
        """Let a further variant take part."""
        self.variants.append(variant)
        self.place(replicas)
        self.replicas.extend(replicas)

    def comes_from(self, name: str, source: str, overrides: Mapping[str, Any]) -> None:
        """Remember that a variant is another one with overrides, so that it can be made again."""
        before = self.made.get(source, {"from": source, "set": {}})
        self.made[name] = {"from": before["from"], "set": {**before["set"], **overrides}}

    def remove(self, variant: str) -> None:
        """Leave a variant out from now on."""
        self.variants = [each for each in self.variants if each.name != variant]
        self.replicas = [each for each in self.replicas if each.name != variant]

    def build(self, replica: Replica) -> Experiment:
        """The experiment of a replica, which has no memory yet. Raises BadInput, with the place in the file."""
        variant, scenario = replica.variant, replica.variant.scenario
        task = task_of(scenario)
        if task.counts_steps and self.steps is not None:
            scenario = scenario.model_copy(update={"train": scenario.train.model_copy(update={"steps": self.steps})})
        try:
            return task.build(scenario, replica.seed, self.loaded.folder)
        except InvalidValue as error:
            if scenario is not variant.scenario and error.path == ("train", "steps"):
                raise BadInput(f"steps: {error.message}") from None
            raise self._located(error, variant) from None

    def last_step(self, replica: Replica) -> int:
        """The step at which a replica that has begun is finished."""
        if replica.running.stopped:
            return replica.running.step
        return self.steps if self.steps is not None else replica.running.steps

    def measured_seeds(self) -> tuple[int, ...]:
        """Seeds of which every replica has been measured; nothing can be said about the others."""
        unmeasured = {each.seed for each in self.replicas if each.measured_at < 0}
        return tuple(seed for seed in self.seeds if seed not in unmeasured)

    def other_lengths(self, seeds: Sequence[int]) -> dict[str, tuple[int, int]]:
        """Of the variants that have not come to the end that the scenario gives them, or went beyond it: (steps done,
        the fewest of these seeds; steps that the scenario has). What ended by itself, or diverged, has come to its end.
        """
        found: dict[str, tuple[int, int]] = {}
        for replica in self.replicas:
            experiment = replica.experiment
            ended = replica.state == "diverged" or (replica.state == "finished" and self.steps is None)
            if experiment is None or ended or experiment.stopped or replica.seed not in seeds:
                continue
            scenario = replica.variant.scenario
            whole = scenario.train.steps if task_of(scenario).counts_steps else experiment.steps
            if experiment.step != whole:
                fewest = min(experiment.step, found.get(replica.name, (experiment.step, whole))[0])
                found[replica.name] = fewest, whole
        return found

    def started(self, device: str, run: str | None) -> Started:
        """The event that says who takes part."""
        metrics: dict[str, None] = {}
        for variant in self.variants:
            metrics |= dict.fromkeys(variant.scenario.watch)
        task = task_of(self.loaded.scenario)
        return Started(
            self.loaded.slug,
            self.loaded.scenario.title,
            tuple(self.names),
            self.seeds,
            {each.name: self._steps_of(each) for each in self.variants},
            tuple(metrics),
            device,
            run,
            self._read(),
            {name: each for name, each in self.made.items() if name in self.names},
            task.predicts,
            task.writes,
            self._epochs,
        )

    @property
    def _epochs(self) -> dict[str, tuple[int, float]]:
        """How many epochs the variants train that have their length from the scenario, and said in epochs; the steps of
        each."""
        lengths = {} if self.steps is not None else {each.name: each.scenario.train.epochs for each in self.variants}
        return {
            name: (epochs, self._steps_per_epoch[name])
            for name, epochs in lengths.items()
            if epochs is not None and name in self._steps_per_epoch  # else a branch, whose steps were counted already
        }

    def steps_of(self, replica: Replica) -> int:
        """How many steps a replica does, as far as that is known before it has begun."""
        if replica.experiment is not None:
            return self.last_step(replica)
        return self.steps or replica.variant.scenario.train.steps

    @property
    def lengths(self) -> tuple[int, int]:
        """The steps of the shortest and of the longest replica."""
        steps = [self.steps_of(each) for each in self.replicas] or [0]
        return min(steps), max(steps)

    def _read(self) -> tuple[str, ...]:
        """What was read of the files of the variants' data."""
        blocks: list[tuple[dict[str, Any], Any]] = []
        for variant in self.variants:
            block = variant.scenario.data, task_of(variant.scenario).targets
            if block[0] is not None and block not in blocks:
                blocks.append((block[0], block[1]))
        told: dict[str, None] = {}
        for data, kind in blocks:
            with contextlib.suppress(InvalidValue):  # the experiment has said it, or did not need the data
                told |= dict.fromkeys(story(data, self.loaded.folder, kind))
        return tuple(told)

    def _steps_of(self, variant: Variant) -> int:
        for replica in self.replicas:
            if replica.variant is variant and replica.experiment is not None:
                return self.last_step(replica)
        return self.steps or variant.scenario.train.steps


def _chosen(loaded: Loaded, variants: Iterable[str | Variant]) -> list[Variant]:
    wanted = list(variants)
    named = {each.name: each for each in loaded.choose([each for each in wanted if isinstance(each, str)])}
    return [named[each] if isinstance(each, str) else each for each in wanted]
