"""The reader's own files: found, and looked at from outside before anything is read."""

from __future__ import annotations

import contextlib
import difflib
import stat
from collections.abc import Iterator
from pathlib import Path

from lab.data.limits import refuse_if_too_large, size
from lab.errors import BadInput, InvalidValue
from lab.home import with_home
from lab.validation import shown


@contextlib.contextmanager
def blamed_on(key: str, given: str) -> Iterator[None]:
    """Whatever goes wrong while the file `given` is read becomes InvalidValue at `key` of the data block."""
    try:
        yield
    except InvalidValue:
        raise
    except BadInput as error:
        raise InvalidValue((key,), str(error)) from None
    except OSError as error:
        raise InvalidValue((key,), f"{shown(given)} cannot be read: {error.strerror}.") from None


def found(key: str, given: str, folder: Path, memory_per_byte: float) -> Path:
    """The file that `given` names, relative to `folder`, as the value of `key` in the data block.

    Raises InvalidValue if there is no such file, it is empty, or reading it would take more than the memory allowed,
    at `memory_per_byte` bytes for each of its own.
    """
    try:
        path = folder / with_home(given)
        status = path.stat()
    except FileNotFoundError:
        raise InvalidValue((key,), f"there is no file {shown(given)} in {folder.absolute()}{_similar(path)}") from None
    except (OSError, ValueError, RuntimeError) as error:
        # ValueError: a text with a zero byte. RuntimeError: ~somebody, of whom no home is known.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidValue((key,), f"{shown(given)} cannot be opened: {reason}.") from None
    if stat.S_ISDIR(status.st_mode):
        images = "" if key == "text" else f"; images, in a folder for each class, are `data: {{images: {given}}}`"
        raise InvalidValue((key,), f"{shown(given)} is a folder, not a file{images}.")
    if not stat.S_ISREG(status.st_mode):
        raise InvalidValue((key,), f"{shown(given)} is a device or a pipe, not a file.")
    if status.st_size == 0:
        raise InvalidValue((key,), f"{shown(given)} is empty.")
    what = f"{shown(given)}, a file of {size(status.st_size)},"
    refuse_if_too_large((key,), what, int(status.st_size * memory_per_byte))
    return path


def _similar(path: Path) -> str:
    """The end of a sentence about a file that is not there."""
    try:
        names = [each.name for each in path.parent.iterdir()]
    except OSError:
        return "."
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {close[0]}?" if close else "."
