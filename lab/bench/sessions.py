"""Whole runs of the lab, measured from outside: what threads gain, what measuring costs, what live plots cost."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.bench import nets

if TYPE_CHECKING:
    from lab.scenario import Loaded
    from lab.session import Session

REPLICAS = 4
LESSON = "dead-relu"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two ways of running the same thing, by turns.

    before, after: median seconds, of the clock or of the processor; ratio: after over before, median of the rounds
    """

    title: str
    before: float
    after: float
    ratio: float

    @property
    def share(self) -> float:
        """The part of the second way's time by which it is longer than the first."""
        return 1 - 1 / self.ratio


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long something took by the clock, and how much time of the cores it used, which is steadier."""

    clock: float
    processor: float


def replicas(folder: Path, threads: int, rounds: int, steps: int) -> Comparison:
    """Four replicas of the middle net, one after the other on one thread and side by side on so many."""
    net = nets.NETS["middle"]
    settings = {"train.steps": steps, "train.measure": 100}

    def run(used: int) -> float:
        from lab.scenario import load_text

        loaded = load_text(nets.scenario_text(net), folder / net.name / "net.yaml", settings)
        return run_session(loaded, range(REPLICAS), used).clock

    return _compare(f"{REPLICAS} replicas", rounds, lambda: run(threads), lambda: run(1))


def metrics(rounds: int, steps: int | None = None) -> Comparison:
    """The lesson as it is, and measured only at its beginning and its end; on one thread. steps: instead of its own."""

    def run(often: bool) -> float:
        from lab.scenario import load

        changes = {} if steps is None else {"train.steps": steps}
        loaded = load(LESSON, changes)
        if not often:
            loaded = load(LESSON, changes | {"train.measure": loaded.scenario.train.steps})
        return run_session(loaded, (0,), 1).processor

    return _compare(f"measuring of {LESSON}", rounds, lambda: run(False), lambda: run(True))


def plots(rounds: int, steps: int, fps: float = 4.0) -> Comparison:
    """The lesson on all cores, with plain lines and with the live dashboard of a terminal of 100 × 30."""

    def run(kind: str) -> float:
        from lab.scenario import load

        loaded = load(LESSON, {"train.steps": steps})
        return run_session(loaded, (0,), None, shown=kind, fps=fps).processor

    return _compare(f"live plots of {LESSON}", rounds, lambda: run("plain"), lambda: run("live"))


def run_session(
    loaded: Loaded,
    seeds: Sequence[int],
    threads: int | None,
    *,
    variants: Sequence[str] | None = None,
    shown: str | None = None,
    fps: float = 4.0,
) -> Seconds:
    """From the first measurement to the end of the session. shown: by which reporter, if any."""
    from lab.events import Measured
    from lab.session import Session

    session = Session(loaded, seeds=seeds, threads=threads, variants=variants)
    begun: list[Seconds] = []

    def note(event: object) -> None:
        if not begun and isinstance(event, Measured):
            begun.append(Seconds(time.perf_counter(), time.process_time()))

    session.also(note)
    if shown is None:
        session.start()
        session.wait()
        ended = Seconds(time.perf_counter(), time.process_time())
    else:
        ended = _show(session, loaded, shown, fps)
    return Seconds(ended.clock - begun[0].clock, ended.processor - begun[0].processor)


def _show(session: Session, loaded: Loaded, kind: str, fps: float) -> Seconds:
    """Run and show a session; when it ended, before the last plots and the verdict are drawn."""
    from lab.terminal import Options, reporter
    from lab.terminal.capabilities import TRUE_COLOURS, Capabilities

    live = kind == "live"
    capabilities = Capabilities(terminal=live, live=live, width=100, height=30, colours=TRUE_COLOURS, unicode=True)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        viewer = reporter(
            "live" if live else "plain", loaded, stream=nowhere, capabilities=capabilities, options=Options(fps=fps)
        )
        if live:
            session.show_pictures(every=0.5, only=[(session.variants[0].name, session.seeds[0])])
        subscription = session.subscribe()
        session.start()
        for event in subscription:
            viewer.handle(event)
        session.wait()
        ended = Seconds(time.perf_counter(), time.process_time())
        viewer.close()
    return ended


def _compare(title: str, rounds: int, first: Callable[[], float], second: Callable[[], float]) -> Comparison:
    first(), second()  # whatever is compiled, imported or drawn for the first time
    before, after = [], []
    for _ in range(rounds):
        before.append(first())
        after.append(second())
    ratio = statistics.median(late / early for early, late in zip(before, after, strict=True))
    return Comparison(title, statistics.median(before), statistics.median(after), ratio)
