"""The reader's own tables and arrays, good and bad."""

from __future__ import annotations

import io
import os
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lab.data
from lab.data import Data
from lab.errors import InvalidValue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def table(folder: Path, content: str | bytes, **options: Any) -> Data:
    (folder / "table.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    return lab.data.load({"csv": "table.csv", "target": "answer", **options}, 0, folder).train


def arrays(folder: Path, kind: str | None = None, **content: Any) -> Data:
    np.savez(folder / "arrays.npz", **content)
    return lab.data.load({"npz": "arrays.npz"} | ({} if kind is None else {"kind": kind}), 0, folder).train


def test_a_table_with_classes(folder: Path) -> None:
    data = table(folder, "height,weight,answer\n1.5,60,yes\n1.8,80.5,no\n-1e-3, 7 ,yes\n")
    assert data.inputs.tolist() == np.array([[1.5, 60], [1.8, 80.5], [-1e-3, 7]], np.float32).tolist()
    assert data.targets.tolist() == [1, 0, 1]
    assert data.classes == ("no", "yes")
    assert data.features == ("height", "weight")
    assert data.kind == "classes"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators_quotes_ends_of_lines_and_byte_order_mark(folder: Path, delimiter: str) -> None:
    lines: list[list[str]] = [['"a"', "answer", "b"], ["1", '"x y"', "2"], [], ["3", '"""z"""', "4"]]
    for end in ("\n", "\r\n"):
        text = "\ufeff" + end.join(delimiter.join(line) for line in lines) + end + end
        data = table(folder, text)
        assert data.inputs.tolist() == [[1, 2], [3, 4]]
        assert data.classes == ('"z"', "x y")


def test_whole_numbers_are_classes_and_other_numbers_are_values(folder: Path) -> None:
    data = table(folder, "a,answer\n1,10\n2,9\n3,10\n")
    assert (data.kind, data.classes, data.targets.tolist()) == ("classes", ("9", "10"), [1, 0, 1])
    data = table(folder, "a,answer\n1,10\n2,9\n3,10\n", kind="values", standardise_targets=False)
    assert (data.kind, data.classes, data.targets.tolist(), data.outputs) == ("values", (), [[10], [9], [10]], 1)
    assert table(folder, "a,answer\n1,0.5\n2,9\n").kind == "values"
    many = "a,answer\n" + "".join(f"1,{number}\n" for number in range(21))
    assert table(folder, many).kind == "values"
    assert table(folder, many, kind="classes").outputs == 21


def test_features_can_be_chosen(folder: Path) -> None:
    data = table(folder, "name,a,b,answer\nBob,1,2,x\nEve,3,4,y\n", features=["b", "a"])
    assert data.inputs.tolist() == [[2, 1], [4, 3]]
    assert data.features == ("b", "a")


def test_tables_are_split_and_prepared_like_any_set(folder: Path) -> None:
    lines = "".join(f"{number},{number % 2}\n" for number in range(100))
    (folder / "table.csv").write_text("a,answer\n" + lines)
    specification = {"csv": "table.csv", "target": "answer", "validation": 0.3, "standardise": True}
    parts = lab.data.load(specification, 0, folder)
    assert parts.validation is not None
    assert list(np.bincount(parts.validation.targets)) == [15, 15]
    assert parts.train.inputs.std() == pytest.approx(1)


def test_a_target_that_looks_like_numbers_but_is_text(folder: Path) -> None:
    assert table(folder, "a,answer\n1,3\n2,4\n3,5+\n").classes == ("3", "4", "5+")


@pytest.mark.parametrize(
    ("content", "options", "path", "message"),
    [
        ("", {}, "csv", "'table.csv' is empty."),
        ("\n\n \n", {}, "csv", "'table.csv' has only blank lines."),
        ("a,answer\n", {}, "csv", "'table.csv' has names of columns but no examples."),
        ("a,answer\n\n\n", {}, "csv", "'table.csv' has names of columns but no examples."),
        (
            "answer\n1\n",
            {},
            "csv",
            "the first line has only one column, 'answer': there is nothing to predict from. A text to go on with is "
            "`data: {text: FILE}`, with `task: language-model`.",
        ),
        ("a,answr\n1,2\n", {}, "target", "there is no column 'answer'; did you mean answr? Allowed: a, answr."),
        (
            "1,2\n3,4\n",
            {},
            "csv",
            "the first line has only numbers: it must be the names of the columns; of a file without them say "
            "`header: false`, and call its columns by their numbers, 1 to 2.",
        ),
        ("a,b,answer\n1,2,x\n3,4\n", {}, "csv", "line 3 has 2 cells, but the first line has 3 columns."),
        ("a,b,answer\n1,2,x,9,8\n", {}, "csv", "line 2 has 5 cells, but the first line has 3 columns."),
        (
            "a,b,answer\n1,2,x\n3,,y\n5,NaN,y\n,6,y\n",
            {},
            "csv",
            "values are missing in 'a' (1), 'b' (2), the first in line 3: say what to do with `missing:` (drop, mean, "
            "median or category), or leave columns out with `columns: {a: skip}`.",
        ),
        ("a,answer\ninf,x\n", {}, "csv", "line 2, column 'a' is 'inf', too large a number."),
        ("a,answer\n1e39,x\n", {}, "csv", "line 2, column 'a' is '1e39', too large a number."),
        (
            "a,answer\n1,x\n2,x\nBob,y\n",
            {},
            "csv",
            "line 4, column 'a' is 'Bob', not a number; if the column holds categories, say `columns: {a: category}`; "
            "if this means that nothing is known, say `missing_marks: [Bob]`.",
        ),
        (
            "a,answer\n1_0,x\n1,x\n2,y\n",
            {},
            "csv",
            "line 2, column 'a' is '1_0', not a number; if the column holds categories, say `columns: {a: category}`; "
            "if this means that nothing is known, say `missing_marks: [1_0]`.",
        ),
        (
            "a,answer\nBob,x\nBob,y\n",
            {},
            "csv",
            "no column is left to predict from; left out: a (always 'Bob').",
        ),
        (
            "a,answer\n1,\n",
            {},
            "csv",
            "the target 'answer' has no value in 1 row (line 2): fill it in, or leave such rows out with "
            "`missing: drop`.",
        ),
        ("a,answer\n1,x\n2,x\n", {}, "target", "there is only one class, 'x': there is nothing to tell apart."),
        ("a,answer\n1,3\n2,3\n", {}, "target", "there is only one class, '3': there is nothing to tell apart."),
        (
            "a,answer\n1,x\n2,3\n",
            {"kind": "values"},
            "target",
            "line 2, column 'answer' is 'x', which is not a number that can be used.",
        ),
        (
            "a,answer\n" + "".join(f"1,{number}.5\n" for number in range(30)) + "1,oops\n",
            {},
            "target",
            "line 32, column 'answer' is 'oops', which is not a number that can be used.",
        ),
        (
            "a,answer\n1,0.5\n2,inf\n",
            {},
            "target",
            "line 3, column 'answer' is 'inf', which is not a number that can be used.",
        ),
        (
            "a,answer\n" + "".join(f"1,text{number}\n" for number in range(30)),
            {},
            "target",
            "each of the 30 examples has a text of its own: these are no classes.",
        ),
        (b"a,answer\n\xff\xfe,x\n", {"encoding": "utf-8"}, "csv", "'table.csv' is not a text in utf-8."),
        (b"a\0b,answer\n1,2\n", {}, "csv", "'table.csv' is not a CSV file: it is no text."),
        ('a,answer\n"1,x\n', {}, "csv", "'table.csv' is not a CSV file: unexpected end of data."),
        ("a,answer\n1,0.5\n2,1.5\n", {"label_noise": 0.1}, "label_noise", "the targets are values, not classes."),
        (
            "a,answer\n1,x\n2,y\n",
            {"standardise_targets": True},
            "standardise_targets",
            "the targets are classes, not values.",
        ),
        ("a,answer\n1,x\n", {"csv": "tabel.csv"}, "csv", "there is no file 'tabel.csv' in {}; did you mean table.csv?"),
        ("a,answer\n1,x\n", {"csv": "/nowhere/at/all.csv"}, "csv", "there is no file '/nowhere/at/all.csv' in {}."),
        (
            "a,answer\n1,x\n",
            {"csv": "."},
            "csv",
            "'.' is a folder, not a file; images, in a folder for each class, are `data: {images: .}`.",
        ),
        ("a,answer\n1,x\n", {"csv": "/dev/zero"}, "csv", "'/dev/zero' is a device or a pipe, not a file."),
        ("a,answer\n1,x\n", {"csv": "a\0b"}, "csv", "'a\\x00b' cannot be opened: embedded null byte."),
        ("a,answer\n1,x\n", {"csv": "x" * 999}, "csv", None),
        ("a,answer\n1,x\n", {"csv": 3}, "csv", "3 is not allowed here: it must be a text."),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_bad_tables(
    folder: Path, content: str | bytes, options: dict[str, Any], path: str, message: str | None
) -> None:
    with pytest.raises(InvalidValue) as caught:
        table(folder, content, **options)
    assert caught.value.path == (path,)
    if message is not None:
        assert caught.value.message == message.replace("{}", str(folder))


def test_a_wrong_feature_is_named_by_its_place(folder: Path) -> None:
    for features, message in ((["a", "c"], "there is no column 'c'"), (["a", "answer"], "'answer' is the target")):
        with pytest.raises(InvalidValue, match=message) as caught:
            table(folder, "a,b,answer\n1,2,x\n", features=features)
        assert caught.value.path == ("features", 1)


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    for name, block in (("big.csv", {"csv": "big.csv", "target": "a"}), ("big.npz", {"npz": "big.npz"})):
        with (folder / name).open("wb") as file:
            file.truncate(10 * 2**30)  # sparse: takes no room
        with pytest.raises(InvalidValue, match=r"a file of 10 GiB, would need about .* GiB of memory; at most 2 GiB"):
            lab.data.load(block, 0, folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(folder: Path) -> None:
    (folder / "table.csv").write_text("a,answer\n1,x\n")
    (folder / "table.csv").chmod(0)
    with pytest.raises(InvalidValue, match="cannot be read: Permission denied"):
        lab.data.load({"csv": "table.csv", "target": "answer"}, 0, folder)


def test_paths_are_relative_to_the_folder_of_the_scenario(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "here").mkdir()
    (folder / "here" / "table.csv").write_text("a,answer\n1,x\n2,y\n")
    block = {"csv": "table.csv", "target": "answer"}
    assert lab.data.load(block, 0, folder / "here").train.count == 2
    monkeypatch.chdir(folder / "here")
    assert lab.data.load(block, 0).train.count == 2
    assert lab.data.load({**block, "csv": str(folder / "here" / "table.csv")}, 0, folder).train.count == 2


def test_names_from_files_cannot_control_the_terminal(folder: Path) -> None:
    assert table(folder, "a,answer\n1,\x1b[31mred\n2,blue\n").classes == ("\N{REPLACEMENT CHARACTER}[31mred", "blue")
    with pytest.raises(InvalidValue, match="cannot be printed") as caught:
        table(folder, "\x1b[31m,answer\n1,x\n")
    assert "\x1b" not in str(caught.value)


def test_arrays_with_classes_and_images(folder: Path) -> None:
    images = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    data = arrays(folder, inputs=images, targets=np.array([7, 3, 3, 7], np.uint8))
    assert data.inputs.tolist() == images.reshape(4, 2, 3, 1).tolist()
    assert data.image_shape == (2, 3, 1)
    assert data.classes == ("3", "7")
    assert data.targets.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("targets", "kind", "expected", "classes"),
    [
        ([0.5, 1.5, 2.5], None, "values", ()),
        ([0, 1, 0], "values", "values", ()),
        ([[0.5, 1], [1, 2], [3, 4]], None, "values", ()),
        ([[1, 0], [0, 1], [1, 0]], None, "classes", ("0", "1")),
        ([[1, 0], [0, 1], [1, 0]], "labels", "labels", ("0", "1")),
        ([[1, 1], [0, 1], [0, 0]], None, "labels", ("0", "1")),
        ([[1, 1], [0, 1], [0, 0]], "values", "values", ()),
        ([[True], [False], [True]], None, "classes", ("0", "1")),
        (["b", "a", "b"], None, "classes", ("a", "b")),
        ([b"b", b"a", b"b"], "classes", "classes", ("a", "b")),
    ],
)
def test_what_targets_are(
    folder: Path, targets: list[Any], kind: str | None, expected: str, classes: tuple[str, ...]
) -> None:
    data = arrays(folder, kind, inputs=np.zeros((3, 2)), targets=np.array(targets))
    assert data.kind == expected
    assert data.classes == classes


def test_arrays_stored_by_columns_compressed_and_big_endian(folder: Path) -> None:
    inputs = np.asfortranarray(np.arange(6, dtype=">f8").reshape(3, 2))
    np.savez_compressed(folder / "arrays.npz", inputs=inputs, targets=[0, 1, 1])
    assert lab.data.load({"npz": "arrays.npz"}, 0, folder).train.inputs.tolist() == [[0, 1], [2, 3], [4, 5]]


INPUTS, TARGETS = np.zeros((3, 2)), np.array([0, 1, 0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"inputs": INPUTS}, "there is no array 'targets' in it, but 'inputs'."),
        ({"inputs": INPUTS, "target": TARGETS}, "there is no array 'targets' in it, but 'inputs', 'target'."),
        ({"inputs": INPUTS, "targets": TARGETS[:2]}, "inputs has 3 examples, but targets has 2."),
        ({"inputs": np.array([{}, 1, 2]), "targets": TARGETS}, "the array inputs holds pickled Python objects"),
        ({"inputs": INPUTS, "targets": np.array(["a", None, 3])}, "the array targets holds pickled Python objects"),
        (
            {"inputs": np.array([np.zeros(2), np.zeros(3), np.zeros(2)], object), "targets": TARGETS},
            "the array inputs holds pickled Python objects, which are never loaded: save plain numbers, sequences of "
            "unequal length filled up to the longest.",
        ),
        ({"inputs": INPUTS + 1j, "targets": TARGETS}, "the array inputs has type complex128: it must hold numbers."),
        ({"inputs": np.array(["a", "b", "c"]), "targets": TARGETS}, "the array inputs has type str32"),
        ({"inputs": np.float64(3), "targets": TARGETS}, "the array inputs has 0 dimensions: it must have 1 to 4."),
        ({"inputs": np.zeros((1,) * 5), "targets": TARGETS}, "the array inputs has 5 dimensions: it must have 1 to 4."),
        ({"inputs": np.zeros((0, 2)), "targets": TARGETS}, "the array inputs is empty: its shape is (0, 2)."),
        ({"inputs": np.full((3, 2), np.nan), "targets": TARGETS}, "inputs has nan in example 0 (counted from 0)"),
        ({"inputs": INPUTS, "targets": [0, 1, np.inf]}, "targets has inf in example 2 (counted from 0), at (2,)."),
        ({"inputs": INPUTS + 1e300, "targets": TARGETS}, "inputs has 1e+300 in example 0"),
        ({"inputs": INPUTS, "targets": [5, 5, 5]}, "there is only one class, '5'"),
    ],
)
def test_bad_arrays(folder: Path, content: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        arrays(folder, **content)
    assert caught.value.path == ("npz",)
    assert caught.value.message.startswith(message)


def test_wrong_kind_of_targets(folder: Path) -> None:
    for kind, targets, message in (
        ("labels", [0, 1, 2], "labels have to be 0 or 1"),
        ("labels", [[0.5, 1], [0, 1], [1, 1]], "labels have to be 0 or 1"),
        ("classes", [[1, 1], [0, 1], [1, 0]], "classes in several columns need a single 1"),
        ("values", ["a", "b", "a"], "targets that are texts must be classes"),
    ):
        with pytest.raises(InvalidValue, match=message):
            arrays(folder, kind, inputs=INPUTS, targets=np.array(targets))


def header(shape: str, kind: str = "<f4") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (bytes(2**20), "'bomb.npz' is not an NPZ file that can be read."),
        (header("(1000000000000, 2)"), "the array inputs, of shape (1000000000000, 2), would need about 21.8 TiB"),
        (header("(3, 2)"), "the array inputs is damaged"),
        (header("(3, 2)") + bytes(25), "the array inputs is damaged"),
        (header("(-3, 2)"), "the array inputs is empty: its shape is (-3, 2)."),
        (header("((" * 500), "'bomb.npz' is not an NPZ file that can be read."),
        (b"\x93NUMPY\x09\x00", "'bomb.npz' is not an NPZ file that can be read."),
    ],
    ids=str,
)
def test_arrays_that_claim_too_much(folder: Path, member: bytes, message: str) -> None:
    with zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inputs.npy", member)
        archive.writestr("targets.npy", header("(3,)") + bytes(12))
    with pytest.raises(InvalidValue) as caught:
        lab.data.load({"npz": "bomb.npz"}, 0, folder)
    assert caught.value.message.startswith(message)


def test_a_zip_bomb_is_refused_by_what_its_directory_says(folder: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inputs.npy", header("(3, 2)") + bytes(24))
        archive.writestr("targets.npy", header("(3,)") + bytes(12))
    # The directory entry of the first member holds its unpacked size 24 bytes after its signature.
    directory = bytearray(content.getvalue())
    place = directory.index(b"PK\x01\x02") + 24
    directory[place : place + 4] = struct.pack("<I", 2**32 - 2)
    (folder / "bomb.npz").write_bytes(directory)
    with pytest.raises(InvalidValue, match="the array inputs, of 4 GiB unpacked, would need about 4 GiB of memory"):
        lab.data.load({"npz": "bomb.npz"}, 0, folder)


def outcome(name: str, content: bytes, block: dict[str, Any]) -> None:
    """Loads what hypothesis made up; anything but data or a sentence is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_bytes(content)
        message = "."
        try:
            data = lab.data.load(block, 0, Path(folder)).train
        except InvalidValue as error:
            message = error.message
        else:
            assert len(data.inputs) == len(data.targets) > 0
            assert np.isfinite(data.inputs).all()
        assert message.endswith((".", "?"))
        assert message.isprintable()
        assert len(message) < 2000


cells = st.sampled_from(["1", "-2.5", "1e400", "nan", "", "x", '"', '"a,b"', "inf", "\r", "\0", "é", "1_0", "٣", " 4 "])
lines = st.lists(cells, max_size=4).map(",".join)
tables = st.lists(lines, max_size=6).map(lambda rows: "\n".join(["a,answer", *rows]).encode())
fuzz = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@fuzz
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")) | tables)
def test_any_bytes_as_a_table_give_data_or_a_sentence(content: bytes) -> None:
    outcome("table.csv", content, {"csv": "table.csv", "target": "answer"})


@fuzz
@given(st.data())
def test_damaged_arrays_give_data_or_a_sentence(choices: st.DataObject) -> None:
    buffer = io.BytesIO()
    save = choices.draw(st.sampled_from([np.savez, np.savez_compressed]))
    save(buffer, inputs=np.arange(12.0).reshape(4, 3), targets=np.array(["a", "b", "a", "b"]))
    content = bytearray(buffer.getvalue())
    for _ in range(choices.draw(st.integers(0, 4))):
        content[choices.draw(st.integers(0, len(content) - 1))] = choices.draw(st.integers(0, 255))
    cut = choices.draw(st.integers(0, len(content)) | st.just(len(content)))
    outcome("arrays.npz", bytes(content[:cut]), {"npz": "arrays.npz"})


@fuzz
@given(st.binary(max_size=80), st.sampled_from(["<f4", "<U3", "|O", "|S2", "?", "<M8[D]", "<c8", "<V2", "x"]))
def test_arrays_with_any_header_give_data_or_a_sentence(noise: bytes, kind: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inputs.npy", header("(2, 1)", kind) + noise)
        archive.writestr("targets.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(noise)) + noise)
    outcome("arrays.npz", buffer.getvalue(), {"npz": "arrays.npz"})
