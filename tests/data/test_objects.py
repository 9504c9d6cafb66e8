"""Images with objects: boxes, key points and classes agree with the pixels; tables of boxes are read or refused."""

from __future__ import annotations

import numpy as np
import pytest

import lab.data
from lab.data.sets.stick_figures import JOINTS
from lab.data.world_of_shapes import KINDS
from lab.errors import BadInput, InvalidValue

PIL = pytest.importorskip("PIL.Image")


def load(**options):
    return lab.data.load({"name": "shape-objects", "points": 40, **options}, 3).train


def test_boxes_of_shapes_end_where_their_pixels_do():
    data = load(shapes=1, noise=0)
    assert data.kind == "objects"
    assert data.targets.shape == (40, 1, 15)
    assert data.key_points == 5
    assert data.classes == KINDS
    for image, (_, x_min, y_min, x_max, y_max, *_) in zip(data.numbers, data.targets[:, 0], strict=True):
        lit = (image != image[0, 0]).any(axis=2)
        rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
        assert [x_min, y_min, x_max, y_max] == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def test_key_points_of_shapes_are_x_and_y_and_lie_in_the_box():
    data = load(shapes=1, noise=0, kinds=2)  # circles and squares: the centre is the middle of the box
    box, points = data.targets[:, 0, 1:5], data.targets[:, 0, 5:].reshape(-1, 5, 2)
    np.testing.assert_allclose(points[:, 0], (box[:, :2] + box[:, 2:]) / 2, atol=1)
    assert (points >= box[:, None, :2] - 1).all()
    assert (points <= box[:, None, 2:] + 1).all()
    assert (points[:, 1, 1] < points[:, 3, 1]).all()  # top above bottom: y points down


def test_places_without_a_shape_have_class_minus_one():
    data = load(shapes=3, points=200)
    here = data.targets[..., 0] >= 0
    assert data.targets.shape == (200, 3, 15)
    assert set(here.sum(axis=1)) == {1, 2, 3}
    assert (data.targets[~here][:, 1:] == 0).all()
    assert np.isfinite(data.targets).all()


def test_joints_lie_on_lit_pixels_and_in_the_box():
    data = lab.data.load({"name": "stick-figures", "points": 60, "noise": 0}, 1).train
    assert data.key_points == len(JOINTS) == 14
    assert data.image_shape == (40, 40, 1)
    box, points = data.targets[:, 0, 1:5], data.targets[:, 0, 5:].reshape(-1, 14, 2)
    assert (points > box[:, None, :2]).all()
    assert (points < box[:, None, 2:]).all()
    assert box.min() >= 0
    assert box.max() <= 40
    for image, own in zip(data.numbers[..., 0], points, strict=True):
        columns, rows = np.floor(own).astype(int).T
        assert (image[rows, columns] > image[0, 0] + 0.1).all()
        lit = image > image.min() + 0.02
        assert lit.mean() < 0.4


def test_figures_face_the_viewer_and_have_bones_of_one_length():
    data = lab.data.load({"name": "stick-figures", "points": 60}, 2).train
    points = data.targets[:, 0, 5:].reshape(-1, 14, 2)
    place = {name: number for number, name in enumerate(JOINTS)}
    right, left = points[:, place["right shoulder"]], points[:, place["left shoulder"]]
    assert (right[:, 0] < left[:, 0]).all()
    arms = [
        np.linalg.norm(points[:, place[f"{side} elbow"]] - points[:, place[f"{side} wrist"]], axis=1)
        for side in ("left", "right")
    ]
    np.testing.assert_allclose(arms[0], arms[1], rtol=1e-4)


@pytest.mark.parametrize("name", ["shape-objects", "stick-figures"])
def test_a_seed_always_gives_the_same_pictures_and_another_one_others(name):
    one, same, other = (lab.data.load({"name": name, "points": 12, "seed": seed}, 0).train for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.numbers, same.numbers)
    np.testing.assert_array_equal(one.targets, same.targets)
    assert not np.array_equal(one.targets, other.targets)


def test_parts_keep_images_and_objects_together():
    whole = load(points=20)
    parts = lab.data.load({"name": "shape-objects", "points": 20, "validation": 0.25}, 3)
    for part in (parts.train, parts.validation):
        np.testing.assert_array_equal(part.targets, whole.targets[part.places])
        np.testing.assert_array_equal(part.numbers, whole.numbers[part.places])


def folder_with(tmp_path, table, sizes=((20, 10), (40, 30))):
    for number, (width, height) in enumerate(sizes):
        PIL.fromarray(np.full((height, width, 3), 40 * number, np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "boxes.csv").write_text(table)
    return tmp_path


HEAD = "image,x_min,y_min,x_max,y_max,class\n"


def read(folder, **options):
    return lab.data.load({"boxes": "boxes.csv", **options}, 0, folder)


def test_a_table_of_boxes(tmp_path):
    table = HEAD + "1.png,0,15,20,30,dog\n0.png,10,0,20,5,cat\n1.png,4,3,40,30,cat\n"
    data = read(folder_with(tmp_path, table), size=20).train
    assert data.classes == ("cat", "dog")
    assert data.numbers.shape == (2, 20, 20, 3)
    first = [[1, 0, 10, 10, 20], [0, 2, 2, 20, 20]]  # half as wide, two thirds as high
    np.testing.assert_allclose(data.targets, [first, [[0, 10, 0, 20, 10], [-1, 0, 0, 0, 0]]])
    assert data.story == ("3 boxes in 2 images; classes: cat, dog.",)


def test_a_table_without_classes_has_one(tmp_path):
    table = "image,x_min,y_min,x_max,y_max\n0.png,1,2,3,4\n"
    data = read(folder_with(tmp_path, table)).train
    assert data.classes == ("object",)
    np.testing.assert_array_equal(data.targets, [[[0, 1, 2, 3, 4]]])
    assert data.image_shape == (10, 20, 3)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("image,left\n0.png,1\n", "has no column x_min, y_min, x_max, y_max"),
        (HEAD, "has no line with a box"),
        (HEAD + "0.png,1,2,x,4,cat\n", "line 2: 'x' in the column x_max is no number"),
        (HEAD + "0.png,1,2,,4,cat\n", "line 2: there is nothing in the column x_max"),
        (HEAD + "0.png,1,2,3,4,cat\n0.png,5,5,3,8,cat\n", "line 3: the box .* ends before it begins"),
        (HEAD + "0.png,1,2,21,4,cat\n", "is not inside of 0.png, which is 20 wide and 10 high"),
        (HEAD + "7.png,1,2,3,4,cat\n", "7.png cannot be read: No such file"),
        (HEAD + "0.png,1,2,3,4,cat\n1.png,1,2,3,4,cat\n", "`size: .10, 20.` brings all images to one size"),
    ],
)
def test_tables_that_cannot_be_read_are_refused(tmp_path, table, message):
    with pytest.raises((InvalidValue, BadInput), match=message):
        read(folder_with(tmp_path, table))
