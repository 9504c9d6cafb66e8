"""Regions of images at one size, against a loop over points and finite differences; regions that are proposed."""

from __future__ import annotations

from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.graph import differentiate, evaluate
from lab.graph import functions as f
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Tensor

from .checking import check

CHECKED = {"best_regions", "region_align", "region_targets"}
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.standard_normal((2, 5, 6, 3))
BOXES = np.array(
    [
        [[1, 1, 4, 4], [0.3, 0.7, 5.2, 2.9], [-4, 2, 3, 9]],
        [[0, 0, 6, 5], [8, 8, 9, 9.5], [3, 3, 3, 3]],
    ]
)  # fmt: skip


def point_by_point(x: np.ndarray, boxes: np.ndarray, size: tuple[int, int], scale: float, samples: int) -> np.ndarray:
    """As the paper says it: four pixels for each point, points averaged in each bin."""
    batch, height, width, channels = x.shape
    result = np.zeros((batch, boxes.shape[1], *size, channels))

    def look(image: np.ndarray, row: float, column: float) -> np.ndarray:
        if not (-1 <= row <= height and -1 <= column <= width):
            return np.zeros(channels)
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
        value = np.zeros(channels)
        for h in {floor(row), min(floor(row) + 1, height - 1)}:
            for w in {floor(column), min(floor(column) + 1, width - 1)}:
                value += (1 - abs(row - h)) * (1 - abs(column - w)) * image[h, w]
        return value

    for b, r, i, j in np.ndindex(result.shape[:4]):
        x_min, y_min, x_max, y_max = boxes[b, r] * scale
        tall, wide = (y_max - y_min) / size[0], (x_max - x_min) / size[1]
        for k, m in np.ndindex(samples, samples):
            row, column = y_min + (i + (k + 0.5) / samples) * tall, x_min + (j + (m + 0.5) / samples) * wide
            result[b, r, i, j] += look(x[b], row - 0.5, column - 0.5) / samples**2
    return result.reshape(-1, *size, channels)


def test_operation():
    options: dict[str, Any] = {"size": (2, 3), "scale": 0.8, "samples": 2}
    check(f.region_align, IMAGES, BOXES, wrt=[0], equals=point_by_point(IMAGES, BOXES, **options), **options)


def test_its_gradient_has_a_gradient():
    """Squares of the gradient: what goes back through the gradient is the operation again."""

    def energy(x: Tensor, boxes: Tensor) -> Tensor:
        (gradient,) = differentiate(f.sum_squares(f.region_align(x, boxes, (2, 2))), [x])
        assert gradient is not None
        return f.sum_squares(gradient)

    x = IMAGES[:, :3, :3, :1]
    made = np.stack([
        point_by_point(pixel.reshape(x.shape), BOXES, (2, 2), 1, 2).ravel() for pixel in np.eye(x.size)
    ])  # fmt: skip
    check(energy, x, BOXES, wrt=[0], equals=((2 * made @ made.T @ x.ravel()) ** 2).sum(), tolerance=1e-5)


@st.composite
def regions(draw: st.DrawFn) -> dict[str, Any]:
    batch, count, height, width = (draw(st.integers(1, most)) for most in (3, 4, 9, 9))
    side = st.floats(-20, 30, allow_nan=False, width=32)
    boxes = draw(st.lists(st.tuples(side, side, side, side), min_size=batch * count, max_size=batch * count))
    return {
        "x": np.random.default_rng(draw(st.integers(0, 9))).standard_normal((batch, height, width, 2)),
        "boxes": np.reshape(boxes, (batch, count, 4)),
        "size": (draw(st.integers(1, 8)), draw(st.integers(1, 8))),
        "samples": draw(st.integers(1, 3)),
        "scale": draw(st.sampled_from([1.0, 0.5, 0.25])),
    }


@given(regions())
@settings(max_examples=40, deadline=None)
def test_whatever_the_sizes_and_wherever_the_boxes(drawn: dict[str, Any]) -> None:
    x, boxes = drawn.pop("x"), drawn.pop("boxes")
    found = evaluate(lambda a, b: f.region_align(a, b, **drawn), x, boxes, dtype="float64")
    right = point_by_point(x, boxes, drawn["size"], drawn["scale"], drawn["samples"])
    # A point that is just where an image ends may be seen by one and not by the other: such are left out.
    close = np.isclose(found, right, rtol=1e-9, atol=1e-9).all(axis=(1, 2, 3))
    assert (close | _on_the_edge(boxes.reshape(-1, 4), x.shape[1:3], **drawn)).all()


def _on_the_edge(boxes: np.ndarray, extents: Any, size: Any, samples: int, scale: float) -> np.ndarray:
    """Bool [n]: which boxes have a point within rounding of one pixel beyond the outermost numbers."""
    at = np.zeros(len(boxes), bool)
    for axis, (bins, extent) in enumerate(zip(size, extents, strict=True)):
        low, high = (boxes[:, 1 - axis + 2 * end, None] * scale for end in (0, 1))
        places = low + (high - low) * (np.arange(bins * samples) + 0.5) / (bins * samples) - 0.5
        at |= (np.minimum(abs(places + 1), abs(places - extent)) < 1e-9).any(axis=1)
    return at


def test_a_box_of_whole_pixels_is_a_piece_of_the_image():
    """As many bins as pixels and one point in each: the points are the pixels."""
    found = evaluate(
        lambda a, b: f.region_align(a, b, (3, 2), samples=1), IMAGES[:1], [[[1, 2, 3, 5]]], dtype="float64"
    )
    np.testing.assert_allclose(found[0], IMAGES[0, 2:5, 1:3], rtol=1e-12)


def test_a_region_is_read_off_a_plane_exactly():
    """Of an image that rises evenly a bin is what the image is in its middle: nothing is rounded to a pixel."""
    rows, columns = np.mgrid[:16, :16] + 0.5
    x = (3 * rows - 2 * columns)[None, :, :, None]
    x_min, y_min, x_max, y_max = box = [3.21, 4.05, 11.37, 12.9]
    found = evaluate(lambda a, b: f.region_align(a, b, (7, 7)), x, [[box]], dtype="float64")[0, :, :, 0]
    middle = (np.arange(7) + 0.5) / 7
    right = 3 * (y_min + (y_max - y_min) * middle)[:, None] - 2 * (x_min + (x_max - x_min) * middle)
    np.testing.assert_allclose(found, right, rtol=1e-12)


@pytest.mark.parametrize("target", ["cpu", "python"])
def test_a_box_that_is_no_number_sees_nothing(target):
    boxes = [[[np.nan, 1, 3, 3], [np.inf, -np.inf, np.inf, np.inf], [-1e30, -1e30, 1e30, 1e30], [1, 1, 3, 3]]]
    weights = np.ones((4, 2, 2, 3))
    found, (gradient, _) = evaluate(
        lambda a, b: f.region_align(a, b, (2, 2)), IMAGES[:1], boxes, gradients=weights, target=target
    )
    assert not found[:3].any()
    assert found[3].any()
    assert np.isfinite(gradient).all()


def test_shapes_that_do_not_fit_are_told():
    with pytest.raises(ShapeError, match=r"boxes \[batch, regions, 4\], not \[2, 5, 6, 3\] and \[3, 3, 4\]"):
        f.region_align(Tensor((2, 5, 6, 3)), Tensor((3, 3, 4)), (2, 2))
    with pytest.raises(ShapeError, match="a region of 0×2 bins, 2×2 points each, is empty"):
        f.region_align(Tensor((2, 5, 6, 3)), Tensor((2, 3, 4)), (0, 2))


def test_boxes_that_overlap_less_are_proposed_best_first():
    anchors = np.array([[0, 0, 0.4, 0.4], [0.05, 0, 0.45, 0.4], [0.5, 0.5, 1, 1], [0.5, 0, 1, 0.5]])
    numbers = np.zeros((1, 4, 5))
    numbers[0, :, 0] = [2, 3, -1, np.nan]
    numbers[0, 2, 1:] = [0.2, 0, 0, np.log(0.5)]
    found = evaluate(lambda a, b, c: f.best_regions(a, b, c, 3), numbers, anchors, [0.7], dtype="float64")
    # The first is left out for the second; the third is moved to the right, where the image ends, and half as high.
    np.testing.assert_allclose(found, [[[0.05, 0, 0.45, 0.4], [0.6, 0.625, 1, 0.875], [0, 0, 0, 0]]])


def test_a_region_learns_the_object_it_overlaps_most():
    objects = [[[0, 0, 0, 0, 0], [3, 0.1, 0.1, 0.5, 0.5], [1, 0.6, 0.1, 1, 0.5]]]
    regions = [[[0.1, 0.1, 0.5, 0.3], [0, 0, 0, 0], [0.6, 0.1, 1, 0.5], [0.5, 0.6, 0.9, 1]]]
    found = evaluate(f.region_targets, regions, objects, [0.4], [0.25], dtype="float64")[0]
    np.testing.assert_allclose(
        found, [[3, 0, 0.5, 0, np.log(2), 1], [0] * 5 + [3], [1, 0, 0, 0, 0, 1], [0] * 5 + [3]], atol=1e-12
    )


def test_no_gradient_goes_through_proposed_boxes():
    numbers = Tensor((2, 4, 5))
    regions = f.best_regions(numbers, Tensor((4, 4)), Tensor((1,)), 3)
    assert differentiate(f.sum_squares(regions), [numbers]) == [None]
