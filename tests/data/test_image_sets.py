"""Sets of images: what is in them, which part is held back, and files that are not what they say."""

from __future__ import annotations

import contextlib
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lab.data
from lab.data.images.idx import labelled_images, read_idx
from lab.data.sets import fashion_mnist
from lab.errors import BadInput, InvalidValue


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


IMAGES = np.random.default_rng(0).integers(0, 256, (12, 5, 4), np.uint8)
LABELS = (np.arange(12) % 10).astype(np.uint8)


def test_fashion_mnist_is_balanced_and_keeps_the_split_of_its_authors():
    parts = lab.data.load({"name": "fashion-mnist"}, seed=0)
    assert parts.validation is not None
    assert parts.test is None
    for part, each in ((parts.train, 600), (parts.validation, 100)):
        assert np.bincount(part.targets).tolist() == [each] * 10
        assert part.image_shape == (28, 28, 1)
        assert part.classes[9] == "ankle boot"
    # The first images of the complete set, https://github.com/zalandoresearch/fashion-mnist, are these classes.
    assert parts.train.targets[:6].tolist() == [9, 0, 0, 3, 0, 2]
    assert parts.validation.targets[:6].tolist() == [9, 2, 1, 1, 6, 1]


def test_a_share_for_validation_leaves_the_images_held_back_for_the_test():
    own = lab.data.load({"name": "fashion-mnist"}, seed=0)
    parts = lab.data.load({"name": "fashion-mnist", "validation": 0.1, "examples": 500}, seed=0)
    assert parts.validation is not None
    assert parts.test is not None
    assert own.validation is not None
    assert (parts.train.count, parts.validation.count, parts.test.count) == (500, 600, 1000)
    assert np.array_equal(parts.test.targets, own.validation.targets)
    fewer = lab.data.load({"name": "fashion-mnist", "examples": 500}, seed=0)
    assert fewer.validation is not None
    assert fewer.validation.count == 1000


def test_the_complete_set_is_read_where_it_is_and_asked_for_where_it_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "COMPLETE", (tmp_path / "none", tmp_path))
    with pytest.raises(InvalidValue, match="install Debian's package dataset-fashion-mnist"):
        lab.data.load({"name": "fashion-mnist", "full": True}, seed=0)
    for part in ("train", "t10k"):
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES)))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS)))
    train = lab.data.load({"name": "fashion-mnist", "full": True}, seed=0).train
    assert np.allclose(train.inputs[..., 0] * 255, IMAGES)


@pytest.mark.parametrize("answer", ["kind", "colour", "size", "count"])
def test_shapes_have_the_classes_that_are_asked_for(answer):
    train = lab.data.load({"name": "shapes", "points": 200, "answer": answer}, seed=0).train
    assert train.image_shape == (32, 32, 3)
    assert (
        len(np.unique(train.targets)) == len(train.classes) == {"kind": 5, "colour": 6, "size": 2, "count": 4}[answer]
    )


@pytest.mark.parametrize("options", [{"shapes": 2}, {"answer": "count", "shapes": 1}])
def test_shapes_without_one_answer_are_refused(options):
    with pytest.raises(InvalidValue, match="shape"):
        lab.data.load({"name": "shapes", **options}, seed=0)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_idx_files_are_read_packed_or_not(tmp_path, pack):
    (tmp_path / "images").write_bytes(pack(idx(IMAGES)))
    (tmp_path / "labels").write_bytes(pack(idx(LABELS)))
    images, labels = labelled_images(tmp_path / "images", tmp_path / "labels", 10)
    assert np.array_equal(images[..., 0], IMAGES)
    assert np.array_equal(labels, LABELS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not an IDX file"),
        (b"\x89PNG\r\n\x1a\n", "not an IDX file"),
        (idx(IMAGES)[:3], "not an IDX file"),
        (idx(IMAGES)[:9], "cut off within its sizes"),
        (idx(IMAGES)[:-1], "cut off: 239 of the 240"),
        (idx(IMAGES) + b"x", "goes on behind"),
        (idx(LABELS), "has 1 dimensions"),
        (b"\0\0\x0d\x03" + idx(IMAGES)[4:], "numbers of type 0x0d"),
        (idx(IMAGES[:0]), "is empty"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "at most 2 GiB"),
        (b"\0\0\x08\x03" + np.array([60000, 28, 28], ">u4").tobytes(), "cut off: 0 of"),
        (gzip.compress(idx(IMAGES))[:-9], "cannot be unpacked to its end"),
        (gzip.compress(idx(IMAGES))[:12] + b"\xff" * 40, "cannot be unpacked to its end"),
        (lzma.compress(idx(IMAGES))[:-9], "cannot be unpacked to its end"),
    ],
)
def test_idx_files_that_are_none_are_refused_in_one_sentence(tmp_path, content, said):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=said) as refused:
        read_idx(path, 3)
    assert str(refused.value).startswith("images ")


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 40), st.booleans())
def test_no_file_does_more_than_be_refused(tmp_path_factory, noise, place, packed):
    content = idx(IMAGES)
    content = content[:place] + noise + content[place + len(noise) :]
    path: Path = tmp_path_factory.mktemp("idx") / "images"
    path.write_bytes(gzip.compress(content)[: -1 - place] if packed else content)
    with contextlib.suppress(BadInput):
        assert read_idx(path, 3).dtype == np.uint8


def test_labels_that_do_not_belong_to_the_images_are_refused(tmp_path):
    (tmp_path / "images").write_bytes(idx(IMAGES))
    for labels, said in ((LABELS[:5], "12 images, but labels has 5"), (LABELS + 3, "label 10 at image 7")):
        (tmp_path / "labels").write_bytes(idx(labels))
        with pytest.raises(BadInput, match=said):
            labelled_images(tmp_path / "images", tmp_path / "labels", 10)
