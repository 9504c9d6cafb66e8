"""The half of a session that runs it: replicas in threads, slices, measuring, events.

Every worker takes a replica that has something to do, runs it for a slice, and puts it back. A replica's wishes (see
`lab.session.session`) are commands in its queue, carried out between two chunks by whoever runs it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from kernels.language import Kernel
from kernels.targets.cuda.driver import DeviceProblem
from lab.errors import BadInput, DeviceMissing, InvalidValue, LabError, nearest
from lab.events import Claimed, Compiling, Ended, Event, Failed, Started
from lab.graph.devices import CPU, USES, Choice, on, use_of
from lab.graph.running import prepare
from lab.scenario import Loaded, Variant
from lab.session.broadcast import Broadcast, Subscription
from lab.session.history import History
from lab.session.measuring import Measuring, Recorder
from lab.session.replica import Replica
from lab.session.verdict import judge
from lab.tasks import task_of
from lab.tasks.together import advance_together, streams, taken_measurements

SLICE = 0.1
"""Seconds for which a replica runs before another one that is waiting gets its thread."""
CHUNK = 0.03
"""Seconds of training, about, after which wishes (pause, change, stop) are looked at."""


Needed = tuple[str, str, Kernel]
"""A kernel, before it the type of number it is for and how its device is used."""


class Engine(Measuring):
    """Runs the variants of a scenario times the seeds; see `lab.session.session.Session`.

    loaded:   the scenario; `variants` chooses some of its variants by name, or are variants of one's own
    seeds:    one replica of each variant for each; by default the scenario's own
    steps:    instead of the scenario's number of steps
    threads:  how many replicas run at the same time on the CPU; by default one per core
    device:   where, as `lab.graph.devices.choose` has it;  mode: how a GPU is used
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
        device: Choice | None = None,
        mode: str = "auto",
        pictures: bool = True,
    ) -> None:
        self.loaded = loaded
        self.seeds = tuple(seeds) if seeds is not None else (loaded.scenario.train.seed,)
        self.variants: list[Variant] = list(loaded.variants if variants is None else _chosen(loaded, variants))
        self.steps = steps
        self.devices = (device or Choice((CPU,))).devices
        self.device = (device or Choice((CPU,))).name
        self.mode = mode
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
        self._threads = 1 if self.on_gpu else max(1, min(threads or available_cores(), max(len(self.replicas), 1)))
        self._spread()
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

    @property
    def on_gpu(self) -> bool:
        return self.devices != (CPU,)

    def _spread(self) -> None:
        """Give every replica that has none a device: the one with the fewest."""
        for replica in self.replicas:
            if not replica.device:
                had = [each.device for each in self.replicas]
                replica.device = min(self.devices, key=lambda device: (had.count(device), device))

    def _shared_by(self, device: str) -> int:
        return sum(each.device == device for each in self.replicas)

    def _start_workers(self) -> None:
        self._workers = [
            threading.Thread(target=self._work, args=(device,), name=f"{device}-{number}", daemon=True)
            for device in self.devices
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

    # Inside

    def _of(self, variant: str | None) -> list[Replica]:
        found = [each for each in self.replicas if variant in (None, each.name)]
        if not found:
            raise BadInput(
                f"There is no variant {variant!r}; {nearest(variant, [each.name for each in self.variants])}."
            )
        return found

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
        needed: dict[Needed, None] = {}
        for variant in self.variants:
            first = next(each for each in self._of(variant.name) if each.seed == self.seeds[0])
            needed |= dict.fromkeys(self._built(variant, first))
        if self.on_gpu:
            uses = dict.fromkeys(USES[use] for _, use, _ in needed)
            self.device = f"{self.device}: {', '.join(uses)}"
            self._publish_started()
        self._prepare(needed)

    def _prepare(self, needed: Iterable[Needed]) -> None:
        by_kind: dict[tuple[str, str], list[Kernel]] = {}
        for real_name, use, kernel in needed:
            by_kind.setdefault((real_name, use), []).append(kernel)
        for device in self.devices:
            for (real_name, use), kernels in by_kind.items():
                prepare(kernels, self._compiling, real_name, device, use)

    def _compiling(self, kernel: str, left: int) -> None:
        if self._stopping:
            raise _StoppedEarly
        self._publish(Compiling(kernel, left))

    def _built(self, variant: Variant, replica: Replica) -> Sequence[Needed]:
        """Build a replica's experiment, to be used when its turn comes; the kernels that it needs. Raises BadInput."""
        try:
            experiment = task_of(variant.scenario).build(variant.scenario, replica.seed, self.loaded.folder)
        except InvalidValue as error:
            raise self._located(error, variant) from None
        replica.built = experiment
        real_name = getattr(experiment, "real_name", "float32")  # only what computes in float64 says so
        use = "block"
        if self.on_gpu:
            layout = getattr(experiment, "layout", None)
            step = layout.plans.get("step") if layout is not None else None
            use = use_of(replica.device, step, self.mode, self._shared_by(replica.device))
        return [(real_name, use, kernel) for kernel in experiment.kernels()]

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

    def _work(self, device: str) -> None:
        with on(device, self.mode, self._shared_by(device)):
            while taken := self._take(device):
                try:
                    with contextlib.ExitStack() as locks:
                        for replica in taken:
                            locks.enter_context(replica.lock)
                        self._run_slice(taken)
                except DeviceProblem as problem:
                    self._fail(DeviceMissing(str(problem)))
                except LabError as error:
                    self._fail(error)
                except BaseException as error:
                    self._fail(error)
                with self._changed:
                    self._active -= len(taken)
                    self._ready.extend(each for each in taken if not each.over or each.commands)
                    self._changed.notify_all()

    def _take(self, device: str) -> list[Replica]:
        """What a worker runs next: a replica that has something to do, on a GPU all that have; empty at the end."""
        most = 1 if device == CPU else len(self.replicas)
        with self._changed:
            while True:
                if self._stopping or self._failure is not None:
                    return []
                taken: list[Replica] = []
                for _ in range(len(self._ready)):
                    replica = self._ready.popleft()
                    if len(taken) < most and replica.device == device and self._can_run(replica):
                        taken.append(replica)
                    elif not replica.over:
                        self._ready.append(replica)
                if taken:
                    self._active += len(taken)
                    return taken
                if not self._ready and not self._active and not self._keep_open:
                    self._changed.notify_all()
                    return []
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
        return replica.goal is not None and replica.done < replica.goal

    def _run_slice(self, replicas: Sequence[Replica]) -> None:
        """Run replicas for a while: one on the CPU, on a GPU side by side."""
        end = time.monotonic() + SLICE
        for replica in replicas:
            if replica.experiment is None:
                self._build(replica)
            while replica.commands:
                replica.commands.popleft()(replica)
        running = list(replicas)
        while running and not self._stopping:
            running = [each for each in running if not each.over and not each.commands]
            going = [each for each in running if each.done < self._goal(each) and self._may_go_on(each)]
            before = {id(each): each.done for each in going}
            self._advance(going)
            for replica in running:
                # More steps may have been asked for than there are.
                exhausted = replica.done == before.get(id(replica), -1)
                if (replica.done >= self._goal(replica) or exhausted) and not replica.over:
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
        try:
            experiment = replica.built or task_of(scenario).build(scenario, replica.seed, self.loaded.folder)
        except InvalidValue as error:
            raise self._located(error, replica.variant) from None
        replica.built = None
        experiment.prepare()
        replica.experiment = experiment
        replica.state = "running"
        if replica.beginning is not None:
            replica.beginning(replica)
        else:
            replica.moments.keep(experiment.step, experiment.state())
            self._measure(replica)
            if self._pictures is not None and self._wants_picture(replica):
                self._picture(replica)
        replica.busy += time.monotonic() - begun

    def _advance(self, replicas: Sequence[Replica]) -> None:
        """Train to the next measurement, or as far as about `CHUNK` seconds go."""
        if not replicas:
            return
        begun = time.monotonic()
        asked = [(each, each.running, self._target(each)) for each in replicas]
        before = [experiment.step for _, experiment, _ in asked]
        if self.on_gpu:
            advance_together(
                [(experiment, target - experiment.step) for _, experiment, target in asked],
                [each.variant.scenario.train.measure for each in replicas],
            )
        else:
            for _, experiment, target in asked:
                experiment.advance(target - experiment.step)
        spent = time.monotonic() - begun
        for (replica, experiment, _), step in zip(asked, before, strict=True):
            self._advanced(replica, experiment.step - step, begun, spent)

    def _target(self, replica: Replica) -> int:
        """The step to go to before anything else is done with a replica."""
        experiment, last = replica.running, self._goal(replica)
        every, before = replica.variant.scenario.train.measure, experiment.step
        target = last
        if not (self.on_gpu and streams(experiment)):
            target = min(target, before - before % every + every)
        if replica.goal is not None and self._paused:
            target = min(target, replica.goal)
        if replica.steps_per_second:
            target = min(target, before + max(1, int(replica.steps_per_second * CHUNK)))
        else:
            target = min(target, before + 1)
        if self._pace is not None and not self._paused:
            target = min(target, before + max(1, int(self._pace * CHUNK)))
        return target

    def _advanced(self, replica: Replica, done: int, begun: float, spent: float) -> None:
        """What follows a stretch of training: `done` steps that took `spent` seconds from `begun` on."""
        experiment, last = replica.running, self._goal(replica)
        every = replica.variant.scenario.train.measure
        if done and spent > 0:
            rate = done / spent
            replica.steps_per_second = rate if done > 1 else (replica.steps_per_second or rate)
        message = experiment.diverged()
        due = experiment.step % every == 0 or experiment.step >= last or experiment.step == replica.goal
        for step, values in taken_measurements(experiment) if self.on_gpu else ():
            if step % every == 0 and (step < experiment.step or message is None):
                self._record(replica, step, values)
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

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            if self._failure is None:
                self._failure = error
            self._changed.notify_all()

    def _conduct(self) -> None:
        with on(self.devices[0], self.mode, self._shared_by(self.devices[0])):
            self._run_to_the_end()

    def _run_to_the_end(self) -> None:
        try:
            if not self.on_gpu:  # there it is said how it is used, once that is known
                self._publish_started()
            self._compile()
            self._start_workers()
        except _StoppedEarly:
            pass
        except DeviceProblem as problem:
            self._fail(DeviceMissing(str(problem)))
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
