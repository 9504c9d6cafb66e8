"""A session: the variants of a scenario times the seeds, trained side by side in threads, steered from outside.

Nothing here knows about screens or files. Whoever wants to watch subscribes to the events; whoever wants to steer calls
`pause`, `resume`, `single_step`, `change`, `rewind`, `branch`, `stop`. What a replica computes does not depend on the
number of threads, on pausing, on the size of the slices in which it is run, or on who is watching.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeVar

import numpy as np

from kernels.language import Kernel
from lab.errors import BadInput, InvalidValue, LabError, nearest
from lab.events import Claimed, Compiling, Ended, Event, Failed, Measured, PictureTaken, Started
from lab.graph.running import prepare
from lab.scenario import Loaded, Variant
from lab.session.broadcast import Broadcast, Subscription
from lab.session.history import History
from lab.session.replica import Replica, State
from lab.session.verdict import judge
from lab.tasks import DIVERGED, Experiment, task_of

Seen = TypeVar("Seen")

SLICE = 0.1
"""Seconds for which a replica runs before another one that is waiting gets its thread."""
CHUNK = 0.03
"""Seconds of training, about, after which wishes (pause, change, stop) are looked at."""


class Recorder(Protocol):
    """What keeps a run: `lab.store.RunWriter`."""

    def write(self, event: Event) -> None: ...

    def checkpoint(self, variant: str, seed: int, step: int, state: Mapping[str, np.ndarray]) -> None: ...

    def rewind(self, variant: str, seed: int, step: int) -> None: ...


class Session:
    """See the module's text.

    loaded:   the scenario; `variants` chooses some of its variants by name, or are variants of one's own
    seeds:    one replica of each variant for each; by default the scenario's own
    steps:    instead of the scenario's number of steps
    threads:  how many replicas run at the same time; by default one per core
    pictures: whether pictures are taken at all; trials of a search do without
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        seeds: Sequence[int] | None = None,
        steps: int | None = None,
        variants: Iterable[str | Variant] | None = None,
        threads: int | None = None,
        device: str = "cpu",
        pictures: bool = True,
    ) -> None:
        self.loaded = loaded
        self.seeds = tuple(seeds) if seeds is not None else (loaded.scenario.train.seed,)
        self.variants: list[Variant] = list(loaded.variants if variants is None else _chosen(loaded, variants))
        self.steps = steps
        self.device = device
        self.history = History()
        self.verdicts: list[Claimed] = []
        self.ended: Ended | None = None
        self._takes_pictures = pictures
        self._pictures: float | None = None
        self._pictured: tuple[str, int] | None = None
        self._pace: float | None = None
        self._readers: list[Callable[[Event], object]] = []
        self._publishing = threading.Lock()
        self._run: str | None = None
        self._broadcast = Broadcast()
        self._recorder: Recorder | None = None
        self._changed = threading.Condition()
        self._paused = False
        self._stopping = False
        self._begun = 0.0
        self._failure: BaseException | None = None
        self.replicas: list[Replica] = [Replica(each, seed) for each in self.variants for seed in self.seeds]
        self._ready: deque[Replica] = deque(self.replicas)
        self._active = 0
        self._threads = max(1, min(threads or available_cores(), max(len(self.replicas), 1)))
        self._workers: list[threading.Thread] = []
        self._conductor: threading.Thread | None = None
        self._keep_open = False

    # Watching

    def subscribe(self, lossless: bool = False) -> Subscription:
        """A stream of the events from now on; see `lab.session.broadcast`."""
        return self._broadcast.subscribe(lossless)

    def also(self, reader: Callable[[Event], object]) -> None:
        """Call `reader` with every event, from the thread in which it happens; it should be quick."""
        self._readers.append(reader)

    def show_pictures(self, every: float | None, only: tuple[str, int] | None = None) -> None:
        """Also take pictures on the way, one of each replica in so many seconds at most, or of the one (variant, seed)
        that somebody looks at. None: only at the end of each replica."""
        self._pictures, self._pictured = every, only

    def judge(self) -> list[Claimed]:
        """The verdicts on the claims as things are now; on seeds of which not everything was measured, none."""
        names = [each.name for each in self.variants]
        return judge(self.loaded.scenario.claims, names, self._judged_seeds(), self.history)

    @property
    def finished(self) -> bool:
        """Whether no replica has anything left to do, unless somebody rewinds or branches."""
        return all(each.over and not each.commands for each in self.replicas)

    @property
    def state(self) -> str:
        """new, running, paused, or ended."""
        if self.ended is not None or self._failure is not None:
            return "ended"
        if self._conductor is None:
            return "new"
        return "paused" if self._paused else "running"

    # Running

    def start(self, recorder: Recorder | None = None, run: str | None = None, *, keep_open: bool = False) -> None:
        """Begin. `recorder` keeps events and checkpoints as run `run`. With `keep_open` the session does not end when
        the last replica has finished, so that replicas can be rewound and branched, but only at `stop`."""
        self._recorder = recorder
        self._keep_open = keep_open
        self._begun = time.monotonic()
        self._run = run
        self._conductor = threading.Thread(target=self._conduct, name="session", daemon=True)
        self._conductor.start()

    def _start_workers(self) -> None:
        self._workers = [
            threading.Thread(target=self._work, name=f"replica-{number}", daemon=True)
            for number in range(self._threads)
        ]
        for each in self._workers:
            each.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; False if it has not come after `timeout` seconds. Raises what made the session fail."""
        if self._conductor is not None:
            self._conductor.join(timeout)
            if self._conductor.is_alive():
                return False
        if self._failure is not None:
            raise self._failure
        return True

    def stop(self) -> None:
        """End cleanly: replicas stop at the next chunk, what was measured is judged and kept."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    # Steering

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

    def single_step(self, steps: int = 1) -> None:
        """While paused: every replica that is not over does so many steps, is measured, and pauses again."""
        with self._changed:
            for replica in self.replicas:
                done = replica.experiment.step if replica.experiment else 0
                replica.goal = max(done, replica.goal or 0) + steps
            self._changed.notify_all()

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
        A run that is kept forgets what was measured from that step on.
        """

        def apply(replica: Replica) -> None:
            self._go_to(replica, step)
            replica.moments.forget_after(step)
            replica.changes = [each for each in replica.changes if each[0] < step]
            if self._recorder is not None:
                self._recorder.rewind(replica.name, replica.seed, step - 1)
            replica.state, replica.message, replica.goal = "running", "", None
            replica.measured_at = -1
            self._measure(replica)

        self._command([each for each in self._of(variant) if seed in (None, each.seed)], apply)

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
            try:
                kept = source.moments.at_or_before(step)
            except KeyError:
                raise BadInput(f"{variant} has not got to step {step} yet.") from None
            replica.moments.keep(*kept)
            replica.changes = [each for each in source.changes if each[0] < step]
            replica.commands.append(functools.partial(self._begin_branch, step=step, changes=dict(changes)))
            added.append(replica)
        self._add(new, added)

    def add_variant(self, variant: Variant) -> None:
        """A further variant, trained from its beginning. Kernels that it needs are compiled before this returns.

        Raises BadInput if its name is taken, or if it cannot be built.
        """
        if any(each.name == variant.name for each in self.variants):
            raise BadInput(f"There already is a variant {variant.name!r}.")
        replicas = [Replica(variant, seed) for seed in self.seeds]
        if self._conductor is not None:
            self._prepare(self._built(variant, replicas[0]))
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
                replica.commands.append(functools.partial(self._begin_again, state=state))

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

    def _of(self, variant: str | None) -> list[Replica]:
        found = [each for each in self.replicas if variant in (None, each.name)]
        if not found:
            raise BadInput(
                f"There is no variant {variant!r}; {nearest(variant, [each.name for each in self.variants])}."
            )
        return found

    def _add(self, variant: Variant, replicas: list[Replica]) -> None:
        with self._changed:
            self.variants.append(variant)
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

    def _publish_started(self) -> None:
        metrics: dict[str, None] = {}
        for variant in self.variants:
            metrics |= dict.fromkeys(variant.scenario.watch)
        self._publish(
            Started(
                self.loaded.slug,
                self.loaded.scenario.title,
                tuple(each.name for each in self.variants),
                self.seeds,
                {each.name: self._steps_of(each) for each in self.variants},
                tuple(metrics),
                self.device,
                self._run,
            )
        )

    def _compile(self) -> None:
        """Compile what all variants need, before any of them runs."""
        needed: dict[tuple[str, Kernel], None] = {}
        for variant in self.variants:
            first = next(each for each in self._of(variant.name) if each.seed == self.seeds[0])
            needed |= dict.fromkeys(self._built(variant, first))
        self._prepare(needed)

    def _prepare(self, needed: Iterable[tuple[str, Kernel]]) -> None:
        by_type: dict[str, list[Kernel]] = {}
        for real_name, kernel in needed:
            by_type.setdefault(real_name, []).append(kernel)
        for real_name, kernels in by_type.items():
            prepare(kernels, self._compiling, real_name)

    def _compiling(self, kernel: str, left: int) -> None:
        if self._stopping:
            raise _StoppedEarly
        self._publish(Compiling(kernel, left))

    def _built(self, variant: Variant, replica: Replica) -> Sequence[tuple[str, Kernel]]:
        """Build a replica's experiment, to be used when its turn comes; the kernels that it needs, each with the type
        of real number it is for. Raises BadInput."""
        try:
            experiment = task_of(variant.scenario).build(variant.scenario, replica.seed, self.loaded.folder)
        except InvalidValue as error:
            raise self._located(error, variant) from None
        replica.built = experiment
        real_name = getattr(experiment, "real_name", "float32")  # only what computes in float64 says so
        return [(real_name, kernel) for kernel in experiment.kernels()]

    def _located(self, error: InvalidValue, variant: Variant) -> BadInput:
        """An error with its place in the file; a variant that was added while it runs has none there."""
        known = any(each.name == variant.name for each in self.loaded.variants)
        return self.loaded.locate(error, variant) if known else BadInput(str(error))

    def _steps_of(self, variant: Variant) -> int:
        for replica in self.replicas:
            if replica.variant is variant and replica.experiment is not None:
                return self._goal(replica)
        return self.steps or variant.scenario.train.steps

    def _publish(self, event: Event) -> None:
        with self._publishing:
            if self._recorder is not None:
                self._recorder.write(event)
            for reader in self._readers:
                reader(event)
            self._broadcast.publish(event)

    def _work(self) -> None:
        while (replica := self._take()) is not None:
            try:
                with replica.lock:
                    self._run_slice(replica)
            except LabError as error:
                self._fail(self._located(error, replica.variant) if isinstance(error, InvalidValue) else error)
            except BaseException as error:
                self._fail(error)
            with self._changed:
                self._active -= 1
                if not replica.over or replica.commands:
                    self._ready.append(replica)
                self._changed.notify_all()

    def _take(self) -> Replica | None:
        """The next replica with something to do; None at the end."""
        with self._changed:
            while True:
                if self._stopping or self._failure is not None:
                    return None
                for _ in range(len(self._ready)):
                    replica = self._ready.popleft()
                    if self._can_run(replica):
                        self._active += 1
                        return replica
                    if not replica.over:
                        self._ready.append(replica)
                if not self._ready and not self._active and not self._keep_open:
                    self._changed.notify_all()
                    return None
                self._changed.wait(self._patience())

    def _patience(self) -> float:
        """Seconds after which a waiting thread looks again by itself."""
        if self._pace is None or self._paused:
            return 0.5
        now = time.monotonic()
        return max(0.001, min((each.not_before - now for each in self._ready), default=0.5))

    def _can_run(self, replica: Replica) -> bool:
        if replica.commands:
            return True
        if replica.over:
            return False
        return replica.experiment is None or self._may_go_on(replica)

    def _may_go_on(self, replica: Replica) -> bool:
        """Whether pausing and pace allow a replica a further step."""
        if not self._paused:
            return self._pace is None or time.monotonic() >= replica.not_before
        done = replica.experiment.step if replica.experiment else 0
        return replica.goal is not None and done < replica.goal

    def _run_slice(self, replica: Replica) -> None:
        end = time.monotonic() + SLICE
        if replica.experiment is None:
            self._build(replica)
        experiment = replica.experiment
        assert experiment is not None
        while replica.commands:
            replica.commands.popleft()(replica)
        while not replica.over and not self._stopping and not replica.commands:
            last = self._goal(replica)
            if experiment.step < last and self._may_go_on(replica):
                self._advance(replica, last)
            if experiment.step >= last and not replica.over:
                replica.state = "finished"
                self._picture(replica)
                self._save(replica)
            if time.monotonic() > end or self._paused or self._pace is not None:
                break

    def _goal(self, replica: Replica) -> int:
        assert replica.experiment is not None
        return self.steps if self.steps is not None else replica.experiment.steps

    def _build(self, replica: Replica) -> None:
        scenario = replica.variant.scenario
        begun = time.monotonic()
        experiment = replica.built or task_of(scenario).build(scenario, replica.seed, self.loaded.folder)
        replica.built = None
        experiment.prepare()
        replica.experiment = experiment
        replica.state = "running"
        if not replica.commands:
            replica.moments.keep(experiment.step, experiment.state())
            self._measure(replica)
            if self._pictures is not None and self._wants_picture(replica):
                self._picture(replica)
        replica.busy += time.monotonic() - begun

    def _advance(self, replica: Replica, last: int) -> None:
        """Train to the next measurement, or as far as about `CHUNK` seconds go."""
        experiment = replica.experiment
        assert experiment is not None
        every = replica.variant.scenario.train.measure
        before = experiment.step
        target = min(last, before - before % every + every)
        if replica.goal is not None and self._paused:
            target = min(target, replica.goal)
        if replica.steps_per_second:
            target = min(target, before + max(1, int(replica.steps_per_second * CHUNK)))
        else:
            target = min(target, before + 1)
        if self._pace is not None and not self._paused:
            target = min(target, before + max(1, int(self._pace * CHUNK)))
        begun = time.monotonic()
        experiment.advance(target - before)
        spent = time.monotonic() - begun
        done = experiment.step - before
        if done and spent > 0:
            rate = done / spent
            replica.steps_per_second = rate if done > 1 else (replica.steps_per_second or rate)
        message = experiment.diverged()
        due = experiment.step % every == 0 or experiment.step >= last or experiment.step == replica.goal
        if message is not None:
            replica.state, replica.message = "diverged", message
            self._measure(replica, message)
        elif due:
            self._measure(replica)
        now = time.monotonic()
        replica.busy += now - begun
        if self._pace is not None:
            replica.not_before = begun + done / self._pace
        if self._wants_picture(replica) and self._pictures is not None and now - replica.pictured > self._pictures:
            self._picture(replica)
        if now - replica.saved > replica.save_every:
            self._save(replica)

    def _measure(self, replica: Replica, diverged: str | None = None) -> None:
        experiment = replica.experiment
        assert experiment is not None
        if experiment.step == replica.measured_at and diverged is None:
            return
        replica.measured_at = experiment.step
        values = experiment.measure()
        if diverged is not None:
            values[DIVERGED] = 1.0
        self.history.add(replica.name, replica.seed, experiment.step, values)
        changed, replica.changed = replica.changed, {}
        self._publish(Measured(replica.name, replica.seed, experiment.step, values, diverged, changed))

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
            replica.changes.append((replica.experiment.step, name, value))
        replica.changed = dict(changes)
        self._measure(replica)

    def _begin_again(self, replica: Replica, state: State) -> None:
        assert replica.experiment is not None
        replica.experiment.restore(state)
        replica.measured_at = replica.experiment.step

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            if self._failure is None:
                self._failure = error
            self._changed.notify_all()

    def _conduct(self) -> None:
        try:
            self._publish_started()
            self._compile()
            self._start_workers()
        except _StoppedEarly:
            pass
        except BaseException as error:
            self._fail(error)
        for worker in self._workers:
            worker.join()
        if self._failure is not None:
            self._publish(Failed(str(self._failure)))
            return
        interrupted = self._stopping and not all(each.over for each in self.replicas)
        for replica in self.replicas:
            if not replica.over and replica.experiment is not None:
                replica.state = "interrupted"
                self._measure(replica)
                self._picture(replica)
                self._save(replica)
        self.verdicts = judge(
            self.loaded.scenario.claims, [each.name for each in self.variants], self._judged_seeds(), self.history
        )
        for verdict in self.verdicts:
            self._publish(verdict)
        held = sum(verdict.held for verdict in self.verdicts)
        self.ended = Ended(
            interrupted,
            held == len(self.verdicts),
            held,
            len(self.verdicts),
            round(time.monotonic() - self._begun, 3),
            tuple(replica.outcome() for replica in self.replicas),
        )
        self._publish(self.ended)

    def _judged_seeds(self) -> tuple[int, ...]:
        """Seeds of which every replica has been measured; nothing can be said about the others."""
        unmeasured = {each.seed for each in self.replicas if each.measured_at < 0}
        return tuple(seed for seed in self.seeds if seed not in unmeasured)


class _StoppedEarly(Exception):
    """Somebody stopped the session while kernels were compiled."""


def _check_setting(name: str, value: float) -> None:
    if not np.isfinite(value) or value < 0:
        raise BadInput(f"{name} cannot become {value}.")


def _chosen(loaded: Loaded, variants: Iterable[str | Variant]) -> list[Variant]:
    wanted = list(variants)
    named = {each.name: each for each in loaded.choose([each for each in wanted if isinstance(each, str)])}
    return [named[each] if isinstance(each, str) else each for each in wanted]


def available_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
