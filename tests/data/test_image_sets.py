"""Sets of images: what is in them, which part is held back, and files that are not what they say."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import lab.data
from lab.data.images import cifar, published
from lab.data.images.folders import read_photograph
from lab.data.images.idx import labelled_images, read_idx
from lab.data.images.pickled import read_pickled
from lab.data.looking_at_images import look_at_folder
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
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(published.FASHION_MNIST.__dict__, "places", (tmp_path / "none", tmp_path))
    with pytest.raises(InvalidValue, match="`lab data get fashion-mnist` downloads it"):
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


# CIFAR

PLANES = np.random.default_rng(5).integers(0, 256, (6, 3072), np.uint8)
NAMES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


def binary(labels: np.ndarray) -> bytes:
    return np.column_stack([labels.astype(np.uint8), PLANES]).tobytes()


def pickled(protocol: int, **content: object) -> bytes:
    return pickle.dumps({"data": PLANES, "batch_label": "one", **content}, protocol)


def python_2_batch() -> bytes:
    """The instructions that Python 2 wrote for a batch, texts as bytes: what the published files consist of."""
    dtype = b"cnumpy\ndtype\nq\x03(U\x02u1K\x00K\x01tRq\x04(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x01(cnumpy\nndarray\nq\x02(K\x00tU\x01btR(K\x01(K\x06M\x00\x0ctq\x05"
    )
    data = b"T" + len(PLANES.tobytes()).to_bytes(4, "little") + PLANES.tobytes()
    return (
        b"\x80\x02}q\x00(U\x04data"
        + array
        + dtype
        + b"\x89"
        + data
        + b"tb"
        + b"U\x06labels](K\x00K\x01K\x02K\x03K\x04K\x09eu."
    )


def cifar_folder(folder: Path, ending: str, content: bytes) -> Path:
    for name in NAMES:
        (folder / f"{name}{ending}").write_bytes(content)
    return folder


def test_cifar_10_is_the_same_from_binary_and_from_pickled_batches(tmp_path):
    labels = np.array([0, 1, 2, 3, 4, 9])
    found = []
    for name, ending, content in (
        ("binary", ".bin", binary(labels[:, None])),
        ("python 2", "", python_2_batch()),
        *((f"python 3, {each}", "", pickled(each, labels=labels.tolist())) for each in (2, 4)),
    ):
        (tmp_path / name).mkdir()
        folder = cifar_folder(tmp_path / name, ending, content)
        images, classes = cifar.read_cifar(folder, cifar.CIFAR_10, cifar.CIFAR_10.train)
        assert np.array_equal(classes[:, 0], np.tile(labels, 5)), name
        found.append(images)
    assert found[0].shape == (30, 32, 32, 3)
    # The first 1,024 bytes are the red channel, row by row.
    assert found[0][2, 1, 3].tolist() == PLANES[2, [35, 1059, 2083]].tolist()
    assert all(np.array_equal(found[0], each) for each in found[1:])


def test_cifar_100_has_kinds_and_classes(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    folder = tmp_path / "data" / "cifar-100"
    folder.mkdir(parents=True)
    rows = binary(np.column_stack([[0, 1, 2, 19, 4, 5], [4, 99, 2, 3, 4, 5]]))
    for name in ("train.bin", "test.bin"):
        (folder / name).write_bytes(rows)
    parts = lab.data.load({"name": "cifar-100"}, seed=0)
    assert parts.train.targets.tolist() == [4, 99, 2, 3, 4, 5]
    assert [parts.train.classes[number] for number in (4, 99)] == ["beaver", "worm"]
    assert len(parts.train.classes) == 100
    coarse = lab.data.load({"name": "cifar-100", "coarse": True}, seed=0).train
    assert [coarse.classes[number] for number in coarse.targets[[0, 3]]] == ["aquatic mammals", "vehicles 2"]
    assert coarse.inputs.pool is parts.train.inputs.pool  # type: ignore[union-attr]


class Harmful:
    def __reduce__(self):
        return os.system, ("touch harmed",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps({"data": Harmful(), "labels": [1]}), "wants to call .*system"),
        (pickle.dumps({"data": print, "labels": [1]}), "wants to call"),
        (b"", "damaged, or no pickle"),
        (python_2_batch()[:-40], "damaged, or no pickle"),
        (python_2_batch().replace(b"\x00\x0ct", b"\x00\x0bt"), "no table of bytes"),
        (pickle.dumps([1, 2]), "no dictionary"),
        (pickle.dumps({"labels": [1]}), "there is no data"),
        (pickled(2, labels=[1, 2]), "no list of 6 whole numbers"),
        (pickled(2, labels=[0, 1, 2, 3, 4, 10]), "has 10 among its labels, at image 5"),
        (pickled(2, labels=[0, 1, 2, 3, 4, "x"]), "no list of 6"),
        (pickle.dumps({"data": PLANES.astype(float), "labels": [0] * 6}), "no table of bytes"),
        (pickle.dumps({"data": {1, 2}, "labels": [0] * 6}), "instruction EMPTY_SET"),
    ],
)
def test_pickles_that_are_no_batches_are_refused_and_nothing_is_called(tmp_path, monkeypatch, content, said):
    monkeypatch.chdir(tmp_path)
    folder = cifar_folder(tmp_path, "", content)
    with pytest.raises(BadInput, match=said) as refused:
        cifar.read_cifar(folder, cifar.CIFAR_10, cifar.CIFAR_10.test)
    assert str(refused.value).startswith("test_batch ")
    assert not (tmp_path / "harmed").exists()


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=1, max_size=12), st.integers(0, 250), st.integers(0, 3))
def test_no_pickle_does_more_than_be_refused(noise, place, which):
    content = (python_2_batch(), *(pickled(each, labels=[1] * 6) for each in (2, 4, 5)))[which]
    place = place if place < 125 else len(content) - place + 124
    with contextlib.suppress(BadInput):
        read_pickled(content[:place] + noise + content[place + len(noise) :], "batch")


@pytest.mark.parametrize(("content", "said"), [(binary(np.zeros((6, 1)))[:-1], "cut off"), (b"", "cut off")])
def test_binary_files_that_are_cut_off_are_refused(tmp_path, content, said):
    folder = cifar_folder(tmp_path, ".bin", content)
    with pytest.raises(BadInput, match=said):
        cifar.read_cifar(folder, cifar.CIFAR_10, cifar.CIFAR_10.train)
    (tmp_path / "data_batch_3.bin").unlink()
    (tmp_path / "data_batch_1.bin").write_bytes(binary(np.zeros((6, 1))))
    (tmp_path / "data_batch_2.bin").write_bytes(binary(np.zeros((6, 1))))
    with pytest.raises(BadInput, match=r"neither data_batch_3\.bin nor data_batch_3"):
        cifar.read_cifar(folder, cifar.CIFAR_10, cifar.CIFAR_10.train)


# IDX files and folders of one's own


def test_idx_files_of_ones_own(tmp_path):
    (tmp_path / "my-images-idx3-ubyte").write_bytes(idx(IMAGES))
    (tmp_path / "my-labels-idx1-ubyte").write_bytes(idx(LABELS))
    train = lab.data.load({"idx": "my-images-idx3-ubyte"}, 0, tmp_path).train
    assert np.array_equal(train.inputs.pool[..., 0], IMAGES)  # type: ignore[union-attr]
    assert train.classes == tuple("0123456789")
    for block, said in (
        ({"idx": "none"}, "labels`: the name of this one does not tell"),
        ({"idx": "my-images-idx3-ubyte", "labels": "none"}, "there is no file 'none'"),
        ({"idx": "my-labels-idx1-ubyte", "labels": "my-labels-idx1-ubyte"}, "has 1 dimensions"),
    ):
        with pytest.raises(InvalidValue, match=said):
            lab.data.load(block, 0, tmp_path)


def pictures(folder: Path, size: tuple[int, int] = (6, 4), mode: str = "RGB") -> None:
    rng = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True)
        for number in range(3):
            pixels = rng.integers(0, 256, (size[1], size[0], 3), np.uint8)
            Image.fromarray(pixels).convert(mode).save(folder / name / f"{number}.png")
    (folder / "cats" / "notes.txt").write_text("no image")


@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("L", 1)])
def test_a_folder_of_images_has_a_class_for_each_folder_in_it(tmp_path, mode, channels):
    pictures(tmp_path / "pets", mode=mode)
    block = {"images": "pets"}
    train = lab.data.load(block, 0, tmp_path).train
    assert train.classes == ("cats", "dogs")
    assert train.targets.tolist() == [0, 0, 0, 1, 1, 1]
    assert train.image_shape == (4, 6, channels)
    expected = np.asarray(Image.open(tmp_path / "pets" / "dogs" / "1.png")).reshape(4, 6, channels)
    assert np.array_equal(train.inputs.pool[4], expected)  # type: ignore[union-attr]
    assert lab.data.story(block, tmp_path) == (
        f"6 images of 4 × 6 × {channels} in 2 folders; 1 other files were left out.",
    )


def test_folders_for_training_and_validation_are_that_split(tmp_path):
    pictures(tmp_path / "pets" / "train")
    pictures(tmp_path / "pets" / "val", size=(8, 8), mode="L")
    parts = lab.data.load({"images": "pets", "size": [5, 3]}, 0, tmp_path)
    assert parts.validation is not None
    assert parts.train.image_shape == parts.validation.image_shape == (5, 3, 3)


def test_images_of_mixed_sizes_are_refused_or_brought_to_one(tmp_path):
    pictures(tmp_path / "pets")
    Image.new("RGBA", (9, 9), (255, 0, 0, 255)).save(tmp_path / "pets" / "dogs" / "z.png")
    with pytest.raises(InvalidValue, match=r"9 × 9 pixels, others have 4 × 6: `size: \[4, 6\]` brings"):
        lab.data.load({"images": "pets"}, 0, tmp_path)
    train = lab.data.load({"images": "pets", "size": 4}, 0, tmp_path).train
    assert train.image_shape == (4, 4, 3)
    assert train.inputs.pool[-1].reshape(-1, 3).tolist() == [[255, 0, 0]] * 16  # type: ignore[union-attr]


def test_folders_that_are_none_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(InvalidValue, match="is no folder"):
        lab.data.load({"images": "none"}, 0, tmp_path)
    (tmp_path / "pets" / "cats").mkdir(parents=True)
    with pytest.raises(InvalidValue, match="each class needs a folder of its own"):
        lab.data.load({"images": "pets"}, 0, tmp_path)
    (tmp_path / "pets" / "dogs").mkdir()
    with pytest.raises(InvalidValue, match="there are no images in"):
        lab.data.load({"images": "pets"}, 0, tmp_path)
    pictures(tmp_path / "more")
    for content in (b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, (tmp_path / "more" / "cats" / "0.png").read_bytes()[:60]):
        (tmp_path / "more" / "cats" / "1.png").write_bytes(content)
        with pytest.raises(InvalidValue, match=r"1\.png cannot be read: it is damaged"):
            lab.data.load({"images": "more", "size": len(content) + 1}, 0, tmp_path)


def test_damaged_images_are_left_out_and_named_where_that_is_asked_for(tmp_path):
    pictures(tmp_path / "pets")
    before = lab.data.load({"images": "pets", "size": 8}, 0, tmp_path).train
    cut_off = (tmp_path / "pets" / "cats" / "0.png").read_bytes()[:60]
    for name in ("cats/a.png", "cats/b.png", "dogs/c.png", "dogs/d.jpg"):
        (tmp_path / "pets" / name).write_bytes(cut_off)
    with pytest.raises(InvalidValue, match=r"a\.png cannot be read: .*; `damaged: drop` leaves such images out\.$"):
        lab.data.load({"images": "pets", "size": 9}, 0, tmp_path)
    train = lab.data.load({"images": "pets", "size": 8, "damaged": "drop"}, 0, tmp_path).train
    assert train.files.tolist() == before.files.tolist()
    np.testing.assert_array_equal(train.numbers, before.numbers)
    assert (
        train.story[1] == "4 images that cannot be read were left out: cats/a.png, cats/b.png, dogs/c.png and 1 more."
    )
    with pytest.raises(InvalidValue, match="without masks only"):
        lab.data.load({"images": "pets", "masks": "pets", "damaged": "drop"}, 0, tmp_path)


def test_a_look_at_a_folder_says_which_images_begin_as_none_and_leaves_them_out(tmp_path):
    pictures(tmp_path / "pets")
    whole = look_at_folder("pets", folder=tmp_path)
    assert "damaged" not in whole.block
    (tmp_path / "pets" / "cats" / "a.png").write_bytes(b"")
    found = look_at_folder("pets", folder=tmp_path)
    assert found.block["damaged"] == "drop"
    assert found.train == whole.train
    assert any(each.startswith("Cannot be read: 'cats/a.png'; `damaged: drop`") for each in found.told)
    with pytest.raises(InvalidValue, match="cannot be read"):
        look_at_folder("pets", {"damaged": "error"}, tmp_path)


def test_textures_are_patterns_in_two_colours_that_say_nothing_of_the_kind():
    train = lab.data.load({"name": "textures", "points": 400, "noise": 0}, seed=0).train
    assert train.image_shape == (32, 32, 3)
    assert np.bincount(train.targets).tolist() == [50] * 8
    pixels = train.numbers.reshape(400, -1, 3).astype(np.float64)
    for each in pixels:  # All colours lie on the line between two.
        spread = np.linalg.svd(each - each.mean(axis=0), compute_uv=False)
        assert spread[1] < 0.01 * spread[0]
        assert np.linalg.norm(each.max(axis=0) - each.min(axis=0)) > 0.3
    means = np.stack([pixels[train.targets == kind].mean(axis=(0, 1)) for kind in range(8)])
    assert np.abs(means - pixels.mean(axis=(0, 1))).max() < 0.1


def test_textures_grow_with_the_picture_and_are_the_same_everywhere():
    for kind, name in enumerate(("dots", "checks", "stripes")):
        for size in (32, 64):
            train = lab.data.load({"name": "textures", "points": 16, "size": size, "tilt": 0, "noise": 0}, seed=1).train
            image = train.numbers[train.targets == kind][0].astype(np.float64)
            image -= image.mean(axis=(0, 1))
            spectrum = (np.abs(np.fft.fft2(image, axes=(0, 1))) ** 2).sum(axis=2)
            row, column = np.unravel_index(spectrum[: size // 2, : size // 2].argmax(), (size // 2, size // 2))
            # 7 to 11 of 32 pixels after which it begins anew: 3 to 4.6 times in the picture, whatever its size.
            assert {"dots": 2.5 < row + column < 5.5, "checks": row > 1 and column > 1,
                    "stripes": row == 0 and 2.5 < column < 5.5}[name]  # fmt: skip


def test_an_image_file_is_cut_around_its_middle_and_not_stretched(tmp_path):
    wide = np.zeros((40, 100, 3), np.uint8)
    wide[:, 30:70] = (0, 255, 0)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    found = read_photograph(tmp_path / "wide.png", (20, 20, 3))
    assert found.shape == (20, 20, 3)
    assert (found[:, 1:-1] == (0, 255, 0)).all()  # the outermost columns are mixed with what was cut off
    assert (read_photograph(tmp_path / "wide.png", (40, 100, 1))[..., 0] > 0).mean() == pytest.approx(0.4)
    (tmp_path / "no.png").write_bytes(b"no image at all")
    with pytest.raises(BadInput, match=r"no\.png cannot be read: it is damaged, cut off, or no image"):
        read_photograph(tmp_path / "no.png", (20, 20, 3))
