"""Boxes of one's own: three ways to write them give the same, and whatever is wrong is one sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lab.data
from lab.cli import run as main
from lab.data.annotations.coco import read_coco
from lab.data.annotations.voc import read_one
from lab.data.annotations.yolo import lines_of
from lab.errors import BadInput, InvalidValue
from tests.evaluation.test_objects import CLASSES, write_coco, write_photos


@pytest.fixture
def sets(tmp_path):
    """The same images and boxes as COCO, VOC and YOLO have them: the folder, and the data block of each."""
    listed = write_photos(tmp_path, 6)
    write_coco(tmp_path / "boxes.json", listed)
    for name in ("xml", "txt"):
        (tmp_path / name).mkdir()
    (tmp_path / "txt" / "classes.txt").write_text("\n".join(CLASSES))
    for name, objects in listed:
        stem = name.removesuffix(".png")
        lines = [f"{c} {(x + a) / 72} {(y + b) / 96} {(a - x) / 36} {(b - y) / 48}\n" for c, (x, y, a, b) in objects]
        (tmp_path / "txt" / f"{stem}.txt").write_text("".join(lines))
        inside = "".join(
            f"<object><name>{CLASSES[c]}</name><part><name>ear</name></part><bndbox><xmin>{x + 1}</xmin>"
            f"<ymin>{y + 1}</ymin><xmax>{a}</xmax><ymax>{b}</ymax></bndbox></object>"
            for c, (x, y, a, b) in objects
        )
        size = "<size><width>36</width><height>48</height><depth>3</depth></size>"
        text = f"<annotation><filename>{name}</filename>{size}{inside}</annotation>"
        (tmp_path / "xml" / f"{stem}.xml").write_text(text)
    return tmp_path, [{"boxes": each, "images": "photos"} for each in ("boxes.json", "xml", "txt")]


def test_three_ways_to_write_boxes_give_the_same(sets):
    place, blocks = sets
    coco, voc, yolo = (lab.data.load({**block, "size": [24, 18]}, 0, place, "objects").train for block in blocks)
    assert coco.classes == yolo.classes == ("dark", "bright")
    assert voc.classes == ("bright", "dark")
    np.testing.assert_allclose(coco.targets, yolo.targets, atol=1e-4)
    there = voc.targets[..., 0] >= 0
    turned = np.where(there, 1 - voc.targets[..., 0], -1)
    np.testing.assert_allclose(
        coco.targets, np.concatenate([turned[..., None], voc.targets[..., 1:]], axis=2), atol=1e-4
    )
    x, y, width, height = json.loads((place / "boxes.json").read_text())["annotations"][0]["bbox"]
    assert coco.targets[0, 0].tolist() == [0, x / 2, y / 2, (x + width) / 2, (y + height) / 2]


def test_a_split_into_folders_is_kept(sets):
    place, _ = sets
    for part, numbers in (("train", range(4)), ("val", range(4, 6))):
        for name, ending in (("photos", "png"), ("txt", "txt")):
            (place / name / part).mkdir()
            for number in numbers:
                (place / name / f"{number:02d}.{ending}").rename(place / name / part / f"{number:02d}.{ending}")
    split = lab.data.load({"boxes": "txt", "images": "photos", "size": 16}, 0, place, "objects")
    assert (split.train.count, split.validation.count) == (4, 2)
    assert split.validation.classes == tuple(CLASSES)


def test_what_lies_outside_is_cut_off_and_told(sets):
    place, (block, *_) = sets
    content = json.loads((place / "boxes.json").read_text())
    content["annotations"] += [
        {"image_id": 7, "category_id": 3, "bbox": [30, 40, 20, 20]},
        {"image_id": 7, "category_id": 3, "bbox": [5, 5, 0, 9]},
        {"image_id": 7, "category_id": 3, "bbox": [5, 5, 9, 9], "iscrowd": 1},
    ]
    (place / "boxes.json").write_text(json.dumps(content))
    data = lab.data.load(block, 0, place, "objects").train
    own = data.targets[0][data.targets[0][:, 0] >= 0]
    assert own[-1].tolist() == [0, 30, 40, 36, 48]
    told = " ".join(lab.data.story(block, place, "objects"))
    assert "1 boxes reach outside" in told
    assert "1 boxes have no area" in told
    assert "1 groups" in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["annotations"][0].update(image_id=1), "which the file does not list"),
        (lambda c: c["annotations"][0].update(bbox=[1, 2, 3]), "no bbox of four numbers"),
        (lambda c: c["annotations"][0].update(bbox=[1, 2, 3, "x"]), "is no number of pixels"),
        (lambda c: c["images"][0].update(file_name="gone.png"), "gone.png"),
        (lambda c: c["images"][0].update(width=99), "would be in other places"),
        (lambda c: c.pop("categories"), "not COCO's"),
    ],
)
def test_what_is_wrong_with_coco_is_one_sentence(change, said, sets):
    place, (block, *_) = sets
    content = json.loads((place / "boxes.json").read_text())
    change(content)
    (place / "boxes.json").write_text(json.dumps(content))
    with pytest.raises(InvalidValue, match=said):
        lab.data.load(block, 0, place, "objects")


def test_entities_and_document_types_are_never_read():
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>'
    with pytest.raises(BadInput, match="document type"):
        read_one("a.xml", bomb)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"<annotation>{text}</annotation>".encode()))
def test_any_xml_is_read_or_refused(content):
    if _parses(lambda: read_one("a.xml", content)):
        _, _, boxes = read_one("a.xml", content)
        assert all(box.class_ and np.isfinite(box.corners).all() for box in boxes)


@given(st.binary(max_size=200) | st.text(alphabet="0123456789. -en\n", max_size=200).map(str.encode))
def test_any_text_is_read_or_refused(content):
    if _parses(lambda: lines_of("a.txt", content)):
        for number, corners in lines_of("a.txt", content):
            assert number >= 0
            assert np.isfinite(corners).all()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "image_id", "category_id", "bbox", "file_name", "name", "width", "height", "iscrowd"]
            ),
            inside,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.fixed_dictionaries({key: st.lists(JSON, max_size=3) for key in ("images", "annotations", "categories")}))
def test_any_coco_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "a.json"
    path.write_text(json.dumps(content))
    if _parses(lambda: read_coco(path, path.parent)):
        assert all(isinstance(each.name, str) for each in read_coco(path, path.parent).images)


def _parses(read) -> bool:
    try:
        read()
    except BadInput:
        return False
    return True


def test_a_folder_says_what_it_is_and_its_scenario_runs(sets, monkeypatch, capsys):
    place, _ = sets
    monkeypatch.setenv("LAB_HOME", str(place / "store"))
    monkeypatch.chdir(place)
    (place / "photos").rename(place / "images")
    (place / "txt").rename(place / "labels")
    (place / "boxes.json").unlink()
    assert main(["data", "show", "."]) == 0
    out = capsys.readouterr().out
    assert "task: detect" in out
    assert "YOLO's text files: 8 objects in 6 images" in out
    assert main(["data", "show", ".", "--yaml"]) == 0
    (place / "mine.yaml").write_text(capsys.readouterr().out)
    assert main(["run", "mine.yaml", "--steps", "2", "--plain"]) == 0
