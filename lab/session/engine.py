"""The half of a session that runs it: replicas and the threads that run them, compiling, events, the end."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence

from kernels.cores import available_cores
from kernels.targets.cuda.driver import DeviceProblem
from lab.errors import BadInput, DeviceMissing, InvalidValue, nearest
from lab.events import Claimed, Compiling, Ended, Event, Failed, Started
from lab.graph.devices import CPU, Choice, on
from lab.scenario import Loaded, Variant
from lab.session.broadcast import Broadcast, Subscription
from lab.session.history import History
from lab.session.measuring import Recorder
from lab.session.needs import Compilation, Need, need_of
from lab.session.replica import Replica
from lab.session.verdict import judge
from lab.session.workers import Workers
from lab.tasks import task_of


class Engine(Workers):
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
        self._spread(self.replicas)
        self._specialized: frozenset[str] = frozenset()
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
    def idle(self) -> bool:
        """Whether nothing happens until somebody steers: every replica is over, or halts because of a pause."""
        with self._changed:
            halted = all(each.over or (self._paused and not self._can_run(each)) for each in self.replicas)
            return halted and not self._active and not any(each.commands for each in self.replicas)

    @property
    def lost_its_device(self) -> bool:
        """Whether it failed for no fault of its own, so that it can go on where there is a device."""
        return isinstance(self._failure, DeviceMissing)

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

    def _spread(self, replicas: Sequence[Replica]) -> None:
        """Give each of these replicas that has none a device: the one with the fewest."""
        had = Counter(each.device for each in self.replicas)
        for replica in replicas:
            if not replica.device:
                replica.device = min(self.devices, key=lambda device: (had[device], device))
                had[replica.device] += 1

    def _start_workers(self) -> None:
        self._workers = [
            threading.Thread(target=self._work, args=(device,), name=f"replica-{device}-{number}", daemon=True)
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
        needs = []
        for variant in self.variants:
            first = next(each for each in self._of(variant.name) if each.seed == self.seeds[0])
            needs.append(self._built(variant, first))
        compilation = self._compilation(needs)
        if self.on_gpu:
            self.device = f"{self.device}: {', '.join(compilation.uses)}"
            self._publish_started()
        self._run_compilation(compilation)

    def _compilation(self, needs: Iterable[Need]) -> Compilation:
        return Compilation(needs, {each: self._shared_by(each) for each in self.devices}, self.mode)

    def _run_compilation(self, compilation: Compilation) -> None:
        compilation.run(self._compiling)
        self._specialized |= compilation.specialized_on

    def _compiling(self, kernel: str, left: int) -> None:
        if self._stopping:
            raise _StoppedEarly
        self._publish(Compiling(kernel, left))

    def _built(self, variant: Variant, replica: Replica) -> Need:
        """Build a replica's experiment, to be used when its turn comes; what it needs. Raises BadInput."""
        try:
            experiment = task_of(variant.scenario).build(variant.scenario, replica.seed, self.loaded.folder)
        except InvalidValue as error:
            raise self._located(error, variant) from None
        replica.built = experiment
        return need_of(experiment, self.steps, replica.device, self.mode, self._shared_by(replica.device))

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

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            if self._failure is None:
                self._failure = error
            self._changed.notify_all()

    def _conduct(self) -> None:
        with on(self.devices[0], self.mode, self._shared_by(self.devices[0])):
            self._run_to_the_end()

    def _run_to_the_end(self) -> None:
        self._attempt(self._set_out)
        for worker in self._workers:
            worker.join()
        interrupted = self._stopping and not all(each.over for each in self.replicas)
        if self._failure is None:
            self._attempt(self._leave_off)
        if self._failure is not None:
            self._publish(Failed(str(self._failure)))
            return
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

    def _attempt(self, act: Callable[[], None]) -> None:
        """Do something that makes the session fail if it fails."""
        try:
            act()
        except DeviceProblem as problem:
            self._fail(DeviceMissing(str(problem)))
        except BaseException as error:
            self._fail(error)

    def _set_out(self) -> None:
        with contextlib.suppress(_StoppedEarly):
            if not self.on_gpu:  # there it is said how it is used, once that is known
                self._publish_started()
            self._compile()
            self._start_workers()

    def _leave_off(self) -> None:
        """Measure and keep the replicas that were interrupted."""
        for replica in self.replicas:
            if not replica.over and replica.experiment is not None:
                replica.state = "interrupted"
                self._measure(replica)
                self._picture(replica)
                self._save(replica)

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
