"""Carrying out a sweep for a person: progress, what is kept, the table and the scatter plots."""

from __future__ import annotations

import json as json_format
import math
import signal
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lab.cli.recording import warn
from lab.errors import BadInput
from lab.events import number_to_json

if TYPE_CHECKING:
    from lab.search import Result, Sweep
    from lab.store import RunWriter

Known = dict[tuple[str, int], tuple[int, float]]


def keep(sweep: Sweep, resume: str | None) -> tuple[RunWriter, Known]:
    """The writer of a new sweep, or of one that is resumed, and what is known of its trials already.

    Raises BadInput if the sweep to resume was another one.
    """
    from lab.store import Store

    store = Store.open()
    options = {
        "sweep": {
            "axes": [f"{axis.path}={axis.kind}({axis.low},{axis.high}){list(axis.choices)}" for axis in sweep.axes],
            "method": sweep.method, "trials": len(sweep.trials), "objective": sweep.objective, "folds": sweep.folds,
            "base": sweep.base, "steps": sweep.steps,
        }
    }  # fmt: skip
    if resume is None:
        names = [name for name, _, _ in sweep.jobs]
        writer = store.create(
            f"sweep-{sweep.loaded.slug}",
            title=f"Sweep of {sweep.loaded.scenario.title}", text=sweep.loaded.text, path=sweep.loaded.path,
            overrides=sweep.loaded.overrides, options=options, variants=names, seeds=sweep.seeds,
            steps=dict.fromkeys(names, sweep.steps), warn=warn,
        )  # fmt: skip
        return writer, {}
    info = store.find(resume)
    if info.options != options or info.text != sweep.loaded.text or info.seeds != sweep.seeds:
        raise BadInput(f"{info.name} was another sweep: the scenario or the options were not the same.")
    known: Known = {}
    for (variant, seed), curves in store.curves(info.name).items():
        if "diverged" in curves:
            known[variant, seed] = (sweep.steps, math.nan)
        elif sweep.objective in curves:
            steps, values = curves[sweep.objective]
            if int(steps[-1]) in {each for _, each in sweep.ladder}:
                known[variant, seed] = (int(steps[-1]), float(values[-1]))
    return store.reopen(info.name, warn), known


def run(
    sweep: Sweep, writer: RunWriter | None, known: Known, *, threads: int | None, dask: str | None, quiet: bool
) -> tuple[list[Result], bool]:
    """The results, best first, and whether the sweep was interrupted; what was trained until then is kept."""
    begun, interrupted = time.monotonic(), False
    shown = sys.stderr.isatty() and not quiet

    def interrupt(number: int, frame: Any) -> None:
        nonlocal interrupted
        if interrupted:
            raise KeyboardInterrupt
        interrupted = True

    def progress(done: int, total: int) -> bool:
        if shown:
            spent = time.monotonic() - begun
            left = f", {spent * (total - done) / done:.0f} s left" if done else ""
            sys.stderr.write(f"\r\x1b[K{done} of {total} trials, {spent:.0f} s{left}")
            sys.stderr.flush()
        return not interrupted

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        if dask is not None:
            from lab.search.cluster import run_on

            results = run_on(dask, sweep, keeper=writer, known=known, progress=progress)
        else:
            results = sweep.run(threads=threads, keeper=writer, known=known, progress=progress)
    except BaseException:
        if writer is not None:
            writer.close("interrupted")
        raise
    finally:
        signal.signal(signal.SIGINT, before)
        if shown:
            sys.stderr.write("\r\x1b[K")
    if writer is not None:
        writer.close("interrupted" if interrupted else "finished")
    return results, interrupted


def show(sweep: Sweep, results: Sequence[Result], best: int, *, json: bool, name: str | None) -> None:
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
        for line in scatter(sweep, results):
            print(line)
    if results:
        changes = " ".join(f"--set {path}={value}" for path, value in results[0].trial.values.items())
        print(f"Again with the best: lab run {sweep.loaded.slug} --variant {sweep.base} {changes}")
    if name is not None:
        print(f"Saved as {name}.")


def scatter(sweep: Sweep, results: Sequence[Result]) -> list[str]:
    """One plot per numeric path: the objective of every trial over the path's value."""
    import numpy as np
    from rich.console import Console

    from lab.pictures import Scatter
    from lab.terminal.capabilities import detect
    from lab.terminal.look import Look
    from lab.terminal.pictures import render

    capabilities = detect(sys.stdout)
    console = Console(file=sys.stdout)
    lines: list[str] = []
    for axis in sweep.axes:
        points = [
            (float(each.trial.values[axis.path]), each.score)
            for each in results
            if isinstance(each.trial.values[axis.path], (int, float)) and math.isfinite(each.score)
        ]
        if len(points) < 2:
            continue
        table = np.array(points, np.float32)
        label = axis.path
        if axis.kind == "log":
            table[:, 0] = np.log10(table[:, 0])
            label = f"log10 {axis.path}"
        picture = Scatter(f"{sweep.objective} over {label}", {"trials": table}, x_label=label, y_label=sweep.objective)
        look = Look(capabilities.colours, capabilities.unicode)
        with console.capture() as captured:
            for text in render(picture, min(capabilities.width, 100), 16, look):
                console.print(text, end="\n", soft_wrap=True)
        lines += captured.get().rstrip("\n").split("\n")
    return lines
