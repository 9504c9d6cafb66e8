"""A stored run in the formats of other programs. One file per format; each is imported only when it is asked for.

To add a format: a file with `KIND`, `SUFFIX` and `write`, and one line in `FORMATS`.

KIND is "text" or "binary" (`write(selection, stream)` writes bytes to the stream) or "folder" (`write(selection,
folder)` writes files into an existing folder). SUFFIX stands behind the run's name in the default name of the file.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from lab.errors import BadInput, nearest
from lab.exports.selection import Selection, select
from lab.home import with_home

FORMATS = {
    "csv": "a row per measurement, a column per metric",
    "json": "the run's settings, curves, claims and outcomes in one object",
    "parquet": "the same table as csv, for data frames",
    "tensorboard": "a folder of event files, one run per variant and seed",
    "safetensors": "the final weights",
    "torch": "a folder: the network as a Python file for PyTorch, and its weights",
    "onnx": "the network in evaluation, for ONNX Runtime and other programs",
    "txt": "the curves as plots made of text",
    "png": "the curves as a picture",
    "svg": "the curves as a drawing",
    "html": "a report in one file: lesson, curves, pictures, claims, settings",
}

STDOUT = "-"

__all__ = ["FORMATS", "STDOUT", "Selection", "export", "select"]


def _module(name: str) -> Any:
    if name not in FORMATS:
        raise BadInput(f"There is no format {name!r}: {nearest(name, FORMATS)}.")
    return import_module(f"lab.exports.{name}")


def export(
    selection: Selection, name: str, out: str | Path | None = None, force: bool = False, scaling: bool = False
) -> Path | None:
    """Writes what was selected in the format `name` and returns where (None: stdout).

    out:   file or folder; `-` is stdout, for formats that are text; default: the run's name with the format's suffix,
           in the working folder
    force: replace what is there already
    scaling: of onnx, begin with the scaling of the inputs, so that they are taken as they stand in the data

    A file appears complete or not at all. Raises BadInput for an unknown format, a missing optional package, a file
    that is in the way or cannot be written, and a run that has nothing to write.
    """
    module = _module(name)
    if scaling and name != "onnx":
        raise BadInput(f"--scaling is for --format onnx; {name} has the scaling beside the weights.")
    options = {"scaling": True} if scaling else {}
    if str(out) == STDOUT:
        if module.KIND != "text":
            raise BadInput(f"{name} is not text: give a file with `--out FILE`.")
        module.write(selection, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return None
    target = with_home(f"{selection.info.name}{module.SUFFIX}" if out is None else out)
    in_the_way = any(target.iterdir()) if module.KIND == "folder" and target.is_dir() else target.exists()
    if in_the_way and not force:
        raise BadInput(f"{target} exists already: choose another place with `--out`, or replace it with `--force`.")
    if module.KIND != "folder" and target.is_dir():
        raise BadInput(f"{target} is a folder: {name} writes one file.")
    try:
        if module.KIND == "folder":
            target.mkdir(parents=True, exist_ok=True)
            module.write(selection, target)
        else:
            _write_whole(module, selection, target, options)
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror or error}.") from error
    return target


def _write_whole(module: Any, selection: Selection, target: Path, options: dict[str, bool]) -> None:
    """Through a file beside it, so that an error leaves what was there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        stream: IO[bytes]
        with temporary.open("wb") as stream:
            module.write(selection, stream, **options)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
