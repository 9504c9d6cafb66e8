"""A session: the variants of a scenario times the seeds, trained side by side in threads, steered from outside.

Nothing here knows about screens or files. Whoever wants to watch subscribes to the events; whoever wants to steer calls
`pause`, `resume`, `single_step`, `change`, `rewind`, `branch`, `stop`. What a replica computes does not depend on the
number of threads, on pausing, on the size of the slices in which it is run, or on who is watching.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from lab.errors import DeviceMissing
from lab.events import Claimed, Ended, Failed
from lab.graph.devices import CPU, Choice, on
from lab.scenario import Loaded, Variant
from lab.scenario.measured import values
from lab.scenario.own_settings import set_from_outside
from lab.session.compilation import Compiler, StoppedEarly
from lab.session.process_end import may_start
from lab.session.recorder import Recorder, RunSink
from lab.session.replica import Replica
from lab.session.roster import Roster
from lab.session.scheduler import Scheduler
from lab.session.steering import Steering
from lab.session.verdict import SeedCurves, judge, undecided


class Session:
    """Runs the variants of a scenario times the seeds.

    A session is a roster (who takes part), a scheduler (which replica runs when), a recorder (what is measured and
    told) and a steering (what is asked of replicas); what can be asked of each of them can be asked of the session.

    loaded:   the scenario; `variants` chooses some of its variants by name, or are variants of one's own
    seeds:    one replica of each variant for each; by default the scenario's own
    steps:    instead of the scenario's number of steps
    threads:  how many replicas run at the same time on the CPU; by default one per core
    device:   where, as `lab.graph.devices.choose` has it;  mode: how a GPU is used
    pictures: whether pictures are taken, and sentences said, at all; trials of a search do without
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
        chosen = device or Choice((CPU,))
        self.loaded, self.steps, self.mode = loaded, steps, mode
        self.devices, self.device = chosen.devices, chosen.name
        self.verdicts: list[Claimed] = []
        self._set = set_from_outside(loaded)
        self.ended: Ended | None = None
        self._roster = roster = Roster(loaded, variants, seeds, steps, chosen.devices)
        self._recorder = recorder = Recorder(roster, pictures)
        self._scheduler = scheduler = Scheduler(roster, recorder, mode, threads)
        self._compiler = Compiler(roster, recorder, scheduler, mode)
        self._announcement = announcement = Announcement(roster, recorder, self.device)
        steering = Steering(roster, scheduler, recorder, self._compiler, announcement.publish)
        self._conductor: threading.Thread | None = None
        self.seeds, self.history = roster.seeds, recorder.history

        # Watching
        self.subscribe, self.also, self.show_pictures = recorder.subscribe, recorder.also, recorder.show_pictures
        # Which replica runs when
        self.pause, self.resume = scheduler.pause, scheduler.resume
        self.throttle, self.pace = scheduler.throttle, scheduler.pace
        self.paced_seconds_left = scheduler.paced_seconds_left
        self.stop = scheduler.stop
        # Commands on replicas
        self.single_step, self.take_back, self.rewind = steering.single_step, steering.take_back, steering.rewind
        self.settings, self.limits, self.change = steering.settings, steering.limits, steering.change
        self.branch, self.add_variant, self.remove = steering.branch, steering.add_variant, steering.remove
        self.comes_from = roster.comes_from
        self.look, self.look_back = steering.look, steering.look_back
        self.require_fit, self.restore, self.checkpoints = steering.require_fit, steering.restore, steering.checkpoints

    # Who takes part, and how it stands

    @property
    def variants(self) -> list[Variant]:
        """The variants that take part now."""
        return self._roster.variants

    @property
    def replicas(self) -> list[Replica]:
        """The replicas that take part now."""
        return self._roster.replicas

    @property
    def on_gpu(self) -> bool:
        """Whether replicas run on GPUs."""
        return self.devices != (CPU,)

    @property
    def state(self) -> str:
        """new, running, paused, or ended."""
        if self.ended is not None or self._scheduler.failure is not None:
            return "ended"
        if self._conductor is None:
            return "new"
        return "paused" if self._scheduler.paused else "running"

    @property
    def finished(self) -> bool:
        """Whether no replica has anything left to do, unless somebody rewinds or branches."""
        return all(each.over and not each.commands for each in self.replicas)

    @property
    def idle(self) -> bool:
        """Whether nothing happens until somebody steers: every replica is over, or halts because of a pause."""
        return self._scheduler.idle

    @property
    def lost_its_device(self) -> bool:
        """Whether it failed for no fault of its own, so that it can go on where there is a device."""
        return isinstance(self._scheduler.failure, DeviceMissing)

    def judge(self) -> list[Claimed]:
        """The verdicts on the claims as things are now; on seeds of which not everything was measured, none."""
        claims = self.loaded.scenario.claims
        roster = self._roster
        seeds = roster.measured_seeds()
        return judge(claims, roster.names, seeds, self.history, self._set, roster.other_lengths(seeds))

    def numbers(self) -> dict[str, list[float]]:
        """What was measured of the numbers that the scenario states about its run: for each seed of which everything
        was measured."""
        lookups = [SeedCurves(self.history, seed) for seed in self._roster.measured_seeds()]
        return values(self.loaded.scenario.measured, lookups)

    def conclusion(self, interrupted: bool) -> tuple[list[Claimed], Ended]:
        """What would be said if the session ended now: the verdicts, and how the replicas stand."""
        verdicts = [undecided(each) if interrupted else each for each in self.judge()]
        held = sum(verdict.held for verdict in verdicts)
        seconds = round(self._recorder.seconds, 3)
        outcomes = tuple(replica.outcome() for replica in self.replicas)
        return verdicts, Ended(interrupted, held == len(verdicts), held, len(verdicts), seconds, outcomes)

    def is_kept_as(self, run: str) -> None:
        """What happens from now on is kept under another name, which whoever listens is told."""
        self._announcement.run = run
        self._announcement.publish()

    def weights(self) -> dict[str, dict[int, dict[str, np.ndarray]]]:
        """Copies of the parameters by variant, seed and name."""
        found: dict[str, dict[int, dict[str, np.ndarray]]] = {}
        for replica in self.replicas:
            with replica.lock:
                if replica.experiment is not None:
                    found.setdefault(replica.name, {})[replica.seed] = replica.experiment.weights()
        return found

    def kept_to_predict(self) -> dict[tuple[str, int], dict[str, Any]]:
        """What is needed beside the weights to predict, by variant and seed; see `Experiment.kept_to_predict`."""
        found = {}
        for replica in self.replicas:
            with replica.lock:
                about = replica.experiment.kept_to_predict() if replica.experiment is not None else None
            if about is not None:
                found[replica.name, replica.seed] = about
        return found

    # From the beginning to the end

    def start(
        self,
        sink: RunSink | None = None,
        run: str | None = None,
        *,
        keep_open: bool = False,
        at_rest: Callable[[], None] | None = None,
        let_go: bool = False,
    ) -> None:
        """Begin. `sink` keeps events and checkpoints as run `run`. With `keep_open` the session does not end when the
        last replica has finished, so that replicas can be rewound and branched, but only at `stop`. Then `at_rest` is
        called whenever every replica is over, before anything is carried out that was asked for since. With `let_go`
        nobody will go back in a replica, or look at one that is over: its memory is given back while others run."""
        self._scheduler.keep_open, self._scheduler.at_rest = keep_open, at_rest
        self._scheduler.lets_go = let_go and not keep_open
        self._recorder.goes_back = not self._scheduler.lets_go
        self._recorder.start(sink)
        self._announcement.run = run
        self._conductor = threading.Thread(target=self._conduct, name="session", daemon=True)
        self._scheduler.begun = True
        if may_start(self):
            self._conductor.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end, whatever it is, for so many seconds at most."""
        if self._conductor is not None and self._conductor.ident is not None:
            self._conductor.join(timeout)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; False if it has not come after `timeout` seconds. Raises what made the session fail."""
        if self._conductor is not None:
            self.join(timeout)
            if self._conductor.is_alive():
                return False
        if self._scheduler.failure is not None:
            raise self._scheduler.failure
        return True

    def _conduct(self) -> None:
        first = self.devices[0]
        with on(first, self.mode, self._roster.sharing(first)):
            self._scheduler.attempt(self._compile_and_run)
            interrupted = self._scheduler.stopping and not all(each.over for each in self.replicas)
            if self._scheduler.failure is None:
                self._scheduler.attempt(self._interrupt_the_rest)
            self._end(interrupted)

    def _compile_and_run(self) -> None:
        if not self.on_gpu:  # there it is said how it is used, once that is known
            self._announcement.publish()
        with contextlib.suppress(StoppedEarly):
            self._compile()
            self._scheduler.run()

    def _compile(self) -> None:
        """Compile what all variants need, before any of them runs."""
        firsts = [self._roster.of(each.name)[0] for each in self.variants]
        compilation = self._compiler.compilation([self._compiler.requirements(each) for each in firsts])
        if self.on_gpu:
            self.device = self._announcement.device = f"{self.device}: {', '.join(compilation.uses)}"
            self._announcement.publish()
        self._compiler.run(compilation)

    def _interrupt_the_rest(self) -> None:
        """Measure and keep the replicas that were interrupted."""
        for replica in self.replicas:
            if not replica.over and replica.experiment is not None:
                self._recorder.measure(replica)
                self._recorder.end(replica, "interrupted")

    def _end(self, interrupted: bool) -> None:
        """Say what came of it."""
        if self._scheduler.failure is not None:
            self._recorder.publish(Failed(str(self._scheduler.failure)))
            return
        self.verdicts, self.ended = self.conclusion(interrupted)
        for verdict in self.verdicts:
            self._recorder.publish(verdict)
        self._scheduler.close()
        self._recorder.publish(self.ended)


class Announcement:
    """Says who takes part: at the beginning, and whenever a variant is added or removed.

    device: where it runs, in words;  run: its name in the run store, if it is kept
    """

    def __init__(self, roster: Roster, recorder: Recorder, device: str) -> None:
        self._roster, self._recorder, self.device = roster, recorder, device
        self.run: str | None = None

    def publish(self) -> None:
        """Hand the event to whoever listens."""
        self._recorder.publish(self._roster.started(self.device, self.run))
