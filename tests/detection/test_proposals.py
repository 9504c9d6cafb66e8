"""Sliding windows and selective search: counted by hand, and against plain Python and scikit-image."""

from __future__ import annotations

import numpy as np
import pytest

from lab.data.sets.shape_objects import objects
from lab.data.world_of_shapes import World, draw
from lab.errors import InvalidValue
from lab.metrics.detection import intersection_over_union
from lab.tasks.detection.proposals.options import Proposals, Proposer
from lab.tasks.detection.proposals.selective_search import SelectiveSearch, SelectiveSearcher
from lab.tasks.detection.proposals.windows import Windows, count_boxes, sliding_windows
from tests.kernels.segments_cases import Region, distances, segments

SHAPE = (18, 23, 3)


def searcher(shape=SHAPE, **options):
    made = SelectiveSearcher(SelectiveSearch(**options), shape)
    made.prepare()
    return made


def spotted(seed, shape=SHAPE):
    """An image of large spots and noise, whose distances are all different."""
    random = np.random.default_rng(seed)
    coarse = random.random((-(-shape[0] // 5), -(-shape[1] // 5), 3))
    large = np.repeat(np.repeat(coarse, 5, axis=0), 5, axis=1)[: shape[0], : shape[1]]
    return np.clip(large + 0.15 * random.standard_normal(shape), 0, 1).astype(np.float32)


# Windows


def test_windows_are_all_places_of_all_shapes_once():
    windows = Windows(sizes=[4, 3], ratios=[1, 0.25])
    assert windows.shapes(9, 7) == [(4, 4), (2, 8), (3, 3), (2, 6)]
    found = sliding_windows(windows, 9, 7)
    by_hand = {
        (x, y, x + across, y + down)
        for across, down in windows.shapes(9, 7)
        for x in range(7)
        for y in range(9)
        if x + across <= 7 and y + down <= 9
    }
    assert len(found) == len(by_hand) == 4 * 6 + 6 * 2 + 5 * 7 + 6 * 4
    assert {tuple(each) for each in found.astype(int).tolist()} == by_hand


def test_coarse_to_fine_begins_with_the_coarse_ones_and_ends_with_all():
    coarse = sliding_windows(Windows(sizes=[4, 7], strides=[4]), 20, 20)
    both = sliding_windows(Windows(sizes=[4, 7], strides=[4, 2, 1]), 20, 20)
    fine = sliding_windows(Windows(sizes=[4, 7], strides=[1]), 20, 20)
    np.testing.assert_array_equal(both[: len(coarse)], coarse)
    assert len(both) == len(fine) == 17**2 + 14**2
    np.testing.assert_array_equal(np.unique(both, axis=0), np.unique(fine, axis=0))


def test_a_window_that_is_larger_than_the_image_is_left_out():
    assert Windows(sizes=[4, 40]).shapes(20, 20) == [(4, 4)]
    with pytest.raises(InvalidValue, match="no window fits into images of 20 × 20 pixels"):
        Proposer(Proposals(windows=Windows(sizes=[40])), (20, 20, 3))


def test_boxes_with_whole_corners_are_counted():
    by_hand = sum(1 for x in range(5) for right in range(x + 1, 6) for y in range(3) for low in range(y + 1, 4))
    assert count_boxes(3, 5) == by_hand
    assert count_boxes(64, 64) == 4_326_400


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"windows": {"sizes": [4], "strides": [8, 3]}}, "3 does not divide 8"),
        ({"windows": {"sizes": [0]}}, "0 is not above 0"),
        ({"selective_search": {"scales": [-1]}}, "-1 is not from 0"),
        ({"selective_search": {"similarities": ["fill", "fill"]}}, "fill is there twice"),
        ({"windows": {"sizes": [4]}, "selective_search": {}}, "both are given"),
        ({}, "none is given"),
    ],
)
def test_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Proposals.model_validate(settings)


def test_a_name_alone_is_enough():
    assert Proposals.model_validate("selective_search").selective_search == SelectiveSearch()


# Selective search


@pytest.mark.parametrize("smallest", [1, 6])
@pytest.mark.parametrize("scale", [30.0, 120.0, 500.0])
def test_segments_are_those_of_plain_python(scale, smallest):
    for seed in range(3):
        image = spotted(seed)
        found = searcher(blurs=0, smallest=smallest).grouping(image, scale).labels
        right, _ = segments(distances(image.astype(np.float64)), *SHAPE[:2], scale / 255, smallest)
        np.testing.assert_array_equal(found.ravel(), right)


@pytest.mark.parametrize("scale", [30.0, 120.0, 500.0])
def test_segments_are_those_of_scikit_image(scale):
    felzenszwalb = pytest.importorskip("skimage.segmentation").felzenszwalb
    shape = (48, 64, 3)
    made = searcher(shape, blurs=0, smallest=12)
    for seed in range(4):
        image = spotted(seed, shape)
        found = made.grouping(image, scale).labels.ravel()
        right = felzenszwalb(image.astype(np.float64), scale=scale, sigma=0, min_size=12).ravel()
        pairs = set(zip(found.tolist(), right.tolist(), strict=True))
        assert len(pairs) == found.max() + 1 == right.max() + 1  # the same parts, whatever their numbers


@pytest.mark.parametrize("similarities", [["colour"], ["size"], ["fill"], ["size", "fill"], ["colour", "size", "fill"]])
def test_each_group_is_of_the_two_neighbours_that_are_most_similar(similarities):
    weights = np.array([float(name in similarities) for name in ("colour", "size", "fill")])
    for seed in range(2):
        image = spotted(seed)
        found = searcher(blurs=0, smallest=5, similarities=similarities).grouping(image, 60.0)
        flat, image = found.labels.ravel(), image.astype(np.float64)
        left = {
            number: Region({divmod(int(pixel), SHAPE[1]) for pixel in np.flatnonzero(flat == number)}, image, 25)
            for number in range(found.segments)
        }
        assert found.segments > 5
        assert len(found.boxes) == 2 * found.segments - 1
        for group in range(found.segments, len(found.boxes)):
            first, second = found.parts[group].tolist()
            likeness = {
                (a, b): left[a].likeness(left[b], weights)
                for a in left
                for b in left
                if a < b and left[a].touches(left[b])
            }
            chosen = likeness[min(first, second), max(first, second)]
            assert chosen >= max(likeness.values()) - 1e-6  # of equal ones rounding decides
            one, other = left.pop(first), left.pop(second)
            left[group] = Region(one.pixels | other.pixels, image, 25)
            assert found.boxes[group].tolist() == left[group].box.tolist()


def test_boxes_are_around_the_regions_that_are_left_on_the_way():
    found = searcher(blurs=1).grouping(spotted(4), 100.0)
    for merges in range(found.segments):
        regions = found.after(merges)
        assert len(np.unique(regions)) == found.segments - merges
        for number in np.unique(regions):
            rows, columns = np.nonzero(regions == number)
            around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert found.boxes[number].tolist() == around


def test_a_search_has_the_boxes_of_all_scales_once_and_depends_on_the_seed_by_its_order():
    made, image = searcher(scales=[50, 200]), spotted(2)
    first, again, other = made.search(image, 1), made.search(image, 1), made.search(image, 2)
    np.testing.assert_array_equal(first, again)
    assert first.tolist() != other.tolist()
    every = np.concatenate([made.grouping(image, scale).boxes for scale in (50, 200)])
    for each in (first, other):
        assert sorted(each.tolist()) == np.unique(every, axis=0).tolist()


def test_shapes_of_one_colour_are_found():
    scenes = draw(World(size=48, noise=24), 30, 11)
    made = searcher((48, 48, 3))
    best = []
    for image, own in zip(scenes.images / 255, objects(scenes), strict=True):
        best += intersection_over_union(own[own[:, 0] >= 0][:, 1:5], made.search(image)).max(axis=1).tolist()
    assert np.mean(np.array(best) > 0.7) > 0.95


def test_one_pixel_and_an_image_without_edges():
    assert searcher((1, 1, 1)).search(np.zeros((1, 1, 1))).tolist() == [[0, 0, 1, 1]]
    assert searcher((9, 12, 3)).search(np.full((9, 12, 3), 0.3)).tolist() == [[0, 0, 12, 9]]
