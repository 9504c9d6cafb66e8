"""The data block of a scenario: checked, then loaded."""

from __future__ import annotations

import contextlib
import difflib
import os
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab.data.data import Data, Split, TargetKind
from lab.data.options import Options, WithSequences
from lab.data.preparation import prepared
from lab.data.randomness import generator
from lab.data.registry import BESIDE, COMMON, Entry, file_formats, named_sets
from lab.data.sequences import in_sequences
from lab.data.splitting import split
from lab.errors import BadInput, InvalidValue, nearest
from lab.home import with_home
from lab.validation import shown, validated


@dataclass(frozen=True)
class DataSpecification:
    """A data block whose structure is right: which set it asks for, with which options."""

    entry: Entry
    options: Options

    @property
    def name(self) -> str:
        """The name of the set, or the key of the format of the file."""
        return self.entry.name

    def load(self, seed: int, folder: Path | None = None) -> Split:
        """The examples; see `lab.data.load`. Whoever asks for the same that are made of a seed alone shares them:
        variants and seeds of a session, and a session with the check before it."""
        from lab.data.sets.published_images import MUST_BE_FETCHED

        seed = seed if self.options.seed is None else self.options.seed
        if self.entry.from_file or self.name in MUST_BE_FETCHED:
            return self._prepared(seed, folder)
        key = (self.entry, self.options.model_dump_json(), seed)
        known = _made.get(key)
        if known is None:
            known = _made.setdefault(key, self._prepared(seed, folder))
        _made_last.append(known)
        return known

    def _prepared(self, seed: int, folder: Path | None) -> Split:
        data = self._from_file(folder or Path()) if self.entry.from_file else self._named(seed)
        augment = getattr(self.options, "augment", None)
        parts = prepared(self.options, split(self.options, data, seed))
        if isinstance(self.options, WithSequences) and (sequences := self.options.sequences) is not None:
            # Rows are prepared first, so that what is fitted counts each of them once.
            parts = in_sequences(parts, sequences, one_table=self.options.validation > 0)
        return replace(parts, augment=augment)

    def _named(self, seed: int) -> Data | Split:
        try:
            made: Data | Split = self.entry.build(self.options, generator(seed, self.name))
            return made
        except InvalidValue:
            raise
        except BadInput as error:
            raise InvalidValue(("name",), str(error)) from None

    def story(self, folder: Path | None = None) -> tuple[str, ...]:
        """Sentences on what was read of a file: rows, features, classes, what was left out. None of made-up sets."""
        if not self.entry.from_file:
            return ()
        read = self._from_file(folder or Path())
        return (read.train if isinstance(read, Split) else read).story

    def _from_file(self, folder: Path) -> Data | Split:
        """All examples of a file. What was read last is kept, since every replica of a session asks for it."""
        given = folder / with_home(str(getattr(self.options, self.name)))
        try:
            read_from = _stamp(given)
        except (OSError, ValueError, RuntimeError):
            return self.entry.build(self.options, folder)  # which says what is wrong
        beside = next((each for name in BESIDE if (each := getattr(self.options, name, None))), None)
        other = (folder / with_home(beside)) if beside else given
        stamp = (given.absolute(), read_from, _stamp(other) if beside and other.exists() else None)
        key = (self.name, self.options.model_dump_json(exclude=_AFTERWARDS), stamp)
        if _read_last.get("key") != key:
            data = self.entry.build(self.options, folder)
            _read_last.clear()
            _read_last.update(key=key, data=data)
            return data
        kept: Data | Split = _read_last["data"]
        return kept


def _stamp(path: Path) -> int:
    """What changes when a file does, or any file in a folder and the folders in it. Raises OSError."""
    if not path.is_dir():
        status = path.stat()
        return hash((status.st_ino, status.st_size, status.st_mtime_ns))
    found: list[tuple[str, int, int]] = []
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):  # a link to nowhere; who reads it says so
                status = os.stat(os.path.join(folder, name))
                found.append((os.path.join(folder, name), status.st_size, status.st_mtime_ns))
    return hash(tuple(sorted(found)))


_AFTERWARDS = set(COMMON) - {"missing"}
"""Options that change what is done with examples, not what is read."""

_FOLDER = ("folder", "directory", "dir", "image_folder", "imagefolder", "root")
_FILE = ("file", "path", "filename", "file_name", "filepath", "file_path", "source")
"""What people call the key of a file."""

_read_last: dict[str, Any] = {}
_made: weakref.WeakValueDictionary[tuple[Entry, str, int], Split] = weakref.WeakValueDictionary()
_made_last: deque[Split] = deque(maxlen=4)  # which alone keeps what nobody uses any more


def story(
    specification: Mapping[str, Any], folder: Path | None = None, kind: TargetKind | None = None
) -> tuple[str, ...]:
    """Sentences on what is read of the file that a data block names; see `DataSpecification.story`."""
    return check(specification, kind).story(folder)


def check(specification: Mapping[str, Any], kind: TargetKind | None = None) -> DataSpecification:
    """Whether a data block can be meant: the set exists, its options exist and have values that are allowed. Files are
    not looked at. Raises InvalidValue, with a path that begins in the block.

    kind: what the targets of a file must be, which decides where they could be several things
    """
    if not isinstance(specification, Mapping):
        such = f", as in `{{name: {specification}}}`" if isinstance(specification, str) else ""
        raise InvalidValue((), f"{shown(specification)} is not allowed here: it must be a block of `key: value`{such}.")
    sets, formats = named_sets(), file_formats()
    keys = ["name", *formats]
    given = [key for key in keys if key in specification]
    if given == ["boxes", "images"]:  # the images that the boxes are in
        given = ["boxes"]
    if not given:
        known = {option for entry in formats.values() for option in entry.options.model_fields}
        for key in specification:
            if str(key).lower() in _FOLDER:
                problem = (
                    f"unknown key {shown(key)}; a folder of images is `images` here: `images: {specification[key]}`."
                )
                raise InvalidValue((key,), problem, at_key=True)
            if str(key).lower() in _FILE:
                kinds = ", ".join(each for each in formats if each != "csv")
                problem = f"unknown key {shown(key)}; the key says what the file is: csv (any table), {kinds}."
                raise InvalidValue((key,), problem, at_key=True)
            if key in known:  # what it is an option of is not said; it is no misspelt name
                continue
            if close := difflib.get_close_matches(str(key), keys, n=1):
                raise InvalidValue((key,), f"unknown key {shown(key)}; did you mean {close[0]}?", at_key=True)
        raise InvalidValue((), f"it is not said which data: one of the keys {', '.join(keys)} must be given.")
    if len(given) > 1:
        message = f"{given[0]} and {given[1]} exclude each other: data come from one place."
        raise InvalidValue((given[1],), message, at_key=True)
    if given != ["name"]:
        entry = formats[given[0]]
        options = validated(entry.options, specification)
        # Whole numbers look like classes; they are meant as values where values are asked for.
        if kind in ("values", "labels") and getattr(options, "kind", "") is None:
            options = options.model_copy(update={"kind": kind})
        return DataSpecification(entry, options)
    name = specification["name"]
    if not isinstance(name, str) or name not in sets:
        raise InvalidValue(("name",), f"unknown data set {shown(name)}; {nearest(name, sets)}.")
    entry = sets[name]
    return DataSpecification(entry, validated(entry.options, {k: v for k, v in specification.items() if k != "name"}))


def load(
    specification: Mapping[str, Any], seed: int, folder: Path | None = None, kind: TargetKind | None = None
) -> Split:
    """The examples that a data block asks for, split and prepared.

    seed:   of the run; `seed` in the block goes before it
    folder: where relative paths begin, the scenario's folder (None: the current one)
    kind:   see `check`

    The same block, seed and files give the same numbers. Raises InvalidValue, with a path that begins in the block,
    if the block or a file that it names cannot be used.
    """
    return check(specification, kind).load(seed, folder)
