"""Small scenarios for tests of sessions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.scenario import Loaded
from lab.scenario.loading import load_text

SMALL = """
title: Small
task: classify
data: {name: spiral, points: 60}
model: [{dense: 8}, relu, {dense: classes}]
init: he
optimizer: {name: sgd, rate: 0.1, momentum: 0.9}
train: {batch: 10, steps: 60, measure: 10}
watch: [loss, accuracy, grad_norm, dead_relu, update_ratio]
variants:
  calm: {}
  quick: {optimizer.rate: 0.3}
claims:
  - says: Both learn something.
    that: last(calm.loss) < first(calm.loss) and last(quick.loss) < first(quick.loss)
  - says: This cannot be.
    that: last(calm.accuracy) > 1
"""

HOT = SMALL.replace("quick: {optimizer.rate: 0.3}", "quick: {optimizer.rate: 1000, model.1: identity}")


def small(text: str = SMALL, overrides: Mapping[str, Any] | None = None) -> Loaded:
    """The scenario `small`, or another text, loaded."""
    return load_text(text, Path("small.yaml"), overrides)
