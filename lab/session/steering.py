"""Steering a session from outside: what is asked of replicas, carried out by the threads that run them.

Everything here may be called from any thread, and returns at once, but for `add_variant`, which compiles.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from lab.errors import BadInput, nearest
from lab.nets.limits import Limits
from lab.scenario import Variant
from lab.session.checkpoints import Checkpoints, State
from lab.session.compilation import Compiler
from lab.session.recorder import Recorder
from lab.session.replica import Replica
from lab.session.roster import Roster
from lab.session.scheduler import Scheduler
from lab.tasks import Experiment

Seen = TypeVar("Seen")


class Steering:
    """The commands on the replicas of a session.

    announce: says to whoever listens who takes part now
    """

    def __init__(
        self,
        roster: Roster,
        scheduler: Scheduler,
        recorder: Recorder,
        compiler: Compiler,
        announce: Callable[[], None],
    ) -> None:
        self._roster, self._scheduler, self._recorder = roster, scheduler, recorder
        self._compiler, self._announce = compiler, announce

    def single_step(self, steps: int = 1) -> dict[tuple[str, int], int]:
        """While paused: every replica that is not over does so many steps, is measured, and pauses again.

        Returns from which step each (variant, seed) went on, filled in as they begin: right after `pause` a replica is
        still on its way to its halt, and the steps are counted from there.
        """
        begun: dict[tuple[str, int], int] = {}

        def go_on(replica: Replica) -> None:
            begun[replica.name, replica.seed] = max(replica.steps_done, replica.halt_at or 0)
            replica.halt_at = begun[replica.name, replica.seed] + steps

        self._scheduler.ask([each for each in self._roster.replicas if not each.over], go_on)
        return begun

    def settings(self, variant: str) -> dict[str, float]:
        """What can be changed while a variant runs, with its values now, or as they were just asked to become."""
        for replica in self._roster.of(variant):
            if replica.experiment is not None:
                return {**replica.experiment.settings(), **replica.changes_waiting}
        return {}

    def limits(self, variant: str) -> dict[str, Limits]:
        """What each of a variant's settings may become."""
        return next((each.experiment.limits() for each in self._roster.of(variant) if each.experiment), {})

    def look(self, variant: str, seed: int, function: Callable[[Experiment], Seen]) -> Future[Seen]:
        """What `function` finds in a replica, between two of its chunks. It must leave the experiment as it was.

        The answer comes from the replica's own thread, also while it is paused or over, and after the end from the
        thread that asks; what `function` raises, the future raises. It raises BadInput if the replica is removed, or
        the session ends, before the answer. Raises BadInput if there is no such replica.
        """
        replica = next((each for each in self._roster.of(variant) if each.seed == seed), None)
        if replica is None:
            raise BadInput(f"There is no seed {seed} here; allowed: {', '.join(map(str, self._roster.seeds))}.")
        future: Future[Seen] = Future()

        def answer(replica: Replica) -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                with replica.lock:  # which whoever runs it has already
                    seen = function(replica.running)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(seen)

        def give_up() -> None:
            if future.set_running_or_notify_cancel():
                whose = f"{variant} with seed {seed}"
                future.set_exception(BadInput(f"{whose} answers no more: it was removed, or the session has ended."))

        if not self._scheduler.over:
            self._scheduler.ask([replica], answer, give_up)
        elif replica.experiment is not None:
            answer(replica)
        else:
            future.set_exception(BadInput(f"{variant} never began."))
        return future

    def look_back(self, variant: str, seed: int, step: int, function: Callable[[Experiment], Seen]) -> Future[Seen]:
        """As `look`, at the latest kept checkpoint that is not after a step."""
        checkpoints = next((each.checkpoints for each in self._roster.of(variant) if each.seed == seed), None)

        def at_that_step(experiment: Experiment) -> Seen:
            assert checkpoints is not None
            now = experiment.state()
            experiment.restore(checkpoints.at_or_before(step)[1])
            try:
                return function(experiment)
            finally:
                experiment.restore(now)

        return self.look(variant, seed, at_that_step)

    def change(self, name: str, value: float, variant: str | None = None) -> None:
        """Change a setting of one variant or of all, from each replica's next chunk on, without a reset.

        Raises BadInput for a setting that none of them has, and for a value that is not allowed.
        """
        concerned = [each for each in self._roster.of(variant) if each.experiment is not None]
        having = [each for each in concerned if each.experiment and name in each.experiment.settings()]
        if not having:
            known = sorted({key for each in concerned if each.experiment for key in each.experiment.settings()})
            raise BadInput(f"There is nothing called {name!r} to change while this runs; {nearest(name, known)}.")
        for each in having:
            _refuse(each.running.limits(), name, value)

        def apply(replica: Replica) -> None:
            assert replica.experiment is not None
            replica.experiment.change(name, value)
            replica.changes_unreported[name] = value
            replica.changes_made.append((replica.experiment.step, name, value))
            if replica.changes_waiting.get(name) == value:
                waiting = replica.changes_waiting.items()
                replica.changes_waiting = {other: known for other, known in waiting if other != name}

        for replica in having:
            replica.changes_waiting = {**replica.changes_waiting, name: value}
        self._scheduler.ask(having, apply)

    def rewind(self, variant: str | None = None, step: int = 0, seed: int | None = None) -> None:
        """Take replicas back to a step they have passed, by default to the same initial weights, and go on from there.

        The exact step is reached by repeating from the nearest checkpoint before it. Settings become what they were.
        A branch, and a replica that was restored, go back to where they began at most. A replica that has not got to
        the step yet stays where it is. A run that is kept forgets what was measured from that step on.

        Raises BadInput if no replica has got so far.
        """
        chosen = [each for each in self._roster.of(variant) if seed in (None, each.seed)]
        if step > max((each.steps_done for each in chosen), default=0):
            who = f"{variant} has not" if variant else "No variant has"
            raise BadInput(f"{who} got to step {step} yet.")
        self._rewind(chosen, lambda replica: step)

    def take_back(self, begun: Mapping[tuple[str, int], int]) -> None:
        """Rewind replicas to where a `single_step` began, which returned `begun`."""
        self._rewind(self._roster.replicas, lambda replica: begun.get((replica.name, replica.seed)))

    def _rewind(self, replicas: Iterable[Replica], step_of: Callable[[Replica], int | None]) -> None:
        def apply(replica: Replica) -> None:
            step = step_of(replica)
            if step is None or step > replica.steps_done:
                return
            step = max(step, replica.checkpoints.steps[0])
            self._go_to(replica, step)
            self._recorder.rewind(replica, step)
            replica.message, replica.halt_at = "", None
            self._scheduler.let_run(replica)
            self._recorder.measure(replica)

        self._scheduler.ask(replicas, apply)

    def branch(self, variant: str, name: str, step: int, changes: Mapping[str, float]) -> None:
        """A new variant `name` that is `variant` up to `step` and goes on from there with changed settings.

        Raises BadInput if the name is taken, or if nothing was kept at or before the step.
        """
        if name in self._roster.names:
            raise BadInput(f"There already is a variant {name!r}.")
        sources = self._roster.of(variant)
        known, limits = self.settings(variant), self.limits(variant)
        for setting, value in changes.items():
            if setting not in known:
                raise BadInput(f"There is nothing called {setting!r} to change; {nearest(setting, known)}.")
            _refuse(limits, setting, value)
        new = Variant(name, sources[0].variant.scenario, sources[0].variant.changes)
        added = []
        for source in sources:
            replica = Replica(new, source.seed)
            if not source.checkpoints.steps:
                raise BadInput(f"{variant} has not got to step {step} yet.")
            if step < source.checkpoints.steps[0]:
                raise BadInput(f"{variant} begins at step {source.checkpoints.steps[0]}.")
            kept = source.checkpoints.at_or_before(step)
            replica.checkpoints.keep(*kept)
            replica.changes_made = [each for each in source.changes_made if each[0] < step]
            replica.begin = functools.partial(self._begin_branch, step=step, changes=dict(changes))
            added.append(replica)
        self._roster.comes_from(name, variant, {})
        self._scheduler.add(new, added, self._announce)

    def add_variant(
        self, variant: Variant, source: str | None = None, overrides: Mapping[str, Any] | None = None
    ) -> None:
        """A further variant, trained from its beginning. Kernels that it needs are compiled before this returns.

        source, overrides: the variant of the scenario that it is, and what is different; without, a run that is kept
                           and interrupted cannot be taken up again

        Raises BadInput if its name is taken, or if it cannot be built.
        """
        if variant.name in self._roster.names:
            raise BadInput(f"There already is a variant {variant.name!r}.")
        variant = self._roster.counted(variant)
        replicas = [Replica(variant, seed) for seed in self._roster.seeds]
        if source is not None:
            self._roster.comes_from(variant.name, source, overrides or {})
        self._roster.place(replicas)
        if self._scheduler.begun:
            self._compiler.run(self._compiler.compilation([self._compiler.requirements(replicas[0])]))
        self._scheduler.add(variant, replicas, self._announce)

    def remove(self, variant: str) -> None:
        """Drop a variant with all that was measured of it. Raises BadInput for the last one."""
        if len(self._roster.of(variant)) == len(self._roster.replicas):
            raise BadInput(f"{variant} is the only variant, so it cannot be removed.")
        self._recorder.forget(variant, self._scheduler.remove(variant))
        self._announce()
        self._scheduler.stirred()

    def require_fit(self, variant: str, states: Mapping[int, State]) -> None:
        """Raise BadInput if one of the saved states of a variant, by seed, does not fit its network, as far as that can
        be seen before there is memory for it."""
        experiment = self._roster.build(self._roster.of(variant)[0])
        for seed, state in states.items():
            try:
                experiment.require_fit(state)
            except ValueError as error:
                raise _misfit(variant, seed) from error

    def restore(self, variant: str, seed: int, step: int, state: State) -> None:
        """Before `start`: let a replica begin with a state that was saved, when a run is resumed."""
        for replica in self._roster.of(variant):
            if replica.seed == seed:
                replica.checkpoints.keep(step, state)
                replica.begin = functools.partial(self._begin_again, state=state)

    def checkpoints(self, variant: str, seed: int) -> tuple[int, ...]:
        """Steps whose states are kept, to which going back costs nothing."""
        return next((each.checkpoints.steps for each in self._roster.of(variant) if each.seed == seed), ())

    def _go_to(self, replica: Replica, step: int) -> None:
        experiment = replica.experiment
        assert experiment is not None
        kept, state = replica.checkpoints.at_or_before(step)
        experiment.restore(state)
        for at, name, value in replica.changes_made:
            if kept <= at < step:
                _repeat(replica, at)
                experiment.change(name, value)
        _repeat(replica, step)

    def _begin_branch(self, replica: Replica, step: int, changes: Mapping[str, float]) -> None:
        self._go_to(replica, step)
        assert replica.experiment is not None
        for name, value in changes.items():
            replica.experiment.change(name, value)
        # What it does differently is its beginning, to which it can be taken back, and before which it has no past.
        replica.checkpoints = Checkpoints()
        replica.checkpoints.keep(step, replica.experiment.state())
        replica.changes_made = []
        replica.changes_unreported = dict(changes)
        self._recorder.measure(replica)
        self._recorder.save(replica)  # a run that is killed could not begin it again

    def _begin_again(self, replica: Replica, state: State) -> None:
        assert replica.experiment is not None
        try:
            replica.experiment.restore(state)
        except ValueError as error:
            raise _misfit(replica.name, replica.seed) from error
        replica.measured_at = replica.experiment.step


def _repeat(replica: Replica, step: int) -> None:
    """Train up to a step as it was done the first time, measuring on the way: what stops early goes by measurements,
    and figures remember them."""
    experiment, every = replica.running, replica.variant.scenario.train.measure
    while experiment.step < step and experiment.diverged() is None:
        before = experiment.step
        far = step if experiment.measures_on_the_way else min(step, before - before % every + every)
        experiment.advance(far - before, every)
        if experiment.step == before:
            break
        if not experiment.measures_on_the_way and experiment.step % every == 0:
            experiment.measure()


def _refuse(limits: Mapping[str, Limits], name: str, value: float) -> None:
    if refusal := limits[name].refusal(name, value):
        raise BadInput(refusal)


def _misfit(variant: str, seed: int) -> BadInput:
    return BadInput(
        f"What was kept of {variant}, seed {seed}, does not fit this network: it was kept by another version of the "
        "lab, or the data or the network differ; it must be run again."
    )
