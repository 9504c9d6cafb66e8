"""What can be seen of a network that does not learn: in its data, at its start, and while it trains."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from lab.diagnosis.case import LOOKED_AT, SPREAD, Case
from lab.diagnosis.model_changes import ACTIVATIONS, has_activation, name_of
from lab.events import Event, Noticed
from lab.noticing.detector import about
from lab.scenario.loading import load_document
from lab.session import Session
from lab.tasks import task_of

PATIENCE = 0.1
"""Seconds between looks at how far it is."""
BEGINS = 1.5
"""So many times the loss of guessing at the start is too much."""
UPDATES = 1e-4, 0.1
"""Below and above these shares of their size weights are changed by too little and too much in one step."""
GOOD_NEWS = ("first_to_target", "early_stopping")
MOST = 8
"""Sentences at most."""


def symptoms(case: Case, seed: int, go_on: Callable[[], bool] = lambda: True) -> list[str]:
    """Sentences, without full stops, on what is unusual about one training of the network as it is; only what is known
    before it, once `go_on`, which is asked now and then, says no."""
    told = [*of_data(case), *of_model(case)]
    session, noticed = _watched(case, seed, go_on)
    (replica,) = session.replicas
    if replica.state not in ("finished", "diverged"):
        return told
    metrics = session.history.metrics(case.name)

    def curve(name: str) -> np.ndarray:
        return session.history.curve(case.name, seed, name)[1] if name in metrics else np.array([math.nan])

    begins = case.left(float(curve(case.metric)[0]))
    if begins > BEGINS:
        told.append(
            f"before the first step it does {about(begins)} times as badly as guessing: its outputs begin too large"
        )
    updates = {name.split(".", 1)[1]: float(np.median(curve(name))) for name in metrics if name[:13] == "update_ratio."}
    told += list(_updates(updates))
    told += [f"step {step:,}: {sentence}" for step, sentence in noticed]
    if replica.state == "diverged":
        told.append(f"after {replica.steps_done:,} steps it has diverged: numbers are no longer finite")
    return told[:MOST]


def of_data(case: Case) -> Iterator[str]:
    """What is unusual about inputs and classes."""
    train = case.split.train
    if len(spreads := case.spreads):
        names = train.features or tuple(f"input {number}" for number in range(len(spreads)))
        varied = np.flatnonzero(spreads > 0)
        if len(varied) < len(spreads):
            constant = [names[number] for number in np.flatnonzero(spreads == 0)]
            more = f" and {len(constant) - 3} more" if len(constant) > 3 else ""
            yield f"the same number in every example: {', '.join(constant[:3])}{more}"
        if len(varied) and spreads.max() > SPREAD * spreads[varied].min():
            low, high = int(varied[spreads[varied].argmin()]), int(spreads.argmax())
            times = about(float(spreads[high] / spreads[low]))
            yield f"{names[high]} varies {times} times as much as {names[low]}"
        elif len(varied) and not 1 / SPREAD < spreads.max() < SPREAD:
            yield f"inputs have a standard deviation of {about(float(spreads.max()))}, where about 1 is usual"
    if case.classifies:
        shares = np.bincount(train.targets.ravel(), minlength=len(train.classes)) / train.targets.size
        if shares.max() > 0.8:
            yield f"{100 * shares.max():.0f} % of the examples are {train.classes[int(shares.argmax())]}"
    else:
        spread = float(train.targets.std())
        if not 1 / SPREAD < spread < SPREAD:
            yield f"what is to be predicted has a standard deviation of {about(spread)}, where about 1 is usual"


def of_model(case: Case) -> Iterator[str]:
    """What is unusual about the layers."""
    model = case.scenario.model
    if model and name_of(model[-1]) in ACTIVATIONS:
        yield f"behind the last layer stands {name_of(model[-1])}"
    if len(model) > 1 and not has_activation(case.layers):
        yield "no activation stands between the layers"


def _updates(ratios: Mapping[str, float]) -> Iterator[str]:
    low, high = UPDATES
    finite = {layer: ratio for layer, ratio in ratios.items() if math.isfinite(ratio)}
    if not finite:
        return
    small, large = min(finite.values()), max(finite.values())
    usual = "of their size, where about a thousandth is usual"
    if large < low:
        yield f"a step changes weights by {about(large)} {usual}"
    elif large > high:
        layer = next(name for name, ratio in finite.items() if ratio == large)
        yield f"a step changes the weights of {layer} by {about(large)} {usual}"
    elif small == 0:
        yield f"the weights of {next(name for name, ratio in finite.items() if ratio == 0)} do not change"


def _watched(case: Case, seed: int, go_on: Callable[[], bool]) -> tuple[Session, list[tuple[int, str]]]:
    """One training with everything measured by layer that the network has, and what was noticed on the way."""
    loaded = case.loaded
    watch = list(case.scenario.watch)

    def watching(names: list[str]) -> Any:
        overrides = {**loaded.overrides, "watch": names}
        return load_document(loaded.origins.document, loaded.path, overrides, "--set", loaded.origins.mends)

    metrics = task_of(case.scenario).metrics
    made = watching([*watch, *(name for name in LOOKED_AT if name in metrics)])
    session = Session(made, variants=[made.variant(case.name)], seeds=[seed])
    noticed: list[tuple[int, str]] = []

    def see(event: Event) -> None:
        if isinstance(event, Noticed) and event.detector not in GOOD_NEWS:
            noticed.append((event.step, event.sentence))

    session.also(see)
    session.start()
    while not session.wait(PATIENCE):
        if not go_on():
            session.stop()
    return session, noticed
