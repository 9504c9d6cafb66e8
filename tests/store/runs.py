"""Runs as tests need them, made without training."""

from __future__ import annotations

import math

import numpy as np

from lab.events import Claimed, Ended, Event, Measured, PictureTaken, Started
from lab.outcome import Outcome
from lab.pictures import Bars
from lab.store import Store

VARIANTS, SEEDS, STEPS = ("good", "hot"), (0, 1), 100
TEXT = """\
title: Dead ReLUs
task: classify
model: [{dense: 64}, relu]
optimizer: {name: sgd, rate: 0.05}
train: {batch: 32, steps: 100}
"""


def loss(variant: str, seed: int, step: int) -> float:
    """What the runs have measured: `hot` with seed 1 is NaN from step 60 on."""
    if (variant, seed) == ("hot", 1) and step >= 60:
        return math.nan
    return math.exp(-step / (20 if variant == "hot" else 40)) + 0.1 * seed


def make(store: Store, *, rate: float | None = None, end: str | None = "finished", text: str = TEXT,
         changed: dict[str, float] | None = None) -> str:  # fmt: skip
    """A run of `dead-relu`, two variants and two seeds, and its name.

    end:     None leaves it running
    changed: settings of `hot` that somebody changed before step 40
    """
    run = store.create(
        "dead-relu",
        title="Dead ReLUs",
        text=text,
        path="dead-relu.yaml",
        overrides={} if rate is None else {"optimizer.rate": rate},
        variants=VARIANTS,
        seeds=SEEDS,
        steps=dict.fromkeys(VARIANTS, STEPS),
    )
    name = run.name
    assert name is not None
    started = Started("dead-relu", "Dead ReLUs", VARIANTS, SEEDS, dict.fromkeys(VARIANTS, STEPS), ("loss",), run=name)
    events: list[Event] = [started]
    for step in range(0, STEPS + 1, 20):
        for variant in VARIANTS:
            for seed in SEEDS:
                values = {"loss": loss(variant, seed, step), "grad_norm.dense1": 0.5}
                if step % 40 == 0:
                    values["accuracy"] = step / STEPS
                now = (changed or {}) if (variant, step) == ("hot", 40) else {}
                events.append(Measured(variant, seed, step, values, changed=dict(now)))
    events.append(PictureTaken("good", 0, STEPS, Bars("bars", {"one": 1.0})))
    if end == "finished":
        events.append(
            Claimed("It falls.", "last(good.loss) < 1", True, {0: True, 1: True}, {0: "0.1 < 1", 1: "0.2 < 1"})
        )
        outcomes = tuple(Outcome(variant, seed, STEPS, "finished", 0.1) for variant in VARIANTS for seed in SEEDS)
        events.append(Ended(False, True, 1, 1, 0.5, outcomes))
        for seed in SEEDS:
            run.weights("good", seed, {"dense1.weight": np.full((2, 3), seed, np.float32)})
    for event in events:
        run.write(event)
    if end is None:
        run.flush()
    else:
        run.close(end)
    return name
