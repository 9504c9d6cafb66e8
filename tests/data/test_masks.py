"""`{images: folder, masks: folder}`: each image finds its mask, each pixel its class, or a sentence says why not."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import lab.data
from lab.data.recipe_json import recipe_from_json, recipe_to_json
from lab.errors import InvalidValue

BLOCK = {"images": "photos", "masks": "masks"}
LEVELS = np.array([0, 7, 200], np.uint8)


def make(folder, count=4, size=(6, 5), end="", levels=LEVELS, where=("photos", "masks"), inside=""):
    """Random images and masks in a folder; returns the class of each pixel, [count, *size]."""
    random = np.random.default_rng(3)
    classes = random.integers(0, len(levels), (count, *size))
    classes[0].flat[: len(levels)] = range(len(levels))
    for name in where:
        (folder / name / inside).mkdir(parents=True, exist_ok=True)
    for number, each in enumerate(classes):
        pixels = random.integers(0, 256, (*size, 3), np.uint8)
        Image.fromarray(pixels).save(folder / where[0] / inside / f"{number}.jpg")
        Image.fromarray(levels[each]).save(folder / where[1] / inside / f"{number}{end}.png")
    return classes


def load(folder, **more):
    return lab.data.load(BLOCK | more, 0, folder)


@pytest.mark.parametrize("end", ["", "_mask", "-mask", "_seg"])
def test_each_level_is_a_class_and_each_image_has_its_mask(tmp_path, end):
    classes = make(tmp_path, end=end)
    train = load(tmp_path).train
    assert train.classes == ("0", "7", "200")
    assert np.array_equal(train.targets, classes)
    assert train.files.tolist() == [f"{each}.jpg" for each in range(4)]
    told = ", ".join(f"{100 * (classes == each).mean():.3g} % {level}" for each, level in enumerate(LEVELS))
    assert lab.data.story(BLOCK, tmp_path) == (f"4 images of 6 × 5 × 3 with masks; of the pixels {told}.",)
    assert load(tmp_path, names=["sky", "road", "car"]).train.classes == ("sky", "road", "car")


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA", "1", "I;16"])
def test_palettes_colours_and_bits_are_classes_too(tmp_path, mode):
    classes = make(tmp_path)
    if mode == "1":
        classes = np.minimum(classes, 1)
    colours = np.array([[0, 0, 0], [0, 0, 255], [255, 0, 0]], np.uint8)
    for number, each in enumerate(classes):
        if mode == "P":
            mask = Image.fromarray(each.astype(np.uint8), mode="P")
            mask.putpalette([255, 0, 0, 0, 0, 255, 0, 0, 0])  # the place counts, not the colour that it has
        elif mode == "I;16":
            mask = Image.fromarray((each * 1000).astype(np.uint16))
        else:
            mask = Image.fromarray(colours[each] if mode.startswith("RGB") else each.astype(bool))
            mask = mask.convert(mode)
        mask.save(tmp_path / "masks" / f"{number}.png")
    train = load(tmp_path).train
    assert np.array_equal(train.targets, classes)
    names = {"P": ("0", "1", "2"), "1": ("0", "1"), "I;16": ("0", "1000", "2000")}
    assert train.classes == names.get(mode, ("#000000", "#0000ff", "#ff0000"))


@settings(max_examples=20, deadline=None)
@given(st.tuples(st.integers(4, 12), st.integers(4, 12)), st.tuples(st.integers(3, 12), st.integers(3, 12)))
def test_another_size_takes_the_nearest_pixel_and_makes_no_new_class(tmp_path_factory, size, wanted):
    folder = tmp_path_factory.mktemp("masks")
    classes = make(folder, size=size, count=3)
    train = load(folder, size=list(wanted)).train
    assert train.targets.shape == (3, *wanted)
    assert {int(each) for each in train.classes} <= set(LEVELS.tolist())
    rows, columns = ((np.arange(n) + 0.5) * m / n for n, m in zip(wanted, size, strict=True))
    on_edge = [np.isclose(each, np.rint(each)) for each in (rows, columns)]  # between two pixels either will do
    near = classes[:, rows.astype(int)[:, None], columns.astype(int)[None]]
    sure = ~(on_edge[0][:, None] | on_edge[1][None])
    levels = np.array([int(each) for each in train.classes])[train.targets]
    assert np.array_equal(levels[:, sure], LEVELS[near][:, sure])


def test_masks_may_lie_beside_their_images(tmp_path):
    classes = make(tmp_path, where=("all", "all"), end="_mask")
    train = lab.data.load({"images": "all", "masks": "all"}, 0, tmp_path).train
    assert np.array_equal(train.targets, classes)
    make(tmp_path / "deep", where=("photos", "photos/masks"))
    assert lab.data.load({"images": "deep/photos", "masks": "deep/photos/masks"}, 0, tmp_path).train.count == 4


def test_folders_for_training_and_validation_are_that_split(tmp_path):
    first = make(tmp_path, inside="train")
    second = make(tmp_path, inside="val", count=2)
    parts = load(tmp_path)
    assert np.array_equal(parts.train.targets, first)
    assert np.array_equal(parts.validation.targets, second)
    assert parts.validation.files.tolist() == ["val/0.jpg", "val/1.jpg"]


def test_a_share_is_held_back_with_its_masks(tmp_path):
    classes = make(tmp_path, count=10)
    parts = load(tmp_path, validation=0.3)
    assert (parts.train.count, parts.validation.count) == (7, 3)
    for part in (parts.train, parts.validation):
        numbers = [int(name.removesuffix(".jpg")) for name in part.files]
        assert np.array_equal(part.targets, classes[numbers])


def test_what_cannot_be_meant_is_one_sentence(tmp_path):
    make(tmp_path)
    refused = {
        "is no folder: one with masks": {"masks": "none"},
        "is no folder: one with images": {"images": "none"},
        "there are 2 names, but the masks have 3 classes: 0, 7, 200": {"names": ["a", "b"]},
        "'a' is there twice": {"names": ["a", "a", "b"]},
        "is about pixels of masks: add `masks: folder`": {"masks": None, "ignore_index": 255},
        "the masks have levels: `ignore_index: 255` is how one of them is left out": {"ignore_index": "#0000ff"},
        "is about classes of images, not of pixels": {"label_noise": 0.1},
        "add `masks: folder`": {"masks": None, "names": ["a"]},
    }
    for sentence, more in refused.items():
        with pytest.raises(InvalidValue) as caught:
            load(tmp_path, **more)
        assert sentence in caught.value.message, sentence
    (tmp_path / "masks" / "2.png").unlink()
    with pytest.raises(InvalidValue, match=r"2\.jpg has no mask in .*masks: a file called 2\.png or 2_mask\.png is"):
        load(tmp_path)
    Image.new("L", (9, 9)).save(tmp_path / "masks" / "2.png")
    with pytest.raises(InvalidValue, match=r"2\.png has 9 × 9 pixels, its image 6 × 5: a mask must say"):
        load(tmp_path)
    Image.new("RGB", (5, 6)).save(tmp_path / "masks" / "2.png")
    with pytest.raises(InvalidValue, match=r"2\.png has colours, masks before it have levels: all must be of one"):
        load(tmp_path)
    Image.new("L", (5, 6)).save(tmp_path / "masks" / "2.png")
    Image.new("L", (5, 6)).save(tmp_path / "masks" / "2_mask.png")
    with pytest.raises(InvalidValue, match=r"2\.jpg has several masks: 2\.png and 2_mask\.png"):
        load(tmp_path)
    (tmp_path / "masks" / "2_mask.png").unlink()
    (tmp_path / "masks" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    with pytest.raises(InvalidValue, match=r"2\.png cannot be read: it is damaged"):
        load(tmp_path)


def test_masks_without_anything_to_learn_or_with_blurred_colours_are_refused(tmp_path):
    make(tmp_path, levels=np.array([5], np.uint8))
    with pytest.raises(InvalidValue, match="all pixels of all masks are 5: there is nothing to learn"):
        load(tmp_path)
    many = np.arange(30 * 30, dtype=np.uint16).reshape(30, 30)
    make(tmp_path, size=(30, 30), count=1)
    for number in range(1, 4):
        (tmp_path / "photos" / f"{number}.jpg").unlink()
    Image.fromarray(many).save(tmp_path / "masks" / "0.png")
    with pytest.raises(InvalidValue, match="900 different colours, at most 256 are allowed: JPEG files blur them"):
        load(tmp_path)


def test_masks_that_were_drawn_anew_are_read_anew(tmp_path):
    make(tmp_path)
    before = load(tmp_path).train.targets
    assert np.array_equal(load(tmp_path).train.targets, before)
    for number in range(4):
        (tmp_path / "masks" / f"{number}.png").unlink()
    random = np.random.default_rng(9)
    for number in range(4):
        Image.fromarray(LEVELS[random.integers(0, 3, (6, 5))]).save(tmp_path / "masks" / f"{number}.png")
    assert not np.array_equal(load(tmp_path).train.targets, before)


@pytest.mark.parametrize("where", ["photos", "masks"])
def test_a_file_that_was_written_over_in_place_is_read_anew(tmp_path, where):
    make(tmp_path)
    before = load(tmp_path).train
    folder = (tmp_path / where).stat()
    path = tmp_path / where / ("2.jpg" if where == "photos" else "2.png")
    with Image.open(path) as image:
        pixels = np.array(image)
    Image.fromarray(pixels[::-1].copy()).save(path)
    os.utime(path, ns=(1, 1))  # whatever the clock's steps are
    os.utime(
        tmp_path / where, ns=(folder.st_atime_ns, folder.st_mtime_ns)
    )  # writing into a file leaves its folder alone
    after = load(tmp_path).train
    changed = after.targets if where == "masks" else np.asarray(after.inputs)
    assert not np.array_equal(changed, before.targets if where == "masks" else np.asarray(before.inputs))


def test_pixels_of_one_level_do_not_count(tmp_path):
    classes = make(tmp_path, levels=np.array([0, 1, 255], np.uint8))
    assert (
        "255 is a class like the others, `ignore_index: 255` leaves its pixels out"
        in lab.data.story(BLOCK, tmp_path)[0]
    )
    parts = load(tmp_path, ignore_index=255)
    assert parts.train.classes == ("0", "1")
    assert np.array_equal(parts.train.targets, np.where(classes == 2, -1, classes))
    told = f"; {100 * (classes == 2).mean():.3g} % are 255 and do not count"
    assert told in lab.data.story(BLOCK | {"ignore_index": 255}, tmp_path)[0]
    counted = parts.train.targets[parts.train.targets >= 0]
    np.testing.assert_allclose(parts.recipe.usual, np.bincount(counted) / counted.size)
    assert (parts.recipe.levels, parts.recipe.ignored) == (("0", "1"), "255")
    again = recipe_from_json(recipe_to_json(parts.recipe))
    assert (again.levels, again.ignored) == (("0", "1"), "255")
    (tmp_path / "two").mkdir()
    make(tmp_path / "two", levels=np.array([0, 255], np.uint8))
    with pytest.raises(InvalidValue, match="all pixels of all masks are 0: there is nothing to learn"):
        load(tmp_path / "two", ignore_index=255)
