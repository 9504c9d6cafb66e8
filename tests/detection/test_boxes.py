"""Boxes: overlap against counted pixels, suppression against its definition."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.metrics import detection
from lab.metrics.detection import (
    areas,
    centre_form,
    corner_form,
    intersection_over_union,
    non_maximum_suppression,
    paired_intersection_over_union,
)

SIZE = 12


@st.composite
def pixel_boxes(draw, most=6):
    """Some boxes with whole numbers as corners, at least one pixel large."""
    found = []
    for _ in range(draw(st.integers(0, most))):
        low = [draw(st.integers(0, SIZE - 1)) for _ in range(2)]
        found.append([*low, *(draw(st.integers(each + 1, SIZE)) for each in low)])
    return np.array(found, np.float64).reshape(-1, 4)


def pixels_of(box):
    """Bool [SIZE, SIZE]: the pixels that a box covers, row by row."""
    x_min, y_min, x_max, y_max = box.astype(int)
    covered = np.zeros((SIZE, SIZE), bool)
    covered[y_min:y_max, x_min:x_max] = True
    return covered


def test_overlaps_by_hand():
    box = [[10, 10, 20, 20]]
    others = [
        [10, 10, 20, 20],
        [15, 10, 25, 20],
        [20, 10, 30, 20],
        [12, 12, 18, 18],
        [40, 40, 50, 50],
        [10, 10, 10, 20],
    ]
    np.testing.assert_allclose(intersection_over_union(box, others)[0], [1, 50 / 150, 0, 36 / 100, 0, 0])
    assert areas([[0, 0, 1, 1], [2, 3, 5, 10], [5, 5, 4, 9]]).tolist() == [1, 21, 0]


@given(pixel_boxes(), pixel_boxes())
def test_overlap_is_shared_pixels_over_all_pixels(first, second):
    found = intersection_over_union(first, second)
    assert found.shape == (len(first), len(second))
    for row, box in enumerate(first):
        for column, other in enumerate(second):
            one, two = pixels_of(box), pixels_of(other)
            assert found[row, column] == pytest.approx((one & two).sum() / (one | two).sum())
    common = min(len(first), len(second))
    np.testing.assert_array_equal(
        paired_intersection_over_union(first[:common], second[:common]), found.diagonal()[:common]
    )


@given(pixel_boxes())
def test_both_ways_to_write_a_box_say_the_same(boxes):
    np.testing.assert_array_equal(corner_form(centre_form(boxes)), boxes)
    assert centre_form([[2, 4, 6, 5]]).tolist() == [[4, 4.5, 4, 1]]


def test_the_example_of_the_package_is_true():
    found = doctest.testmod(detection)
    assert found.attempted > 3
    assert not found.failed


def test_what_is_no_box_is_refused():
    with pytest.raises(ValueError, match="x_min, y_min, x_max, y_max"):
        areas([[1, 2, 3]])


def suppressed_by_definition(boxes, scores, threshold):
    """The kept boxes: a box is kept if no better one that is kept overlaps it by more than the threshold."""
    kept = []
    for number in sorted(range(len(boxes)), key=lambda each: (-scores[each], each)):
        if all(intersection_over_union(boxes[[number]], boxes[[each]])[0, 0] <= threshold for each in kept):
            kept.append(number)
    return kept


@given(pixel_boxes(most=8), st.data(), st.sampled_from([0.0, 1 / 3, 0.5, 0.7, 1.0]))
def test_suppression_is_its_definition(boxes, data, threshold):
    scores = np.array([data.draw(st.sampled_from([0.2, 0.5, 0.9])) for _ in boxes])
    found = non_maximum_suppression(boxes, scores, threshold)
    assert found.kept.tolist() == suppressed_by_definition(boxes, scores, threshold)
    for number in range(len(boxes)):
        by = found.by[number]
        assert (by == -1) == (number in found.kept)
        if by >= 0:
            assert by in found.kept
            assert found.overlap[number] == intersection_over_union(boxes[[number]], boxes[[by]])[0, 0] > threshold


def test_identical_boxes_leave_one_and_a_box_just_at_the_threshold_stays():
    twins = [[0, 0, 10, 10], [0, 0, 10, 10]]
    assert non_maximum_suppression(twins, [0.5, 0.5], 0.5).kept.tolist() == [0]
    assert non_maximum_suppression(twins, [0.5, 0.6], 0.5).by.tolist() == [1, -1]
    half = [[0, 0, 10, 10], [0, 0, 10, 5]]
    assert intersection_over_union(half, half)[0, 1] == 0.5
    assert non_maximum_suppression(half, [0.9, 0.8], 0.5).kept.tolist() == [0, 1]
    assert non_maximum_suppression(half, [0.9, 0.8], 0.49).kept.tolist() == [0]
    assert non_maximum_suppression(twins, [0.9, 0.8], 0.5, classes=[1, 2]).kept.tolist() == [0, 1]
    assert non_maximum_suppression([], [], 0.5).kept.tolist() == []


def test_iou_of_many_boxes_is_that_of_each_pair() -> None:
    random = np.random.default_rng(0)
    ends = np.sort(random.uniform(0, 20, (60, 2, 2)), axis=1)
    boxes = ends.reshape(60, 4)
    boxes[::7, 2] = boxes[::7, 0]  # without area
    boxes[5], boxes[6] = [0, 0, 4, 4], [4, 0, 8, 4]  # that only touch
    found = intersection_over_union(boxes[:25], boxes[25:])
    for number, one in enumerate(boxes[:25]):
        for other_number, other in enumerate(boxes[25:]):
            wide = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
            high = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
            both = wide * high
            union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - both
            assert found[number, other_number] == pytest.approx(both / union if union > 0 else 0.0)
    assert intersection_over_union(boxes[5:6], boxes[6:7]) == 0
    assert intersection_over_union(boxes, np.empty((0, 4))).shape == (60, 0)
