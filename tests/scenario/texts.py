"""Scenario texts that the tests change in one place."""

from pathlib import Path

from lab.scenario import Loaded, load_text

FILE = Path("dead.yaml")

GOOD = """\
title: Dead ReLUs
chapter: activations
idea: A far too high learning rate kills ReLUs.
lesson: |
  A lesson.
question: {ask: Which one, choices: [good, hot], answer: hot, because: It jumps.}
task: classify
data: {name: spiral, classes: 3, points: 900, noise: 0.2}
model: [{dense: 64}, relu, {dense: 64}, relu, {dense: classes}]
init: he
optimizer: {name: sgd, rate: 0.05, momentum: 0.9}
train: {batch: 32, steps: 2000, measure: 20, seed: 0}
watch: [loss, accuracy, grad_norm, dead_relu]
variants:
  good: {}
  hot: {optimizer.rate: 5.0}
claims:
  - says: A far too high learning rate kills ReLUs.
    that: last(hot.dead_relu) > last(good.dead_relu) + 0.2
"""


def loaded(text: str = GOOD, overrides: dict[str, object] | None = None) -> Loaded:
    return load_text(text, FILE, overrides)


def changed(old: str, new: str) -> str:
    """The good text with one passage changed; the passage must be there exactly once."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)
