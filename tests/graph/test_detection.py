"""What detectors are trained towards has no gradient; more of its numbers are tested as those of the kernels."""

from __future__ import annotations

import numpy as np

from lab.graph import evaluate
from lab.graph import functions as f

CHECKED = {"hard_negatives", "yolo_targets"}


def test_the_negatives_with_the_largest_losses_are_chosen_image_by_image():
    losses = np.array([[5.0, 1.0, 4.0, 4.0, 3.0], [1.0, 2.0, 3.0, 4.0, 5.0]])
    positive = np.array([[0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    chosen, (d_losses, d_positive, d_ratio) = evaluate(f.hard_negatives, losses, positive, [2.0], gradients=True)
    assert chosen.tolist() == [[1, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert d_losses is d_positive is d_ratio is None


def test_the_box_that_overlaps_more_is_responsible_and_its_confidence_should_be_the_overlap():
    cell = [1.0, 0.5, 0.5, 0.5, 0.5]  # class 1; a box of a quarter by a quarter of the image
    near, far = [0.5, 0.5, 0.5, np.sqrt(0.5), 0.3], [0.0, 0.0, 0.1, 0.1, 0.9]
    outputs = np.array([[*far, *near, 0.2, 0.7]] * 2)
    cells = np.array([cell, [-1.0, 0, 0, 0, 0]])
    (wanted, weights), gradients = evaluate(
        f.yolo_targets, outputs, cells, [5.0], [0.5], gradients=True, dtype="float64", boxes=2, grid=3
    )
    np.testing.assert_allclose(wanted, [[0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 0, 1], [0] * 12])
    none = [0, 0, 0, 0, 0.5]
    np.testing.assert_allclose(weights, [[*none, 5, 5, 5, 5, 1, 1, 1], [*none, *none, 0, 0]])
    assert gradients == [None] * 4
