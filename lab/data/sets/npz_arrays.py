"""`{npz: path}`: arrays saved with NumPy."""

from __future__ import annotations

import lzma
import math
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from lab.data.data import Data, Split
from lab.data.files import found
from lab.data.limits import BYTES_PER_NUMBER, refuse_if_too_large, size
from lab.data.options import WithClasses, WithValues
from lab.data.registry import file_format
from lab.data.targets import Targets, from_numbers, from_texts
from lab.errors import InvalidValue
from lab.validation import shown

MOST_LISTED = 10
LARGEST = float(np.finfo(np.float32).max)
ROOM = {1: 1, 2: 0, 3: 1, 4: 0}
"""How many axes of length 1 stand behind an array with so many: a feature for numbers, a channel for grey images."""

PAIRS = (
    ("inputs", "targets"),
    *((x, y) for x in ("X", "x", "x_train", "X_train") for y in ("y", "Y", "y_train", "Y_train") if len(x) == len(y)),
    ("data", "target"),
    ("images", "labels"),
)
"""Names that inputs and targets have."""

HELD_BACK = tuple((f"{x}_{part}", f"{y}_{part}") for x in "xX" for y in "yY" for part in ("val", "valid", "test"))
"""Names that inputs and targets have which are held back."""

INPUTS = frozenset(name for name, _ in (*PAIRS, *HELD_BACK))

# What zipfile, its decompressors and NumPy's reader of headers raise on files that are damaged or made to do harm.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    tokenize.TokenError,
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


class NpzArrays(WithClasses, WithValues):
    """Arrays that were saved with numpy.savez(path, inputs=…, targets=…).

    They may also be called X and y, or x_train and y_train, with x_val (or x_test) and y_val held back.
    inputs: [n, features], or images [n, height, width] or [n, height, width, channels]. targets: [n] or [n, columns];
    whole numbers with at most 20 different ones, texts and one-hot rows are taken for classes, several columns of 0
    and 1 for labels, everything else for values. Pickled objects are never loaded.
    """

    npz: str = Field(min_length=1)
    """path of the file, relative to the scenario's folder"""
    kind: Literal["classes", "values", "labels"] | None = None
    """what the targets are, if it is not what they look like"""


@file_format("npz", NpzArrays)
def npz_arrays(options: NpzArrays, folder: Path) -> Data | Split:
    """Inputs [n, features], or images [n, height, width, channels], with one channel where the file has none."""
    path = found("npz", options.npz, folder, 1.0)
    held, beside = arrays(path, options.npz), held_back(path, options.npz)
    if beside is None:
        return _data(options, held["inputs"], held["targets"])
    # Together, so that the classes of both are the same.
    both = [np.concatenate([held[name], beside[name]]) for name in ("inputs", "targets")]
    data, count = _data(options, *both), len(held["inputs"])
    parts = (data.rows(np.arange(count)), data.rows(np.arange(count, data.count)))
    return Split(
        replace(parts[0], story=(f"{data.story[0]} {len(parts[1].inputs):,} of them are held back.",)), parts[1]
    )


def _data(options: NpzArrays, inputs: np.ndarray, targets: np.ndarray) -> Data:
    kind, answers, classes = _interpreted(targets, options)
    numbers = (inputs, targets) if kind == "values" else (inputs,)
    shape = " × ".join(map(str, inputs.shape[1:])) or "1"
    what = f"{len(classes)} {kind}" if classes else "targets are values"
    return Data(
        inputs=_finite(inputs, "inputs").reshape(*inputs.shape, *(1,) * ROOM[inputs.ndim]),
        targets=answers,
        kind=kind,
        classes=classes,
        story=(f"{Path(options.npz).name}: NumPy arrays; {len(inputs):,} examples of {shape} numbers, {what}.",),
        exact=any(np.result_type(each.dtype, np.float32) == np.float64 for each in numbers),
    )


def arrays(path: Path, given: str = "") -> dict[str, np.ndarray]:
    """Inputs and targets as they stand in a file, with as many examples each. Raises InvalidValue.

    given: how the file was named
    """
    names = _names(path, given)
    return _pair(path, given, *next((pair for pair in PAIRS if set(pair) <= names), PAIRS[0]))


def held_back(path: Path, given: str) -> dict[str, np.ndarray] | None:
    """The examples that a file holds back by the names of its arrays, such as x_test; None if it does not."""
    names = _names(path, given)
    pair = next((pair for pair in HELD_BACK if set(pair) <= names), None)
    return None if pair is None or not any(set(each) <= names for each in PAIRS[1:]) else _pair(path, given, *pair)


def _pair(path: Path, given: str, inputs_name: str, targets_name: str) -> dict[str, np.ndarray]:
    inputs, targets = _read(path, given, (inputs_name, targets_name))
    if len(inputs) != len(targets):
        told = f"{inputs_name} has {len(inputs):,} examples, but {targets_name} has {len(targets):,}."
        raise InvalidValue(("npz",), told)
    return {"inputs": inputs, "targets": targets}


def _names(path: Path, given: str) -> set[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {member.filename.removesuffix(".npy") for member in archive.infolist()}
    except DAMAGED as error:
        text = f": {error}" if isinstance(error, PermissionError) else ""
        raise InvalidValue(
            ("npz",), f"{shown(given or path.name)} is not an NPZ file that can be read{text}."
        ) from None


def inputs_alone(path: Path, given: str = "") -> np.ndarray:
    """The inputs as they stand in a file that may have no targets. Raises InvalidValue."""
    names = _names(path, given)
    return _read(path, given, (next((name for name, _ in PAIRS if name in names), "inputs"),))[0]


def _read(path: Path, given: str, names: Sequence[str]) -> list[np.ndarray]:
    name = given or path.name
    try:
        with zipfile.ZipFile(path) as archive:
            return [_array(archive, each) for each in names]
    except DAMAGED as error:
        text = f": {error}" if isinstance(error, PermissionError) else ""
        raise InvalidValue(("npz",), f"{shown(name)} is not an NPZ file that can be read{text}.") from None


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """One array; neither more is unpacked nor more memory taken than its sizes allow, whatever the file claims."""
    members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    if name not in members:
        there = ", ".join(sorted(shown(each) for each in members)[:MOST_LISTED]) or "nothing"
        raise InvalidValue(("npz",), f"there is no array {name!r} in it, but {there}.")
    member = members[name]
    refuse_if_too_large(("npz",), f"the array {name}, of {size(member.file_size)} unpacked,", member.file_size)
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, by_columns, kind = header(stream)
        _refuse_unusable(name, shape, kind)
        length = math.prod(shape) * kind.itemsize
        content = stream.read(length + 1)
    if len(content) != length:
        raise InvalidValue(("npz",), f"the array {name} is damaged: its length is not what its shape needs.")
    return np.frombuffer(content, kind).reshape(shape, order="F" if by_columns else "C")


def _refuse_unusable(name: str, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
    if kind.hasobject:
        message = (
            f"the array {name} holds pickled Python objects, which are never loaded: save plain numbers, sequences of "
            "unequal length filled up to the longest."
        )
        raise InvalidValue(("npz",), message)
    is_input = name in INPUTS
    if kind.kind not in ("biuf" if is_input else "biufUS"):
        raise InvalidValue(("npz",), f"the array {name} has type {kind.name}: it must hold numbers.")
    allowed = range(1, 5) if is_input else range(1, 3)
    if len(shape) not in allowed:
        message = f"the array {name} has {len(shape)} dimensions: it must have {allowed[0]} to {allowed[-1]}."
        raise InvalidValue(("npz",), message)
    if min(shape) < 1:
        raise InvalidValue(("npz",), f"the array {name} is empty: its shape is {shown(shape)}.")
    refuse_if_too_large(("npz",), f"the array {name}, of shape {shown(shape)},", math.prod(shape) * BYTES_PER_NUMBER)


def _interpreted(targets: np.ndarray, options: NpzArrays) -> Targets:
    if targets.dtype.kind in "biuf":
        return from_numbers(_finite(targets, "targets").astype(np.float64), options.kind, ("npz",))
    if targets.ndim != 1 or options.kind not in (None, "classes"):
        raise InvalidValue(("npz",), "targets that are texts must be classes, one for each example.")
    distinct, numbers = np.unique(targets, return_inverse=True)
    try:
        texts = [text.decode() if isinstance(text, bytes) else text for text in distinct.tolist()]
    except ValueError:
        raise InvalidValue(("npz",), "the targets are no texts in Unicode.") from None
    return from_texts(numbers, texts, ("npz",))


def _finite(array: np.ndarray, name: str) -> np.ndarray:
    """The array itself. Raises InvalidValue if it has a number that is not finite in float32."""
    bad = ~(np.abs(array.astype(np.float64, copy=False)) <= LARGEST)
    if bad.any():
        place = tuple(int(index[0]) for index in np.nonzero(bad))
        text = shown(float(array[place]))
        raise InvalidValue(("npz",), f"{name} has {text} in example {place[0]} (counted from 0), at {shown(place)}.")
    return array
