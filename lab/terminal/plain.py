"""Plain lines for pipes, files and screen readers: no colour, nothing drawn over, a line only when there is news."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from lab.events import Claimed, Compiling, Ended, Event, Failed, Measured, Noticed, Started
from lab.terminal import sentences
from lab.terminal.noticed import told
from lab.terminal.numbers import duration, short
from lab.terminal.output import Output
from lab.terminal.question import Question
from lab.terminal.run_state import RunState

_SHORTEST_SILENCE = 2.0
_SHARE_OF_ELAPSED = 0.1


class Plain:
    """Writes what happens as plain lines.

    A variant's progress is told when it ends and, in long runs, in between: after two seconds at first, later after
    a tenth of the time gone by, so that an hour's log stays readable.

    output: what the run found, the same however its threads were scheduled, so that two outputs can be compared
    aside:  what differs from time to time: compilation, progress in between, the time taken; None: output as well
    paced:  whether it happens now, so that the time that is left can be told
    """

    def __init__(
        self,
        output: Output,
        question: Question | None = None,
        clock: Callable[[], float] = time.monotonic,
        aside: Output | None = None,
        paced: bool = True,
    ) -> None:
        self._output, self._question, self._clock = output, question, clock
        self._aside = output if aside is None else aside
        self._paced = paced
        self._run_state = RunState(keep=lambda metric: False)
        self._began: float | None = None
        self._told: dict[str, float] = {}
        self._finished: set[str] = set()
        self._compiling_since: float | None = None
        self._told_noticed = False

    @property
    def broken(self) -> bool:
        """Whether the reader has gone."""
        return self._output.broken

    def handle(self, event: Event) -> None:
        """Tell what is new about the event, if anything."""
        if self._run_state.ended or self._run_state.failed:
            return
        kernel_before, noticed_before = self._run_state.kernel, len(self._run_state.noticed)
        self._run_state.handle(event)
        match event:
            case Started():
                self._begin(event)
            case Compiling():
                self._compile(event, kernel_before)
            case Measured():
                self._compiled()
                self._measured(event)
            case Noticed() if self._one_replica and len(self._run_state.noticed) > noticed_before:
                self._output.line(f"{event.variant}, step {event.step:,}: {event.sentence}")
            case Claimed() if event.seeds:
                self._claim(event)
            case Ended():
                self._end(event)
            case Failed():
                self._output.line(f"The run failed: {event.message}")

    def close(self) -> None:
        """Nothing is left open; every line was written when it was known."""

    @property
    def _one_replica(self) -> bool:
        """Whether what is noticed can be told at once; of several replicas, whose threads go on in no fixed order, it
        is told together, before the verdict."""
        started = self._run_state.started
        return started is None or len(started.seeds) * len(started.variants) == 1

    def _begin(self, event: Started) -> None:
        self._began = self._clock()
        self._output.line(self._run_state.title)
        self._output.line(sentences.heading(event))
        for sentence in event.read:
            self._output.line(sentence)

    def _compile(self, event: Compiling, kernel_before: str | None) -> None:
        if event.left <= 0:
            self._compiled()
        elif event.kernel != kernel_before:
            if self._compiling_since is None:
                self._compiling_since = self._clock()
                self._aside.line(sentences.FIRST_START)
            seconds = f", {duration(event.seconds)} to go" if event.seconds is not None else ""
            self._aside.line(f"compiling {event.kernel}, {event.left} left{seconds}")

    def _compiled(self) -> None:
        if self._compiling_since is not None:
            self._aside.line(f"kernels ready after {self._clock() - self._compiling_since:.1f} s")
            self._compiling_since, self._began = None, self._clock()

    def _measured(self, event: Measured) -> None:
        for name, value in event.changed.items():
            who = f"{event.variant}, seed {event.seed}, step {event.step:,}"
            self._output.line(f"{who}: {name} changed to {short(value)}")
        now = self._clock()
        began = self._began if self._began is not None else now
        silence = max(_SHORTEST_SILENCE, _SHARE_OF_ELAPSED * (now - began))
        if self._run_state.over(event.variant):
            self._tell_finished()
        else:
            self._finished.discard(event.variant)
            if now - self._told.setdefault(event.variant, began) >= silence:
                self._going_on(event.variant)
                self._told[event.variant] = now

    def _tell_finished(self) -> None:
        """The variants that are over, in the scenario's order: one that is over early waits for those before it."""
        for variant in self._run_state.variants:
            if not self._run_state.over(variant):
                return
            if variant not in self._finished:
                self._result(variant)

    def _result(self, variant: str) -> None:
        """How far a variant came, what it measured there, and which of its seeds diverged."""
        self._finished.add(variant)
        for replica in self._run_state.of(variant):
            if replica.diverged is not None:
                self._output.line(sentences.divergence(replica))
        told = sentences.values(self._run_state, variant)
        self._output.line(self._reached(variant) + (f": {told}" if told else ""))

    def _going_on(self, variant: str) -> None:
        """How far a variant is, and how long it still takes; a mean over seeds is told only once all are there."""
        replicas = self._run_state.of(variant)
        seeds = len(self._run_state.started.seeds) if self._run_state.started else len(replicas)
        if seeds > 1:
            told = f"{sum(each.over for each in replicas)} of {seeds} seeds done"
        else:
            told = sentences.values(self._run_state, variant)
        seconds = self._run_state.seconds_left(variant) if self._paced else math.nan
        left = f", {duration(seconds)} left" if math.isfinite(seconds) else ""
        self._aside.line(self._reached(variant) + left + (f": {told}" if told else ""))

    def _reached(self, variant: str) -> str:
        name = variant.ljust(max(len(each) for each in self._run_state.variants))
        return f"{name}  {sentences.reached(self._run_state, variant, self._run_state.furthest(variant))}"

    def _tell_noticed(self) -> None:
        """What was noticed of several replicas, once."""
        if not self._one_replica and not self._told_noticed:
            self._told_noticed = True
            for each in told(self._run_state):
                self._output.line(each.text)

    def _claim(self, claim: Claimed) -> None:
        self._tell_noticed()
        state = "held" if claim.held else "undecided" if claim.undecided else "FELL SHORT"
        self._output.line(f"{state:<10}  {claim.says} ({sentences.held(claim)})")
        for line in sentences.evidence(claim):
            self._output.line(f"            {line}")
        if told := sentences.other_settings(claim):
            self._output.line(f"            {told}")

    def _end(self, event: Ended) -> None:
        for variant in self._run_state.variants:
            reached = self._run_state.progress(variant) >= 1.0 or any(each.step for each in self._run_state.of(variant))
            if variant not in self._finished and reached:
                self._result(variant)
        self._tell_noticed()
        if event.claims and (changed := sentences.changed(self._run_state)):
            self._output.line(changed)
        if self._question is not None and not event.interrupted:
            for line in self._question.lines():
                self._output.line(line)
        if event.interrupted:
            self._output.line(sentences.ending(event) + ".")
        else:
            self._output.line(sentences.verdict(event) + ".")
            self._aside.line(f"It took {duration(event.seconds)}.")
        if self._run_state.started is not None:
            self._output.line(sentences.kept(self._run_state.started, event) + ".")
