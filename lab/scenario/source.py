"""Reading a scenario's text from disk: every way in which a file can be unusable is a sentence."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from lab.errors import BadInput

LARGEST_FILE = 1_000_000  # bytes; the largest scenario of the curriculum is a hundredth of this

_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")  # byte order marks of UTF-16 and UTF-32


def read_text(path: Path) -> str:
    """The text of a scenario file. Raises BadInput if it is missing, too large, not a file or not UTF-8 text.

    The size is asked of the file system first, so that a huge file costs nothing.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise BadInput(f"{path}: this is not a regular file.")
            if status.st_size > LARGEST_FILE:
                raise BadInput(_too_large(path, status.st_size))
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file.") from None
    except IsADirectoryError:
        raise BadInput(f"{path}: this is a directory, not a scenario file.") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error}).") from None
    except ValueError:
        raise BadInput(f"{str(path)!r}: this is not a file name.") from None
    if len(content) > LARGEST_FILE:
        raise BadInput(_too_large(path, len(content)))
    return _decode(content, path)


def _open_at_once(path: str, flags: int) -> int:
    """Opens without waiting: a pipe that nobody writes to must not hang the lab. Windows has no such pipes."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _too_large(path: Path, size: int) -> str:
    return f"{path}: the file has {size / 1e6:,.1f} MB; a scenario has at most {LARGEST_FILE / 1e6:g} MB."


def _decode(content: bytes, path: Path) -> str:
    if content.startswith(_WIDE_MARKS):
        raise BadInput(f"{path}: the text is not UTF-8 but UTF-16 or UTF-32; save it as UTF-8.")
    if b"\0" in content:
        raise BadInput(f"{path}: this is a binary file, not a scenario.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        byte = content[error.start]
        raise BadInput(f"{path}:{line}:{column}: the text is not UTF-8 (byte 0x{byte:02x}).") from None
