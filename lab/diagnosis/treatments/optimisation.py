"""Gradients that are too noisy, now and then far too long, or of very different sizes."""

from __future__ import annotations

from collections.abc import Iterator

from lab.diagnosis.case import Case
from lab.diagnosis.treatment import Treatment, treatments

SHARED = ("l1", "l2", "penalise_biases", "clip", "clip_by")
"""Settings that every optimizer has."""


@treatments("gradient_clipping", 5)
def gradient_clipping(case: Case) -> Iterator[Treatment]:
    """Gradients no longer than 1."""
    if "clip" not in case.scenario.optimizer.extra:
        yield Treatment(
            "clipped",
            "optimizer: clip: 1",
            "single gradients are so long that a step throws the weights far off",
            {"optimizer.clip": 1},
            ("gradient-clipping",),
        )


@treatments("batch", 5)
def batch(case: Case) -> Iterator[Treatment]:
    """Eight times as many examples in each step."""
    now = case.scenario.train.batch
    examples = case.split.train.targets.shape[0]
    if isinstance(now, int) and now < examples:
        larger = min(8 * now, examples)
        yield Treatment(
            "larger_batch",
            f"batches of {larger} in place of {now}",
            f"gradients of {now} examples are too noisy",
            {"train.batch": larger},
            ("minibatch",),
        )


@treatments("adam", 7)
def adam(case: Case) -> Iterator[Treatment]:
    """A step of each weight's own size; penalties and the like stay."""
    optimizer = case.scenario.optimizer
    if optimizer.name not in ("adam", "adamw", "newton", "bfgs", "lbfgs"):
        kept = {name: value for name, value in optimizer.extra.items() if name in SHARED}
        yield Treatment(
            "adam",
            "optimizer: {name: adam, rate: 0.003}",
            "one learning rate does not fit all weights",
            {"optimizer": {"name": "adam", "rate": 0.003, **kept}},
            ("adam",),
        )
