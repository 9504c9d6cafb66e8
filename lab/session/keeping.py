"""How a session is kept: the record of a new run, and taking up an old one. See `lab.session.record` for its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lab.errors import BadInput
from lab.events import Event, Measured, Noticed, Started
from lab.graph.devices import CPU, FORMER_MODES, Choice, choose
from lab.scenario import Loaded, Variant
from lab.scenario.loading import load_text
from lab.session.session import Session
from lab.session.sources import folder_of, sources_of
from lab.store import RunInfo, RunWriter, Store
from lab.tasks import check


def begin(session: Session, store: Store, warn: Callable[[str], None]) -> RunWriter:
    """The record of a session that is about to begin. `warn` is called once if saving has to stop."""
    loaded = session.loaded
    return store.create(
        loaded.slug,
        title=loaded.scenario.title,
        text=loaded.text,
        path=loaded.path,
        overrides=loaded.overrides,
        options={"steps": session.steps, "mode": session.mode},
        variants=[each.name for each in session.variants],
        seeds=session.seeds,
        steps={each.name: session.steps or each.scenario.train.steps for each in session.variants},
        device=session.device,
        sources=sources_of(loaded, session.variants),
        warn=warn,
    )


def _named(device: str) -> str:
    """What to ask for to get the device of a run; several GPUs have no name of their own."""
    return device if device == CPU or device.startswith("cuda:") else "cuda"


def take_up(
    store: Store,
    info: RunInfo,
    threads: int | None,
    warn: Callable[[str], None],
    device: Choice | None = None,
    anyway: bool = False,
) -> tuple[Session, RunWriter, list[Event]]:
    """A session that goes on from the latest checkpoints of a run, its writer, and what was measured up to there.

    device: where to go on, by default where it began; another one goes on from the same numbers, but rounds otherwise
    anyway: go on though a file that it read has changed; the run's record then says so
    Raises BadInput if the run is finished, a file that it read is gone or has changed, or what was kept does not
    fit the networks.
    """
    if not info.resumable:
        raise BadInput(f"{info.name} is {info.shown_state}; there is nothing to resume.")
    folder, sources = folder_of(info, anyway)
    path = folder / Path(info.path or f"{info.slug}.yaml").name
    loaded = load_text(info.text, path, info.overrides)
    check(loaded)
    made = next((each.made for each in store.events(info.name) if isinstance(each, Started)), {})
    session = Session(
        loaded,
        seeds=info.seeds,
        steps=info.options.get("steps"),
        variants=[_variant(loaded, name, made) for name in info.variants],
        threads=threads,
        device=device or choose(_named(info.device)),
        mode=_mode(info.options.get("mode", "auto")),
    )
    for name, each in made.items():
        session.comes_from(name, each["from"], each["set"])
    checkpoints = {}
    for variant in info.variants:
        for seed in info.seeds:
            found = store.latest_checkpoint(info.name, variant, seed)
            if found is not None:
                checkpoints[variant, seed] = found
    for variant in info.variants:
        states = {seed: state for (name, seed), (_, state) in checkpoints.items() if name == variant}
        session.require_fit(variant, states)
    earlier: list[Event] = []
    for event in store.events(info.name):
        if isinstance(event, Measured | Noticed):
            step, _ = checkpoints.get((event.variant, event.seed), (-1, {}))
            if event.step > step:
                continue
            earlier.append(event)
            if isinstance(event, Measured):
                session.history.add(event.variant, event.seed, event.step, event.values)
    writer = store.reopen(info.name, warn, sources)
    for variant in info.variants:
        for seed in info.seeds:
            step, state = checkpoints.get((variant, seed), (-1, None))
            writer.rewind(variant, seed, step)
            if state is not None:
                session.restore(variant, seed, step, state)
    return session, writer, earlier


def _variant(loaded: Loaded, name: str, made: Mapping[str, Mapping[str, Any]]) -> str | Variant:
    """A variant of a run: of its scenario, or one that was made while it ran. Raises BadInput if it is unknown."""
    if name not in made:
        return name
    found = loaded.variant(made[name]["from"], made[name]["set"], origin="override")
    return Variant(name, found.scenario, found.changes)


def _mode(kept: str) -> str:
    """The `--cuda-mode` of a kept run, by the name that it has now."""
    return FORMER_MODES.get(kept, kept)
