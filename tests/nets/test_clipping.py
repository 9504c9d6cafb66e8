"""What `clip` and `clip_by` make of a gradient, seen in one step of plain gradient descent."""

from __future__ import annotations

import numpy as np
import pytest

from lab.graph import Layout
from lab.graph import functions as f
from lab.graph.running import bind
from lab.graph.tensor import Storage
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.optimizers import optimizer
from lab.nets.training_step import training_step

GRADIENT = np.array([3.0, -4.0])


@pytest.mark.parametrize(
    ("settings", "right"),
    [
        ({}, GRADIENT),
        ({"clip": 1.0}, GRADIENT / 5),
        ({"clip": 6.0}, GRADIENT),
        ({"clip": 3.5, "clip_by": "value"}, [3.0, -3.5]),
        ({"clip": 6.0, "clip_by": "squared_norm"}, GRADIENT * 6 / 25),
        ({"clip": 26.0, "clip_by": "squared_norm"}, GRADIENT),
    ],
)
def test_clipped_step(settings, right):
    storage, numbers = Storage("parameters"), AdjustableNumbers()
    point = storage.member("point", (2,))
    rule = optimizer("sgd", {"rate": 1.0, **settings})
    step = training_step(f.sum(f.square(point)) * 0.5, storage, rule, numbers)
    layout = Layout({"step": step.program})
    memory = layout.memory(layout.shared_memory("float32"), 0)
    for name, value in numbers.first.items():
        if layout.knows(numbers.storage.members[name]):
            layout.view(memory, numbers.storage.members[name])[...] = value
    layout.view(memory, point)[...] = GRADIENT  # of half the sum of squares the gradient is the point itself
    bind(layout.plans["step"], memory).run()
    np.testing.assert_allclose(layout.view(memory, point), GRADIENT - np.array(right), rtol=1e-6)
