"""Files that cannot be read as scenarios, each with its sentence."""

import os

import pytest

from lab.errors import BadInput
from lab.scenario.source import read_text


def refused(path) -> str:
    with pytest.raises(BadInput) as caught:
        read_text(path)
    return str(caught.value)


def test_text_is_read(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbftitle: \xc3\xa9\n")
    assert read_text(tmp_path / "a.yaml") == "title: é\n"


def test_missing(tmp_path):
    assert refused(tmp_path / "a.yaml") == f"{tmp_path / 'a.yaml'}: there is no such file."


def test_file_used_as_a_folder(tmp_path):
    (tmp_path / "a").write_text("x")
    assert "cannot be read (Not a directory)" in refused(tmp_path / "a" / "b.yaml")


def test_directory(tmp_path):
    assert "this is a directory" in refused(tmp_path)


def test_pipe_without_a_writer_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refused(tmp_path / "pipe")


def test_device():
    from pathlib import Path

    assert "not a regular file" in refused(Path("/dev/zero"))


def test_a_huge_file_is_refused_without_being_read(tmp_path):
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(10**11)  # sparse: takes no space, but reading it would take more memory than there is
    assert "has 100,000.0 MB; a scenario has at most 1 MB" in refused(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x7fELF\x02\x01\x01\x00\x00", "binary file"),
        ("title: x".encode("utf-16"), "UTF-16"),
        (b"title: caf\xe9\n", ":1:11: the text is not UTF-8 (byte 0xe9)"),
        (b"a: 1\nb: \xff\xff", ":2:4: the text is not UTF-8"),
    ],
)
def test_other_than_utf8(tmp_path, content, words):
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    assert words in refused(path)


def test_name_that_is_none():
    from pathlib import Path

    assert "not a file name" in refused(Path("a\0b"))
