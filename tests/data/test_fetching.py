"""Published sets: fetched from an address, taken from a folder or an archive, and refused if they are not theirs."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import lab.data
from lab.cli import run
from lab.data.images import fetching, published
from lab.data.images.pixels import Pixels
from lab.data.images.published import Link
from tests.data.test_image_sets import IMAGES, LABELS, binary, cifar_folder, idx

FILES = dict(zip(published.MNIST.files, (idx(IMAGES), idx(LABELS), idx(IMAGES[:4]), idx(LABELS[:4])), strict=True))


@pytest.fixture
def known(tmp_path, monkeypatch):
    """MNIST with other images, on a server that is a folder; cifar-10 without one."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    server = tmp_path / "server"
    server.mkdir()
    for name, content in FILES.items():
        (server / f"{name}.gz").write_bytes(gzip.compress(content))
    links = tuple(Link((server / f"{name}.gz").as_uri()) for name in FILES)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    for name, value in (("links", links), ("files", sums), ("package", "")):
        monkeypatch.setitem(published.MNIST.__dict__, name, value)
    monkeypatch.setitem(published.CIFAR_10.__dict__, "links", (Link("http://localhost:9/cifar.tar.gz", archive=True),))
    return server


def test_a_set_is_downloaded_once_and_found_by_its_name(known, tmp_path, capsys):
    assert run(["data", "get", "mnist"]) == 0
    told = capsys.readouterr()
    assert Path(told.out.strip()) == tmp_path / "home" / "data" / "mnist"
    assert "train-images-idx3-ubyte.gz (1 of 4)" in told.err
    train = lab.data.load({"name": "mnist"}, 0).train
    assert isinstance(train.inputs, Pixels)
    assert np.array_equal(train.inputs.pool[train.inputs.rows, ..., 0], IMAGES)
    for path in known.iterdir():
        path.unlink()
    assert run(["data", "get", "mnist"]) == 0
    assert run(["data", "path", "mnist"]) == 0
    assert capsys.readouterr().out == told.out * 2
    assert [each.name for each in (tmp_path / "home" / "data").iterdir()] == ["mnist"]


def test_what_is_not_the_set_is_refused_and_leaves_nothing(known, tmp_path, capsys):
    (known / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS[1:5])))
    assert run(["data", "get", "mnist"]) == 2
    assert "t10k-labels-idx1-ubyte.gz is not that of mnist: the SHA-256" in capsys.readouterr().err
    assert list((tmp_path / "home" / "data").iterdir()) == []


def test_without_a_network_one_sentence_says_what_to_do(known, capsys):
    assert run(["data", "get", "cifar-10"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cifar-10 cannot be downloaded from localhost: Connection refused; `lab data add cifar-10")
    assert run(["data", "path", "cifar-10"]) == 2
    assert "`lab data get cifar-10` downloads it" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["folder", "tar.gz", "zip"])
def test_a_set_is_added_from_a_folder_or_an_archive(known, tmp_path, form, capsys):
    inside = tmp_path / "given" / "cifar-10-batches-bin"
    inside.mkdir(parents=True)
    cifar_folder(inside, ".bin", binary(np.arange(6)[:, None]))
    (inside / "readme.html").write_text("other things")
    path = tmp_path / "given"
    if form == "tar.gz":
        path = tmp_path / "cifar.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(inside, "../../../cifar")  # where it says that it is does not matter
    elif form == "zip":
        path = tmp_path / "cifar.zip"
        with zipfile.ZipFile(path, "w") as packed:
            for each in inside.iterdir():
                packed.write(each, f"a/b/{each.name}")
    assert run(["data", "add", "cifar-10", str(path)]) == 0
    assert lab.data.load({"name": "cifar-10"}, 0).train.count == 30
    assert "none stated" in capsys.readouterr().err


def damaged_archive() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("data_batch_1.bin"))
    return file.getvalue()[:-30]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.tar.gz", b"no archive", "x.tar.gz is damaged, or no archive."),
        ("x.zip", b"PK\x03\x04", "x.zip is damaged, or no archive."),
        ("x.tar.gz", damaged_archive(), "x.tar.gz is damaged, or no archive."),
        ("x.csv", b"a,b", "is neither a folder nor an archive"),
    ],
)
def test_what_is_no_archive_is_refused(known, tmp_path, capsys, name, content, said):
    (tmp_path / name).write_bytes(content)
    assert run(["data", "add", "cifar-10", str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err
    assert run(["data", "add", "cifar-10", str(tmp_path / "none")]) == 2
    assert run(["data", "add", "cifar-10", str(known)]) == 2
    assert "there is no data_batch_1 among the files" in capsys.readouterr().err


def test_the_list_says_what_is_here(known, capsys):
    assert run(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    row = {line.split()[0]: line for line in lines}
    assert "lab data get mnist" in row["mnist"]
    assert "7,000 in the lab" in row["fashion-mnist"]
    assert "coloured shapes" in row["shapes"].lower()
    assert "{images:" in row


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["get"], "Which set?"),
        (["get", "minst"], "did you mean mnist?"),
        (["add", "mnist"], "Where is it?"),
        (["list", "mnist"], "takes nothing"),
        (["get", "mnist", "there"], "takes no path"),
        (["show"], "takes one file"),
        (["path", "cifar-100"], "cifar-100 is not on this machine"),
    ],
)
def test_what_is_not_understood_is_said(known, capsys, words, said):
    assert run(["data", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_scenario_without_its_data_says_how_to_get_them(known, tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("title: T\ntask: classify\ndata: {name: cifar-10}\nmodel: [{dense: classes}]\n")
    assert run(["run", str(tmp_path / "mine.yaml"), "--plain"]) == 2
    assert "mine.yaml:3:14: data.name: cifar-10 is not on this machine" in capsys.readouterr().err


def test_the_checksum_of_an_archive_is_looked_at(known, monkeypatch, capsys):
    monkeypatch.setitem(
        published.CIFAR_10.__dict__, "links", (Link((known / next(iter(FILES))).as_uri() + ".gz", True, "00"),)
    )
    assert run(["data", "get", "cifar-10"]) == 2
    assert "is not what its authors published" in capsys.readouterr().err
    assert fetching.PATIENCE > 5
