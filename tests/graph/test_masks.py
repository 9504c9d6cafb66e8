"""What is learned of the masks of objects in regions, on values that are known, and that none of it has a gradient."""

from __future__ import annotations

import numpy as np

from lab.graph import evaluate
from lab.graph import functions as f

CHECKED = {"mask_targets", "moved_regions", "rounded_boxes"}


def test_regions_are_moved_by_shares_of_their_size_and_stretched():
    regions = np.array([[[0.2, 0.2, 0.4, 0.6], [0.0, 0.0, 1.0, 0.5]]])
    offsets = np.array([[[5.0, 0.0, 10 * np.log(2), 0.0], [0.0, 0.0, 0.0, 0.0]]])
    moved, gradients = evaluate(
        f.moved_regions, regions, offsets, [0.1, 0.1, 0.1, 0.2], gradients=True, dtype="float64"
    )
    np.testing.assert_allclose(moved[0, 0], [0.2, 0.2, 0.6, 0.6], atol=1e-12)  # the middle 0.3 to 0.4, twice as wide
    np.testing.assert_allclose(moved[0, 1], regions[0, 1], atol=1e-12)
    assert not any(np.any(each) for each in gradients)


def test_sides_are_rounded_and_a_box_keeps_a_cell():
    boxes = np.array([[0.4, 1.6, 2.5, 3.2], [1.1, 1.2, 1.3, 1.4]])
    rounded, gradients = evaluate(f.rounded_boxes, boxes, gradients=True, dtype="float64")
    np.testing.assert_array_equal(rounded, [[0, 2, 3, 3], [1, 1, 2, 2]])
    assert not np.any(gradients[0])


def test_a_box_learns_the_part_of_it_that_its_object_covers():
    owners = np.full((1, 8, 8), -1.0)
    owners[0, :, :4] = 0  # the object is the left half of the image
    objects = np.array([[[3.0, 0.0, 0.0, 0.5, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0]]])
    boxes = np.array([[[0.0, 0.0, 0.5, 1.0], [0.0, 0.0, 1.0, 1.0], [0.75, 0.0, 1.0, 0.25]]])

    def parts(which):
        return lambda *operands: f.mask_targets(*operands, (2, 4))[which]

    wanted, gradients = evaluate(parts(0), boxes, objects, owners, [0.5], gradients=True, dtype="float64")
    labels = evaluate(parts(1), boxes, objects, owners, [0.5], dtype="float64")
    np.testing.assert_array_equal(labels, [[3, 3, 0]])
    np.testing.assert_array_equal(wanted[0, 0], [[1, 1, 1, 1]] * 2)
    np.testing.assert_array_equal(wanted[0, 1], [[1, 1, 0, 0]] * 2)
    assert not wanted[0, 2].any()  # what is of no object learns no mask
    assert not any(np.any(each) for each in gradients)
