"""Taking up a kept run where its checkpoints are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import BadInput
from lab.events import Event, Measured

if TYPE_CHECKING:
    from lab.session import Session
    from lab.store import RunInfo, RunWriter, Store


def unfinished(store: Store) -> RunInfo:
    """The latest run that can be resumed. Raises BadInput if there is none."""
    for info in store.runs():
        if info.resumable:
            return info
    raise BadInput("There is no unfinished run to resume; `lab runs` lists all of them.")


def take_up(
    store: Store, info: RunInfo, threads: int | None, warn: Callable[[str], None]
) -> tuple[Session, RunWriter, list[Event]]:
    """A session that goes on from the latest checkpoints of a run, its writer, and what was measured up to there.

    Raises BadInput if the run is finished, or was made by kernels or a layout that no longer fit.
    """
    from lab.scenario.loading import load_text
    from lab.session import Session
    from lab.tasks import check

    if not info.resumable:
        raise BadInput(f"{info.name} is {info.shown_state}; there is nothing to resume.")
    loaded = load_text(info.text, Path(info.path or f"{info.slug}.yaml"), info.overrides)
    check(loaded)
    session = Session(
        loaded, seeds=info.seeds, steps=info.options.get("steps"), variants=info.variants, threads=threads
    )
    checkpoints = {}
    for variant in info.variants:
        for seed in info.seeds:
            found = store.latest_checkpoint(info.name, variant, seed)
            if found is not None:
                checkpoints[variant, seed] = found
    earlier: list[Event] = []
    for event in store.events(info.name):
        if isinstance(event, Measured):
            step, _ = checkpoints.get((event.variant, event.seed), (-1, {}))
            if event.step <= step:
                earlier.append(event)
                session.history.add(event.variant, event.seed, event.step, event.values)
    writer = store.reopen(info.name, warn)
    for variant in info.variants:
        for seed in info.seeds:
            step, state = checkpoints.get((variant, seed), (-1, None))
            writer.rewind(variant, seed, step)
            if state is not None:
                session.restore(variant, seed, step, state)
    return session, writer, earlier
