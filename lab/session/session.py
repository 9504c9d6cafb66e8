"""A session: the variants of a scenario times the seeds, trained side by side in threads, steered from outside.

Nothing here knows about screens or files. Whoever wants to watch subscribes to the events; whoever wants to steer calls
`pause`, `resume`, `single_step`, `change`, `rewind`, `branch`, `stop`. What a replica computes does not depend on the
number of threads, on pausing, on the size of the slices in which it is run, or on who is watching.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import TypeVar

import numpy as np

from lab.errors import BadInput, nearest
from lab.scenario import Variant
from lab.session.engine import Engine
from lab.session.replica import Moments, Replica, State
from lab.tasks import Experiment

Seen = TypeVar("Seen")


class Session(Engine):
    """See the module's text; made, watched and started as `Engine` says."""

    def pause(self) -> None:
        """Let every replica come to a halt at the end of its chunk."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._changed:
            self._paused = False
            for replica in self.replicas:
                replica.goal = None
            self._changed.notify_all()

    def single_step(self, steps: int = 1) -> dict[tuple[str, int], int]:
        """While paused: every replica that is not over does so many steps, is measured, and pauses again.

        Returns from which step each (variant, seed) went on, filled in as they begin: right after `pause` a replica is
        still on its way to its halt, and the steps are counted from there.
        """
        begun: dict[tuple[str, int], int] = {}

        def go_on(replica: Replica) -> None:
            begun[replica.name, replica.seed] = max(replica.done, replica.goal or 0)
            replica.goal = begun[replica.name, replica.seed] + steps

        self._command([each for each in self.replicas if not each.over], go_on)
        return begun

    def throttle(self, steps_per_second: float | None) -> None:
        """Let each replica do so many steps a second at most; None: as fast as it can."""
        with self._changed:
            self._pace = steps_per_second
            for replica in self.replicas:
                replica.not_before = 0.0
            self._changed.notify_all()

    def settings(self, variant: str) -> dict[str, float]:
        """What can be changed while a variant runs, with its values now, or as they were just asked to become."""
        for replica in self._of(variant):
            if replica.experiment is not None:
                return {**replica.experiment.settings(), **replica.asked}
        return {}

    def look(self, variant: str, seed: int, function: Callable[[Experiment], Seen]) -> Future[Seen]:
        """What `function` finds in a replica, between two of its chunks. It must leave the experiment as it was.

        The answer comes from the replica's own thread, also while it is paused or over; what `function` raises, the
        future raises. Raises BadInput if there is no such replica.
        """
        replica = next((each for each in self._of(variant) if each.seed == seed), None)
        if replica is None:
            raise BadInput(f"There is no seed {seed} here; allowed: {', '.join(map(str, self.seeds))}.")
        future: Future[Seen] = Future()

        def answer(replica: Replica) -> None:
            assert replica.experiment is not None
            try:
                future.set_result(function(replica.experiment))
            except BaseException as error:
                future.set_exception(error)

        if self.state != "ended":
            self._command([replica], answer)
        elif replica.experiment is not None:
            answer(replica)
        else:
            future.set_exception(BadInput(f"{variant} never began."))
        return future

    def look_back(self, variant: str, seed: int, step: int, function: Callable[[Experiment], Seen]) -> Future[Seen]:
        """As `look`, at the latest kept moment that is not after a step."""
        moments = next((each.moments for each in self._of(variant) if each.seed == seed), None)

        def at_that_moment(experiment: Experiment) -> Seen:
            assert moments is not None
            now = experiment.state()
            experiment.restore(moments.at_or_before(step)[1])
            try:
                return function(experiment)
            finally:
                experiment.restore(now)

        return self.look(variant, seed, at_that_moment)

    def change(self, name: str, value: float, variant: str | None = None) -> None:
        """Change a setting of one variant or of all, from each replica's next chunk on, without a reset.

        Raises BadInput for a setting that none of them has, and for a value that is not allowed.
        """
        concerned = [each for each in self._of(variant) if each.experiment is not None]
        having = [each for each in concerned if each.experiment and name in each.experiment.settings()]
        if not having:
            known = sorted({key for each in concerned if each.experiment for key in each.experiment.settings()})
            raise BadInput(f"There is nothing called {name!r} to change while this runs; {nearest(name, known)}.")
        _check_setting(name, value)

        def apply(replica: Replica) -> None:
            assert replica.experiment is not None
            replica.experiment.change(name, value)
            replica.changed[name] = value
            replica.changes.append((replica.experiment.step, name, value))
            if replica.asked.get(name) == value:
                replica.asked = {each: known for each, known in replica.asked.items() if each != name}

        for replica in having:
            replica.asked = {**replica.asked, name: value}
        self._command(having, apply)

    def rewind(self, variant: str | None = None, step: int = 0, seed: int | None = None) -> None:
        """Take replicas back to a step they have passed, by default to the same initial weights, and go on from there.

        The exact step is reached by repeating from the nearest kept moment before it. Settings become what they were.
        A branch, and a replica that was restored, go back to where they began at most. A replica that has not got to
        the step yet stays where it is. A run that is kept forgets what was measured from that step on.

        Raises BadInput if no replica has got so far.
        """
        chosen = [each for each in self._of(variant) if seed in (None, each.seed)]
        if step > max((each.done for each in chosen), default=0):
            who = f"{variant} has not" if variant else "No variant has"
            raise BadInput(f"{who} got to step {step} yet.")
        self._rewind(chosen, lambda replica: step)

    def take_back(self, begun: Mapping[tuple[str, int], int]) -> None:
        """Rewind replicas to where a `single_step` began, which returned `begun`."""
        self._rewind(self.replicas, lambda replica: begun.get((replica.name, replica.seed)))

    def _rewind(self, replicas: Iterable[Replica], step_of: Callable[[Replica], int | None]) -> None:
        def apply(replica: Replica) -> None:
            step = step_of(replica)
            if step is None or step > replica.done:
                return
            step = max(step, replica.moments.steps[0])
            self._go_to(replica, step)
            replica.moments.forget_after(step)
            replica.changes = [each for each in replica.changes if each[0] < step]
            if self._recorder is not None:
                self._recorder.rewind(replica.name, replica.seed, step - 1)
            replica.state, replica.message, replica.goal = "running", "", None
            replica.measured_at = -1
            self.history.rewind(replica.name, replica.seed, step)
            self._measure(replica)

        self._command(replicas, apply)

    def branch(self, variant: str, name: str, step: int, changes: Mapping[str, float]) -> None:
        """A new variant `name` that is `variant` up to `step` and goes on from there with changed settings.

        Raises BadInput if the name is taken, or if nothing was kept at or before the step.
        """
        if any(each.name == name for each in self.variants):
            raise BadInput(f"There already is a variant {name!r}.")
        sources = self._of(variant)
        known = self.settings(variant)
        for setting, value in changes.items():
            if setting not in known:
                raise BadInput(f"There is nothing called {setting!r} to change; {nearest(setting, known)}.")
            _check_setting(setting, value)
        new = Variant(name, sources[0].variant.scenario, sources[0].variant.changes)
        added = []
        for source in sources:
            replica = Replica(new, source.seed)
            if not source.moments.steps:
                raise BadInput(f"{variant} has not got to step {step} yet.")
            if step < source.moments.steps[0]:
                raise BadInput(f"{variant} begins at step {source.moments.steps[0]}.")
            kept = source.moments.at_or_before(step)
            replica.moments.keep(*kept)
            replica.changes = [each for each in source.changes if each[0] < step]
            replica.beginning = functools.partial(self._begin_branch, step=step, changes=dict(changes))
            added.append(replica)
        self._add(new, added)

    def add_variant(self, variant: Variant) -> None:
        """A further variant, trained from its beginning. Kernels that it needs are compiled before this returns.

        Raises BadInput if its name is taken, or if it cannot be built.
        """
        if any(each.name == variant.name for each in self.variants):
            raise BadInput(f"There already is a variant {variant.name!r}.")
        replicas = [Replica(variant, seed) for seed in self.seeds]
        self._spread(replicas)
        if self._conductor is not None:
            self._run_compilation(self._compilation([self._built(variant, replicas[0])]))
        self._add(variant, replicas)

    def remove(self, variant: str) -> None:
        """Drop a variant with all that was measured of it. Raises BadInput for the last one."""
        gone = self._of(variant)
        if len(gone) == len(self.replicas):
            raise BadInput(f"{variant} is the only variant, so it cannot be removed.")
        with self._changed:
            for replica in gone:
                replica.state = "interrupted"
                replica.commands.clear()
            self.variants = [each for each in self.variants if each.name != variant]
            self.replicas = [each for each in self.replicas if each.name != variant]
            self._ready = deque(each for each in self._ready if each.name != variant)
        for replica in gone:
            with replica.lock:  # until its thread has let go of it
                if self._recorder is not None:
                    self._recorder.rewind(variant, replica.seed, -1)
        self.history.forget(variant)
        self._publish_started()

    def restore(self, variant: str, seed: int, step: int, state: State) -> None:
        """Before `start`: let a replica begin with a state that was saved, when a run is resumed."""
        for replica in self._of(variant):
            if replica.seed == seed:
                replica.moments.keep(step, state)
                replica.beginning = functools.partial(self._begin_again, state=state)

    def moments(self, variant: str, seed: int) -> tuple[int, ...]:
        """Steps whose states are kept, to which going back costs nothing."""
        return next((each.moments.steps for each in self._of(variant) if each.seed == seed), ())

    def weights(self) -> dict[str, dict[int, dict[str, np.ndarray]]]:
        """Copies of the parameters by variant, seed and name."""
        found: dict[str, dict[int, dict[str, np.ndarray]]] = {}
        for replica in self.replicas:
            with replica.lock:
                if replica.experiment is not None:
                    found.setdefault(replica.name, {})[replica.seed] = replica.experiment.weights()
        return found

    # Inside

    def _add(self, variant: Variant, replicas: list[Replica]) -> None:
        with self._changed:
            self.variants.append(variant)
            self._spread(replicas)
            self.replicas.extend(replicas)
            self._ready.extend(replicas)
            self._publish_started()
            self._changed.notify_all()

    def _command(self, replicas: Iterable[Replica], command: Callable[[Replica], None]) -> None:
        with self._changed:
            for replica in replicas:
                replica.commands.append(command)
                if replica.over and replica not in self._ready:
                    self._ready.append(replica)
            self._changed.notify_all()

    def _go_to(self, replica: Replica, step: int) -> None:
        experiment = replica.experiment
        assert experiment is not None
        kept, state = replica.moments.at_or_before(step)
        experiment.restore(state)
        for at, name, value in replica.changes:
            if kept <= at < step:
                experiment.advance(at - experiment.step)
                experiment.change(name, value)
        experiment.advance(step - experiment.step)

    def _begin_branch(self, replica: Replica, step: int, changes: Mapping[str, float]) -> None:
        self._go_to(replica, step)
        assert replica.experiment is not None
        for name, value in changes.items():
            replica.experiment.change(name, value)
        # What it does differently is its beginning, to which it can be taken back, and before which it has no past.
        replica.moments = Moments()
        replica.moments.keep(step, replica.experiment.state())
        replica.changes = []
        replica.changed = dict(changes)
        self._measure(replica)

    def _begin_again(self, replica: Replica, state: State) -> None:
        assert replica.experiment is not None
        replica.experiment.restore(state)
        replica.measured_at = replica.experiment.step


def _check_setting(name: str, value: float) -> None:
    if not np.isfinite(value) or value < 0:
        raise BadInput(f"{name} cannot become {value}.")
