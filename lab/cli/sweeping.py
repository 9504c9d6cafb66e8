"""Carrying out a sweep for a person: progress, the table and the scatter plots."""

from __future__ import annotations

import json as json_format
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from lab.cli import INTERRUPTED, READER_GONE, UNSAVED
from lab.cli.interrupts import interruptible
from lab.errors import BadInput
from lab.events import number_to_json

if TYPE_CHECKING:
    from lab.graph.devices import Choice
    from lab.search import Progress, Result, Sweep
    from lab.search.keeping import Known
    from lab.store import RunInfo, RunWriter, Store
    from lab.terminal.palettes import PaletteName


class View(Protocol):
    """What shows a sweep while it goes on: `lab.terminal.sweeping`."""

    @property
    def broken(self) -> bool: ...

    def notice(self, result: Result) -> None: ...

    def tell(self, progress: Progress) -> None: ...

    def close(self) -> None: ...


class Silent:
    """A view that shows nothing, for `--json`."""

    broken = False

    def notice(self, result: Result) -> None: ...

    def tell(self, progress: Progress) -> None: ...

    def close(self) -> None: ...


def view(sweep: Sweep, *, plain: bool, fps: float, palette: PaletteName) -> View:
    """The live dashboard on a terminal that can be drawn over, else plain lines."""
    from lab.terminal import choose
    from lab.terminal.capabilities import detect
    from lab.terminal.output import Output
    from lab.terminal.style import Style
    from lab.terminal.sweeping import LiveSweep, PlainSweep

    capabilities = detect(sys.stdout)
    if choose(plain=plain, capabilities=capabilities) == "plain":
        aside = Output(sys.stderr, detect(sys.stderr).unicode)
        return PlainSweep(sweep, Output(sys.stdout, capabilities.unicode), aside=aside)
    style = Style(capabilities.colours, capabilities.unicode, palette)
    return LiveSweep(sweep, sys.stdout, capabilities, style, fps)


def run(
    sweep: Sweep,
    writer: RunWriter | None,
    known: Known,
    *,
    threads: int | None = None,
    dask: str | None = None,
    shown: View | None = None,
) -> tuple[list[Result], bool]:
    """The results, best first, and whether the sweep was interrupted; what was trained until then is kept."""
    shown = Silent() if shown is None else shown
    interrupted = False

    def stop() -> None:
        nonlocal interrupted
        interrupted = True

    def tell(progress: Progress) -> bool:
        shown.tell(progress)
        return not interrupted and not shown.broken

    try:
        with interruptible(stop, shown.close):
            if dask is not None:
                from lab.search.cluster import run_on

                results = run_on(dask, sweep, sink=writer, known=known, progress=tell, notice=shown.notice)
            else:
                results = sweep.run(threads=threads, sink=writer, known=known, progress=tell, notice=shown.notice)
    except BaseException:
        if writer is not None:
            writer.close("interrupted")
        raise
    finally:
        shown.close()
    if writer is not None:
        writer.close("interrupted" if interrupted or shown.broken else "finished")
    return results, interrupted


def go_on(
    store: Store,
    info: RunInfo,
    anyway: bool,
    device: Choice | None,
    *,
    threads: int | None,
    json: bool,
    plain: bool,
    fps: float,
    palette: PaletteName,
) -> int:
    """Train what a kept sweep has not trained yet; the exit code."""
    from lab.cli.recording import warn
    from lab.search.keeping import keep, sweep_of

    if not info.resumable:
        raise BadInput(f"{info.name} is {info.shown_state}; there is nothing to resume.")
    sweep = sweep_of(info, anyway, device)
    writer, known = keep(sweep, store, info.name, warn, anyway)
    shown = None if json else view(sweep, plain=plain, fps=fps, palette=palette)
    results, interrupted = run(sweep, writer, known, threads=threads, shown=shown)
    if shown is not None and shown.broken:
        return READER_GONE
    show(sweep, results, 10, json=json)
    if not json:
        print(ending(writer, interrupted))
    return exit_code(writer, interrupted)


def exit_code(writer: RunWriter | None, interrupted: bool) -> int:
    """What a sweep that is at its end exits with; a sweep that was to be kept and is not has failed."""
    from lab.cli.running import unsaved

    return INTERRUPTED if interrupted else UNSAVED if unsaved(writer) else 0


def ending(writer: RunWriter, interrupted: bool) -> str:
    """Where a sweep was saved, or why it was not."""
    from lab.cli.running import unsaved

    if why := unsaved(writer):
        return f"The sweep was not saved: {why}."
    go_on = (
        f": go on with `lab resume {writer.name}`."
        if interrupted
        else f": see it again with `lab replay {writer.name}`."
    )
    return f"Saved as {writer.name}{go_on}"


def show_kept(store: Store, info: RunInfo) -> None:
    """The best trials of a kept sweep, and its pictures, from its record alone."""
    from lab.search.keeping import results_of, sweep_of

    try:
        sweep = sweep_of(info, only_look=True)
    except (BadInput, ValueError, SyntaxError, KeyError):
        return  # of a lab that wrote something else
    results = results_of(sweep, store, info)
    show(sweep, results, 10, json=False)
    if results and not sys.stdout.isatty():
        _plot(sweep, results)


def show(sweep: Sweep, results: Sequence[Result], best: int, *, json: bool) -> None:
    """The best trials as a table and, on a terminal, the objective over each path."""
    if json:
        for result in results:
            content = {
                "trial": result.trial.number,
                "values": result.trial.values,
                "steps": result.steps,
                sweep.objective: number_to_json(result.score),
                "scores": [number_to_json(each) for each in result.scores],
            }
            print(json_format.dumps(content, allow_nan=False))
        return
    from lab.cli.columns import aligned

    paths = [axis.path for axis in sweep.axes]
    rows = [("trial", *paths, "steps", sweep.objective)]
    for result in results[:best]:
        values = (f"{value:.4g}" if isinstance(value, float) else str(value) for value in result.trial.values.values())
        rows.append((str(result.trial.number), *values, f"{result.steps:,}", f"{result.score:.4g}"))
    for line in aligned(rows):
        print(line)
    diverged = sum(math.isnan(result.score) for result in results)
    print(
        f"\n{len(results)} of {len(sweep.trials)} trials" + (f", {diverged} of them diverged" if diverged else "") + "."
    )
    if sys.stdout.isatty():
        _plot(sweep, results)
    if results:
        print(f"Again with the best: {sweep.again(results[0])}")


def _plot(sweep: Sweep, results: Sequence[Result]) -> None:
    from lab.search.pictures import pictures
    from lab.terminal.capabilities import detect
    from lab.terminal.pictures import render
    from lab.terminal.printing import print_lines
    from lab.terminal.style import Style

    capabilities = detect(sys.stdout)
    style = Style(capabilities.colours, capabilities.unicode)
    for picture in pictures(sweep, results):
        print_lines(render(picture, min(capabilities.width, 100), 16, style), sys.stdout, capabilities)
