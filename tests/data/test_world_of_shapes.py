"""The world of shapes: everything that is said of a picture is true of its pixels."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from lab.data.world_of_shapes import (
    ANSWERS,
    COLOURS,
    KINDS,
    MOST_SHAPES,
    SIZES,
    World,
    captions,
    draw,
    questions,
)
from lab.data.world_of_shapes.drawing import GAP
from lab.errors import BadInput

SCENES = draw(World(), 1500, seed=3)


def test_the_same_seed_gives_the_same_pictures_and_another_one_others():
    first, second, other = draw(World(), 20, 5), draw(World(), 20, 5), draw(World(), 20, 6)
    for name, array in vars(first).items():
        assert np.array_equal(array, getattr(second, name)), name
    assert not np.array_equal(first.images, other.images)


def test_known_pixels():
    """A release that changes these changes everybody's pictures."""
    assert draw(World(), 3, 0).images.sum(axis=(1, 2, 3)).tolist() == [165355, 221363, 167414]


def test_boxes_masks_and_classes_agree_pixel_by_pixel():
    masks = SCENES.masks()
    assert np.array_equal(masks.any(axis=(2, 3)), SCENES.present)
    for scene, place in np.argwhere(SCENES.present):
        rows, columns = np.nonzero(masks[scene, place])
        box = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        assert SCENES.boxes[scene, place].tolist() == box
    assert np.array_equal(SCENES.classes() == 0, SCENES.owner < 0)
    scene = int(np.argmax(SCENES.count == 2))
    assert set(np.unique(SCENES.classes()[scene])) == {0, *(SCENES.kind[scene, :2] + 1)}


def test_shapes_neither_touch_nor_leave_the_picture():
    masks = np.pad(SCENES.masks(), ((0, 0), (0, 0), (1, 1), (1, 1)))
    size = SCENES.size
    assert not SCENES.owner[:, [0, -1]].max() >= 0
    assert not SCENES.owner[:, :, [0, -1]].max() >= 0
    for place in range(MOST_SHAPES):
        near = np.zeros(SCENES.owner.shape, bool)
        for down in range(3):
            for along in range(3):
                near |= masks[:, place, down : down + size, along : along + size]
        assert not (near & (SCENES.owner >= 0) & (SCENES.owner != place)).any()


def test_shapes_of_a_world_that_overlaps_stand_in_pairs():
    world = World(size=48, overlapping=0.8, tilt=20)
    scenes, apart = draw(world, 500, seed=3), draw(replace(world, overlapping=0.0), 500, seed=3)
    assert np.array_equal(scenes.kind, apart.kind)
    assert np.array_equal(scenes.colour, apart.colour)
    reach, gap = scenes.radius, GAP * 48 / 32
    near = []
    for scene in range(len(scenes)):
        for place in range(1, scenes.count[scene]):
            distance = np.linalg.norm(scenes.centre[scene, :place] - scenes.centre[scene, place], axis=1)
            needed = reach[scene, :place] + reach[scene, place] + gap
            if place % 2:
                near.append(distance[-1] / needed[-1])
            assert (distance >= needed * (1 - 0.8 * ((place % 2 == 1) & (np.arange(place) == place - 1))) - 1e-9).all()
    assert 0.2 <= min(near) < 0.25
    assert 0.95 < max(near) <= 1
    here = scenes.present
    inside = (scenes.centre >= reach[..., None] + gap) & (scenes.centre <= 48 - reach[..., None] - gap)
    assert inside[here].all()
    assert not scenes.owner[:, [0, -1]].max() >= 0
    # A box is that of the whole shape, of which something may be hidden; what lies in front is whole.
    masks = scenes.masks()
    hidden = 0
    for scene, place in np.argwhere(here):
        rows, columns = np.nonzero(masks[scene, place])
        seen = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1] if len(rows) else [99, 99, 0, 0]
        box = scenes.boxes[scene, place]
        assert (box[:2] <= seen[:2]).all()
        assert (box[2:] >= seen[2:]).all()
        if place % 2:
            assert box.tolist() == seen
        hidden += box.tolist() != seen
    assert hidden > 50


def test_a_shape_has_the_colour_that_is_told():
    names = {"red": [0], "green": [1], "blue": [2], "yellow": [0, 1], "purple": [0, 2], "white": [0, 1, 2]}
    for scene, place in np.argwhere(SCENES.present)[:600]:
        mean = SCENES.images[scene][SCENES.owner[scene] == place].mean(axis=0)
        bright = np.flatnonzero(mean > 0.62 * mean.max()).tolist()
        assert bright == names[COLOURS[SCENES.colour[scene, place]]]


def test_no_picture_of_one_kind_is_one_of_another():
    looks = defaultdict(set)
    masks = SCENES.masks()
    for scene, place in np.argwhere(SCENES.present):
        top, left, bottom, right = SCENES.boxes[scene, place]
        pixels = masks[scene, place, top:bottom, left:right]
        looks[pixels.shape, pixels.tobytes()].add(int(SCENES.kind[scene, place]))
    assert len(looks) > 300
    assert all(len(kinds) == 1 for kinds in looks.values())


def test_the_larger_size_has_more_pixels_for_every_kind():
    pixels = SCENES.masks().sum(axis=(2, 3))
    for kind in range(len(KINDS)):
        small, large = (pixels[(SCENES.kind == kind) & (SCENES.large == size)] for size in (0, 1))
        assert small.max() < large.min()


@pytest.mark.parametrize("tilt", [0, 60])
def test_key_points_lie_on_the_outline(tilt):
    scenes = draw(World(tilt=tilt, size=64), 200, seed=1)
    points = scenes.key_points()
    assert np.array_equal(np.isnan(points).all(axis=(2, 3)), ~scenes.present)
    for scene, place in np.argwhere(scenes.present):
        mask = scenes.owner[scene] == place
        centre = points[scene, place, 0]
        for point in points[scene, place, 1:]:
            towards = (centre - point) / np.linalg.norm(centre - point)
            inside, outside = (point + 1.8 * towards).astype(int), (point - 1.5 * towards).astype(int)
            assert mask[tuple(inside)]
            assert not mask[tuple(outside)]


def test_what_is_in_a_picture_is_equally_likely():
    scenes = draw(World(), 4000, seed=9)
    for counts in (
        np.bincount(scenes.count)[1:],
        np.bincount(scenes.kind[scenes.present]),
        np.bincount(scenes.colour[scenes.present]),
        np.bincount(scenes.large[scenes.present]),
    ):
        assert counts.max() < 1.12 * counts.min()
    table = np.zeros((len(KINDS), len(COLOURS)))
    np.add.at(table, (scenes.kind[scenes.present], scenes.colour[scenes.present]), 1)
    assert table.max() < 1.35 * table.min()


def described(caption):
    """The shapes of a caption, and the words between them."""
    words = caption.split()
    joints = [index for index, word in enumerate(words) if word == "a"]
    shapes = [tuple(words[index + 1 : index + 4]) for index in joints]
    between = [" ".join(words[first + 4 : second]) for first, second in pairwise(joints)]
    return shapes, between


def test_captions_are_true_and_name_every_shape():
    for scene, caption in enumerate(captions(SCENES)):
        shapes, between = described(caption)
        places = []
        for size, colour, kind in shapes:
            found = (SIZES.index(size), COLOURS.index(colour), KINDS.index(kind))
            there = np.stack([SCENES.large[scene], SCENES.colour[scene], SCENES.kind[scene]], axis=1)
            matching = [place for place in np.flatnonzero((there == found).all(axis=1)) if place not in places]
            places.append(min(matching, key=lambda place: SCENES.centre[scene, place, 1]))
        assert len(places) == SCENES.count[scene]
        rows, columns = SCENES.centre[scene, places].T
        if len(places) > 2:
            assert set(between) == {"then"}
            assert (np.diff(columns) >= 0).all()
        elif len(places) == 2:
            assert between[0] in ("above", "left of")
            assert (np.diff(rows) > 0 if between == ["above"] else np.diff(columns) > 0) or len(set(shapes)) == 1


def test_questions_have_the_right_answers():
    asked = questions(SCENES, 2, seed=4)
    assert [each.scene for each in asked] == list(np.repeat(np.arange(len(SCENES)), 2))
    assert questions(SCENES, 2, seed=4) == asked
    assert {each.about for each in asked} == {"count", "colour", "kind", "size", "there", "place"}
    assert {each.answer for each in asked} <= set(ANSWERS)
    for scene, text, answer, about in asked:
        here = slice(0, SCENES.count[scene])
        kinds = [KINDS[kind] for kind in SCENES.kind[scene, here]]
        colours = [COLOURS[colour] for colour in SCENES.colour[scene, here]]
        sizes = [SIZES[size] for size in SCENES.large[scene, here]]
        words = text.split()
        if about == "count":
            word = words[2]
            wanted = {
                "shapes": len(kinds),
                **Counter(f"{kind}es" if kind == "cross" else f"{kind}s" for kind in kinds),
                **Counter(colours),
            }.get(word, 0)
            assert answer == ("zero", "one", "two", "three", "four")[wanted]
        elif about == "colour":
            assert kinds.count(words[-1]) == 1
            assert answer == colours[kinds.index(words[-1])]
        elif about == "kind":
            assert colours.count(words[3]) == 1
            assert answer == kinds[colours.index(words[3])]
        elif about == "size":
            assert answer == sizes[kinds.index(words[-1])]
        elif about == "there":
            assert (answer == "yes") == ((words[-2], words[-1]) in zip(colours, kinds, strict=True))
        else:
            axis = 0 if "above" in words else 1
            one, other = (SCENES.centre[scene, kinds.index(word), axis] for word in (words[2], words[-1]))
            assert (answer == "yes") == (one < other)
    yes = [each.answer for each in asked if each.answer in ("yes", "no")]
    assert 0.45 < yes.count("yes") / len(yes) < 0.55


def test_larger_pictures_hold_the_same_world():
    scenes = draw(World(size=64, smallest=2, largest=3, noise=0), 30, seed=2)
    assert scenes.images.shape == (30, 64, 64, 3)
    assert set(scenes.count) == {2, 3}
    assert scenes.radius[scenes.large == 1].min() >= 9
    # Without noise a shape has one colour.
    assert len(np.unique(scenes.images[0][scenes.owner[0] == 0], axis=0)) == 1
    few = scenes.rows(np.array([4, 2]))
    assert np.array_equal(few.images, scenes.images[[4, 2]])
    assert captions(few) == [captions(scenes)[4], captions(scenes)[2]]


@pytest.mark.parametrize("options", [{"size": 8}, {"smallest": 3, "largest": 2}, {"largest": 5}, {"kinds": 6}])
def test_worlds_that_cannot_be_are_refused(options):
    with pytest.raises(BadInput, match="must be from"):
        World(**options)


def test_halves_have_two_colours_and_change_nothing_else():
    plain, halves = draw(World(noise=0), 200, 5), draw(World(noise=0, halves=True), 200, 5)
    for name, array in vars(plain).items():
        assert name == "images" or np.array_equal(array, getattr(halves, name)), name
    for scene, place in np.argwhere(halves.present):
        rows, columns = np.nonzero(halves.owner[scene] == place)
        right = columns + 0.5 > halves.centre[scene, place, 1]
        left_one, right_one = (
            np.unique(halves.images[scene, rows[part], columns[part]], axis=0) for part in (~right, right)
        )
        assert len(left_one) == len(right_one) == 1
        assert np.abs(left_one.astype(int) - right_one).max() > 60
